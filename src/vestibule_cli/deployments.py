"""What is known of the deployments on AWS: a file of outputs for each, written by `deploy`.

They are facts, no secrets; what deploys to AWS holds the truth, these save asking it each time.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vestibule.platform.values import frozen
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import stack_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

VARIABLE: Final = "VESTIBULE_DEPLOYMENTS"
# `vestibule reset` leaves it: a trial's state may lie here, by which alone it can be destroyed.
DEFAULT: Final = Path(".vestibule", "deployments")
_ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9]{1,9}")
_SUFFIX: Final = re.compile(r"(-[a-z0-9]{1,9})?")
_PRIVATE: Final = 0o700


@frozen
class Name:
    """An environment and its suffix, which tells several of one environment apart."""

    environment: str
    suffix: str = ""

    def __post_init__(self) -> None:
        """Raise Misuse for what Terraform would refuse: it becomes a part of paths, too."""
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise Misuse(
                "--environment must be 2 to 10 lower-case letters and digits, a letter first, "
                f"got {self.environment!r}"
            )
        if not _SUFFIX.fullmatch(self.suffix):
            raise Misuse(
                "--environment-suffix must be a dash and 1 to 9 lower-case letters and digits, "
                f"got {self.suffix!r}"
            )

    def __str__(self) -> str:
        return f"{self.environment}{self.suffix}"

    def options(self) -> str:
        """As they are given to a command."""
        suffix = f" --environment-suffix={self.suffix}" if self.suffix else ""
        return f"--environment {self.environment}{suffix}"


@frozen
class Deployed:
    """What Terraform gave out, and what it does not say by itself."""

    made: Mapping[str, Any]
    policy_parameter: str
    saved_at: str

    @classmethod
    def of(cls, made: Mapping[str, Any], policy_parameter: str) -> Self:
        """Raise Failure for outputs that are not this stack's, or not all of them."""
        missing = [name for name in _NEEDED if not made.get(name)]
        if missing:
            raise Failure(
                f"Terraform's state has no output {missing[0]}: nothing is deployed there yet, or "
                "only a part. `vestibule deploy apply` goes on with it."
            )
        return cls(made, policy_parameter, datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def account_id(self) -> str:
        return str(self.made["dynamodb_table_arn"]).split(":")[4]

    @property
    def region(self) -> str:
        return str(self.made["primary_region"])

    def outputs(self, endpoint_url: str = "") -> Outputs:
        """As commands take them. `endpoint_url` is where an emulator plays AWS."""
        made = self.made
        pool = made["cognito_user_pool_id"]
        invoke_url = str(made["api_gateway_invoke_url"]).rstrip("/")
        signed_url = str(made["signed_url"])
        keys = f"https://cognito-idp.{self.region}.amazonaws.com/{pool}"
        if endpoint_url:
            stage = invoke_url.rpartition("/")[2]
            invoke_url = f"{endpoint_url}/restapis/{made['api_gateway_id']}/{stage}/_user_request_"
            signed_url = f"{invoke_url}/signed"
            keys = f"{endpoint_url}/{pool}"
        return Outputs(
            site_url=str(made.get("site_url") or ""),
            # The gateway's own: it answers whatever stands before it.
            api_url=invoke_url,
            signed_url=signed_url,
            inbox_url="",
            aws_endpoint_url=endpoint_url,
            region=self.region,
            account_id=self.account_id,
            user_pool_id=pool,
            user_pool_client_id=made["cognito_user_pool_client_id"],
            identity_pool_id=made["identity_pool_id"],
            rest_api_id=made["api_gateway_id"],
            table_name=made["dynamodb_table_name"],
            policy_parameter=self.policy_parameter,
            jwks_url=f"{keys}/.well-known/jwks.json",
            functions=dict(made["lambda_function_names"]),
            queues=dict(made["queue_urls"]),
            bus_name=str(made.get("event_bus_name") or ""),
            secrets=dict(made.get("secret_arns") or {}),
            user_service_url=str(made.get("user_service_url") or ""),
        )


_NEEDED: Final = (
    "api_gateway_id",
    "api_gateway_invoke_url",
    "cognito_user_pool_client_id",
    "cognito_user_pool_id",
    "dynamodb_table_arn",
    "dynamodb_table_name",
    "identity_pool_id",
    "lambda_function_names",
    "primary_region",
    "queue_urls",
    "signed_url",
)


class Deployments:
    """The folder of what is known, beside stack.yaml or where VESTIBULE_DEPLOYMENTS says."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @classmethod
    def chosen(cls, environment: Mapping[str, str] = os.environ) -> Self:
        named = environment.get(VARIABLE)
        return cls(Path(named).expanduser() if named else stack_file().parent / DEFAULT)

    def file(self, name: Name) -> Path:
        return self.root / f"{name}.json"

    def folder(self, name: Name) -> Path:
        """Where what Terraform downloads and plans for it lies; made if it is not there."""
        folder = self.root / str(name)
        self._make(folder)
        return folder

    def find(self, name: Name) -> Deployed | None:
        """What was saved last; None if nothing was. Raise Failure for what cannot be read."""
        path = self.file(name)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Deployed(content["outputs"], content["policyParameter"], content["savedAt"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Failure(
                f"{path} is damaged. `vestibule deploy outputs {name.options()}` writes it anew."
            ) from error

    def save(self, name: Name, deployed: Deployed) -> None:
        self._make(self.root)
        content = {
            "environment": name.environment,
            "environmentSuffix": name.suffix,
            "savedAt": deployed.saved_at,
            "policyParameter": deployed.policy_parameter,
            "outputs": dict(deployed.made),
        }
        draft = self.file(name).with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.file(name))

    def forget(self, name: Name) -> None:
        self.file(name).unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
            folder.mkdir(exist_ok=True, mode=_PRIVATE)
        except OSError as error:
            raise Failure(
                f"the folder {folder} cannot be made ({error.strerror}): name another by {VARIABLE}"
            ) from error
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
