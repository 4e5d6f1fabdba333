"""Deploys to an AWS account: packages, plans, refuses what loses data, applies, writes down."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vestibule_cli import package, stack
from vestibule_cli.deploy import advice, backend, changes, tree
from vestibule_cli.deploy.children import Children
from vestibule_cli.deploy.terraform import Command, Report, Terraform, TerraformError
from vestibule_cli.deploy.user_pools import Rules
from vestibule_cli.deployments import Deployed, Deployments
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.project import stack_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Final

    from vestibule_cli.account import Account
    from vestibule_cli.deploy.changes import Changes
    from vestibule_cli.deployments import Name
    from vestibule_cli.stack import Stack

# A resource that is being made is finished first: CloudFront and a table's copy take minutes.
PATIENCE: Final = 1800.0
_STATE: Final = "terraform.tfstate"
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_LOSS: Final = (
    "Find out which setting asks for it: docs/deploy.md tells what cannot be changed later. "
    "Destroying on purpose: `vestibule deploy destroy`."
)
_RULES: Final = (
    "infra/checks/README.md tells what each rule is for. To let one pass, say why: "
    "--except RULE=REASON."
)
_NO_STATE: Final = ("No state file was found", "Backend initialization required")


class Refused(Failure):
    """A plan that would lose data or break a rule for user pools. Its text is for the person."""


@dataclass(frozen=True)
class Asked:
    """What the options say of a deployment. Paths are the person's own."""

    var_files: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    backend: tuple[str, ...] = ()
    local_state: bool = False
    package: Path | None = None
    region: str | None = None
    exceptions: tuple[str, ...] = ()
    """Rules for user pools to let pass, as RULE=REASON."""


