"""Provisions the laptop's stack by Terraform: the tree that deploys, applied to the emulator."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestibule_cli.aws import AwsRefused
from vestibule_cli.deploy import tree
from vestibule_cli.deploy.children import Children
from vestibule_cli.deploy.terraform import Command, Report, Terraform, TerraformError
from vestibule_cli.local.emulator import ACCOUNT_ID, ROOT_CREDENTIALS
from vestibule_cli.local.provision import functions, mail, root, secrets
from vestibule_cli.outputs import Outputs

if TYPE_CHECKING:
    from vestibule_cli.local.state import StateFolder
    from vestibule_cli.stack import Stack

# What terraform and its provider need of a person's environment; AWS settings are not among it.
_KEPT = (
    "HOME",
    "LANG",
    "PATH",
    "TMPDIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TF_CLI_CONFIG_FILE",
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_PLUGIN_CACHE_DIR",
    "XDG_DATA_HOME",
)


def apply(  # noqa: PLR0913 - facts of the place
    state: "StateFolder",
    stack: "Stack",
    package: Path,
    endpoint_url: str,
    *,
    site_url: str,
    user_service_url: str = "",
    region: str = "us-east-1",
    environment: str = "local",
    outer_environment: Mapping[str, str] = os.environ,
    report: Report = lambda _line: None,
    children: Children | None = None,
) -> Outputs:
    """Make the emulator what the Terraform tree says; raise TerraformError if that fails.

    `outer_environment` is the person's, which a running emulator has put aside.
    """
    place = EmulatorTree(
        state,
        stack,
        endpoint_url,
        region=region,
        environment=environment,
        outer_environment=outer_environment,
        site_url=site_url,
        user_service_url=user_service_url,
        children=children,
    )
    place.refuse_foreign_stack()
    return place.outputs(place.apply(package, report))


class EmulatorTree:
    """The copied tree and Terraform's state of one stack on one emulator."""

    def __init__(  # noqa: PLR0913 - facts of the place
        self,
        state: "StateFolder",
        stack: "Stack",
        endpoint_url: str,
        *,
        region: str,
        environment: str,
        outer_environment: Mapping[str, str],
        site_url: str = "",
        user_service_url: str = "",
        children: Children | None = None,
    ) -> None:
        self._children = children or Children()
        self.stack = stack
        self.endpoint_url = endpoint_url
        self.region = region
        self.environment = environment
        self.outer_environment = outer_environment
        self.site_url = site_url
        self.user_service_url = user_service_url
        self.folder = state.root / "terraform"
        self.state_file = self.folder / "terraform.tfstate"
        self._endpoint_file = self.folder / "endpoint"

    def apply(self, package: Path, report: Report, *options: str) -> dict[str, Any]:
        terraform = self.prepared(report)
        self.follow_port()
        # What nobody makes on AWS: there its owner proves an address.
        aws = root(self.endpoint_url, self.region)
        mail.ensure_sender(aws, self.stack.mail.from_address)
        self.remove_forgotten_functions()
        report("terraform apply: the queues and the bucket's rules take it about a minute")
        outputs = terraform.apply(*self.variables(package), *options)
        # On AWS people put theirs there.
        secrets.fill_secrets(aws, self.stack, self.environment)
        self._endpoint_file.write_text(self.endpoint_url, encoding="utf-8")
        return outputs

    def prepared(
        self, report: Report = lambda _line: None, *, lift_protection: bool = True
    ) -> Terraform:
        """Terraform on a fresh copy of the tree, ready to plan."""
        command = Command.find(self.outer_environment)
        folder = tree.copy(self.stack, self.folder / "tree", lift_protection=lift_protection)
        data = self.folder / "data"
        terraform = Terraform(
            command, folder, data, self.process_environment(), report, self._children
        )
        terraform.init("-reconfigure", f"-backend-config=path={self.state_file}")
        return terraform

    def variables(self, package: Path) -> list[str]:
        return [
            "-var-file=environments/emulator.tfvars",
            f"-var=environment={self.environment}",
            f"-var=region={self.region}",
            f"-var=package_path={package.resolve()}",
            f"-var=site_url={self.site_url}",
            f"-var=user_service_url={self.user_service_url}",
            f'-var=mail={{identity="{self.stack.mail.from_address}"}}',
        ]

    def refuse_foreign_stack(self) -> None:
        """Refuse a stack that was made without Terraform: it would be made a second time."""
        if self.state_file.exists() or not self._has_table():
            return
        raise TerraformError(
            "this state holds a stack that was made without Terraform. Empty it with "
            "`vestibule reset`, or name another with --state DIR."
        )

    def outputs(self, made: Mapping[str, Any]) -> Outputs:
        return Outputs.of(
            site_url=self.site_url,
            endpoint_url=self.endpoint_url,
            region=self.region,
            account_id=ACCOUNT_ID,
            stage=self.stack.api.stage,
            rest_api_id=made["api_gateway_id"],
            user_pool_id=made["cognito_user_pool_id"],
            user_pool_client_id=made["cognito_user_pool_client_id"],
            identity_pool_id=made["identity_pool_id"],
            table_name=made["dynamodb_table_name"],
            policy_parameter=self.stack.parameter(self.environment, "policy"),
            functions=made["lambda_function_names"],
            queues=made["queue_urls"],
            bus_name=made["event_bus_name"],
            secrets=made["secret_arns"],
            user_service_url=self.user_service_url,
        )

    def _has_table(self) -> bool:
        name = self.stack.resource(self.environment)
        try:
            root(self.endpoint_url, self.region).json("dynamodb", "DescribeTable", TableName=name)
        except AwsRefused as refusal:
            if refusal.code == "ResourceNotFoundException":
                return False
            raise
        return True

    def remove_forgotten_functions(self) -> None:
        """Delete the functions that an interrupted apply left half made, or did not write down.

        Terraform would create them before it deletes them, because the API's deployment is replaced
        that way, and its provider tries that again for minutes. They hold nothing but code.
        """
        known = self._whole_functions()
        aws = root(self.endpoint_url, self.region)
        for name in functions.function_names(aws, f"{self.stack.resource(self.environment)}-"):
            if name not in known:
                functions.delete_function(aws, name)

    def _whole_functions(self) -> set[str]:
        if not self.state_file.exists():
            return set()
        text = self.state_file.read_text(encoding="utf-8")
        state = json.loads(text) if text.strip() else {}
        return {
            instance["attributes"]["function_name"]
            for resource in state.get("resources", ())
            if resource["type"] == "aws_lambda_function"
            for instance in resource["instances"]
            if instance.get("status") != "tainted"
        }

    def follow_port(self) -> None:
        """Queue URLs hold the emulator's port: a state from another port is told the new one."""
        if not self._endpoint_file.exists() or not self.state_file.exists():
            return
        before = self._endpoint_file.read_text(encoding="utf-8")
        if before != self.endpoint_url:
            text = self.state_file.read_text(encoding="utf-8")
            moved = text.replace(f'"{before}/', f'"{self.endpoint_url}/')
            new = self.state_file.with_suffix(".new")
            new.write_text(moved, encoding="utf-8")
            new.replace(self.state_file)

    def process_environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name in _KEPT
            for each in (name, name.lower())
            if (value := self.outer_environment.get(each)) is not None
        }
        return {
            **kept,
            # A name instead of the number would send S3 to a host of its own for each bucket.
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **{name.upper(): value for name, value in ROOT_CREDENTIALS.items()},
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
