"""The rules for user pools, which stand in infra/checks for any project, on a plan of this one."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Protocol

from vestibule.platform.values import frozen
from vestibule_cli.failures import Failure, Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType
    from typing import Final

POOL: Final = "aws_cognito_user_pool"
SCRIPT: Final = ("infra", "checks", "user_pool.py")
# Nobody may except it: a plan that loses a pool is refused whatever is said.
_TOLD_ALREADY: Final = "pool-replaced"
_PRODUCTION: Final = "prod"
_MODULE: Final = "vestibule_infra_checks_user_pool"


class Finding(Protocol):
    """What the script tells of a rule that a plan breaks, and as text what a person reads."""

    address: str
    rule: str
    says: str


@frozen
class Rules:
    """All of them but those that somebody let pass, with a reason."""

    checks: Any
    passed: frozenset[str]
    is_production: bool

    @classmethod
    def of(cls, root: Path, environment: str, exceptions: Sequence[str]) -> Rules:
        """Raise Misuse for an exception that names no rule or no reason."""
        checks = _loaded(root.joinpath(*SCRIPT))
        try:
            reasons = checks.Exceptions.parse(exceptions).reasons
        except checks.Unusable as error:
            raise Misuse(str(error)) from None
        if _TOLD_ALREADY in reasons:
            raise Misuse(f"--except {_TOLD_ALREADY}: a plan that loses a pool is never applied.")
        passed = frozenset({*reasons, _TOLD_ALREADY})
        return cls(checks, passed, environment.startswith(_PRODUCTION))

    def broken(self, plan: Mapping[str, Any]) -> tuple[Finding, ...]:
        """By a plan, as `terraform show -json` tells it; none if it holds no pool."""
        if not any(_is_pool(each) for each in plan.get("resource_changes", ())):
            return ()
        try:
            read = self.checks.read(plan, production=self.is_production)
        except self.checks.Unusable as error:
            raise Failure(f"the rules for user pools cannot be checked: {error}") from None
        return tuple(each for each in self.checks.check(read) if each.rule not in self.passed)


def _is_pool(resource: Mapping[str, Any]) -> bool:
    return resource["type"] == POOL and resource.get("mode") == "managed"


def _loaded(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, script)
    if spec is None or spec.loader is None or not script.is_file():
        raise Failure(f"{script} is not there: without it no rule for user pools can be checked.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