@dataclass(frozen=True)
class Cloud:
    """One deployment in one account."""

    name: Name
    account: Account
    stack: Stack
    deployments: Deployments
    asked: Asked = field(default_factory=Asked)
    report: Report = lambda _line: None
    children: Children = field(default_factory=lambda: Children(PATIENCE))
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @classmethod
    def of(cls, name: Name, account: Account, **options: Any) -> Cloud:
        options.setdefault("deployments", Deployments.chosen())
        return cls(name, account, stack.load(stack_file()), **options)

    @property
    def title(self) -> str:
        """What everything's name begins with, for example vestibule-dev-pr12."""
        return self.stack.resource(str(self.name))

    def plan(self) -> tuple[Terraform, Path, Changes]:
        """Plan an apply. Raise Refused if data would be lost, TerraformError if it cannot be."""
        rules = Rules.of(self.stack.root, self.name.environment, self.asked.exceptions)
        self._refuse_other_account()
        self._refuse_other_region()
        terraform = self._prepared()
        file = self.deployments.folder(self.name) / "apply.tfplan"
        variables = self._variables(self._package())
        try:
            with self._told():
                planned = terraform.plan(file, *variables)
            return terraform, file, changes.read(planned, rules.broken(planned))
        except BaseException:
            file.unlink(missing_ok=True)  # it may hold what no file should
            raise

    def apply(
        self,
        planned: tuple[Terraform, Path, Changes],
        tell: Callable[[Changes], None] = lambda _wanted: None,
    ) -> Deployed:
        """Tell what was planned, do it, save the outputs and return them.

        Raise Refused as `refuse` does.
        """
        terraform, file, wanted = planned
        try:
            tell(wanted)
            refuse(wanted)
            if wanted.all:
                with self._told("Run it again when that is mended: it goes on with what is there."):
                    terraform.apply_plan(file)
        finally:
            file.unlink(missing_ok=True)  # as above
        return self._saved(terraform)

    def drift(self) -> Changes:
        """What an apply would change now. Nothing is written down."""
        _terraform, file, found = self.plan()
        file.unlink(missing_ok=True)
        return found

    def outputs(self) -> Deployed:
        """Read the outputs from Terraform's state, and save them."""
        terraform = self._prepared()
        with self._told():
            return self._saved(terraform)

    def destroy(self, yes_delete_data: str | None) -> None:
        """Destroy all of it, data included, if that is certain to be meant."""
        if yes_delete_data != self.title:
            raise Misuse(
                f"this destroys {self.title} with everybody's accounts and data, for good. "
                f"If that is meant: --yes-delete-data {self.title}"
            )
        self._refuse_other_account()
        # There it would find nothing, forget what is here, and report it destroyed.
        self._refuse_other_region()
        terraform = self._prepared(lifted=True)
        variables = self._variables(self._no_package())
        with self._told("Run it again when that is mended: it goes on with what is left."):
            protected = self._protected(terraform)
            if protected:
                self.report("Taking back the protection of what holds data ...")
                targets = [f"-target={address}" for address in protected]
                terraform.apply(*variables, *targets)
            self.report("Destroying everything ...")
            terraform.destroy(*variables)
        self.deployments.forget(self.name)

    def _prepared(self, *, lifted: bool = False) -> Terraform:
        """Terraform, ready to plan. `lifted`: on a copy of the tree that may be destroyed."""
        command = Command.find(self.environment)
        folder = self.deployments.folder(self.name)
        state = folder / _STATE
        local = self.asked.local_state
        shared = [] if local else backend.remote(self.stack, self.name, self.asked.backend)
        local = local or (not shared and state.exists())
        if local:
            self.report(backend.notice(state))
        elif not shared:
            raise backend.missing(self.name)
        root = self.stack.root / "infra"
        if local or lifted:
            root = tree.copy(
                self.stack,
                folder / "tree",
                lift_protection=lifted,
                local_state=local,
                unprotect=lifted,
            )
        data = folder / ("data-of-copy" if local or lifted else "data")
        terraform = Terraform(
            command, root, data, self._process_environment(), self.report, self.children
        )
        with self._told():
            settings = [f"path={state}"] if local else shared
            terraform.init("-reconfigure", *(f"-backend-config={each}" for each in settings))
        return terraform

    def _var_files(self) -> list[Path]:
        if self.asked.var_files:
            return [path.resolve() for path in self.asked.var_files]
        usual = self.stack.root / "infra" / "environments" / f"{self.name.environment}.tfvars"
        return [usual] if usual.is_file() else []

    def _variables(self, package_path: Path) -> list[str]:
        region = [f"-var=region={self.asked.region}"] if self.asked.region else []
        return [
            *(f"-var-file={path}" for path in self._var_files()),
            *(f"-var={each}" for each in self.asked.variables),
            f"-var=environment={self.name.environment}",
            f"-var=environment_suffix={self.name.suffix}",
            f"-var=package_path={package_path}",
            *region,
        ]

    def _package(self) -> Path:
        """The zip for the runtime that the variables ask for, built if it is not given."""
        if self.asked.package is not None:
            return self.asked.package.resolve()
        runtime = self.stack.runtime
        python = (self._setting("runtime") or f"python{runtime.python}").removeprefix("python")
        target = package.Target(python, self._setting("architecture") or runtime.architecture)
        name = f"vestibule-python{target.python}-{target.architecture}.zip"
        built = package.build(target, self.stack.root / "build" / name, root=self.stack.root)
        for warning in built.warnings:
            self.report(warning)
        self.report(f"The package: {built.path.name}, {built.size / 1_000_000:.2f} MB.")
        return built.path

    def _no_package(self) -> Path:
        """What stands for the zip where none is needed: the variable wants a file."""
        path = self.deployments.folder(self.name) / "none.zip"
        path.touch()
        return path

    def _setting(self, name: str) -> str | None:
        """A plain text variable, from the last place that gives it."""
        found = None
        for path in self._var_files():
            try:
                text = path.read_text(encoding="utf-8")
            except OSError as error:
                raise Misuse(f"{path} cannot be read: {error.strerror}") from error
            for value in re.findall(rf'^{name}\s*=\s*"([^"]*)"', text, re.MULTILINE):
                found = value
        for each in self.asked.variables:
            if each.startswith(f"{name}="):
                found = each.partition("=")[2]
        return found

    def _protected(self, terraform: Terraform) -> list[str]:
        try:
            addresses = terraform.addresses()
        except TerraformError as error:
            if any(words in str(error) for words in _NO_STATE):
                return []
            raise
        kinds = {*changes.HOLDS_DATA, *tree.HELD_BACK}
        return [each for each in addresses if _kind(each) in kinds]

    def _saved(self, terraform: Terraform) -> Deployed:
        with self._told():
            made = terraform.outputs()
        deployed = Deployed.of(made, self.stack.parameter(str(self.name), "policy"))
        self.deployments.save(self.name, deployed)
        return deployed

    def _refuse_other_account(self) -> None:
        known = self.deployments.find(self.name)
        if known is not None and known.account_id != self.account.id:
            raise Misuse(
                f"these credentials open account {self.account.id}, and {self.name} is deployed in "
                f"account {known.account_id}. Name another profile with --aws-profile, or, if it "
                f"has moved, delete {self.deployments.file(self.name)}."
            )

    def _refuse_other_region(self) -> None:
        known = self.deployments.find(self.name)
        wanted = self.asked.region or self._setting("region")
        if known is not None and wanted is not None and wanted != known.region:
            raise Misuse(
                f"{self.name} is deployed in {known.region}, and this says {wanted}: a deployment "
                "cannot move. Give the new one another environment or suffix."
            )

    def _process_environment(self) -> dict[str, str]:
        profile = self.account.profile
        if profile is None:
            return dict(self.environment)
        # Keys in the environment would come before the profile that was asked for.
        kept = {name: value for name, value in self.environment.items() if name not in _KEYS}
        return {**kept, "AWS_PROFILE": profile}

    @contextmanager
    def _told(self, next_step: str = "") -> Iterator[None]:
        """Add what to do to what Terraform says."""
        try:
            yield
        except TerraformError as error:
            text = str(error)
            if addresses := advice.protected(text):
                sentences = (f"{each} would be destroyed or replaced" for each in addresses)
                raise Refused(_refusal(sentences)) from error
            lines = [text, *advice.about(text), next_step]
            raise type(error)("\n".join(filter(None, lines))) from error


def refuse(wanted: Changes) -> None:
    """Raise Refused for a plan that would lose data, or breaks a rule for user pools."""
    if wanted.refused:
        raise Refused(_refusal(wanted.refused))
    if wanted.findings:
        raise Refused(_refusal(map(str, wanted.findings), _RULES))


def _refusal(sentences: Iterable[str], advice: str = _LOSS) -> str:
    lines = [f"refused: {each.rstrip('.')}." for each in sentences]
    return "\n".join([*lines, f"Nothing was changed. {advice}"])


def _kind(address: str) -> str:
    """The type of a resource, by an address such as module.a["x.y"].aws_s3_bucket.this[0]."""
    found = re.search(r"(?:^|\.)([a-z0-9_]+)\.[A-Za-z0-9_-]+(?:\[[^\]]*\])?$", address)
    return found.group(1) if found else ""
