"""Where the rules come from: the live copy in the Parameter Store, else the one in the package."""

from __future__ import annotations

import time

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.policy import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, Protocol

    from vestibule.policy.model import Policy

    class Service(Protocol):
        """The slim client of Systems Manager (`AwsClient("ssm", ...)`)."""

        def call(
            self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
        ) -> dict[str, Any]: ...


log = logs.logger(__name__)
FRESH_SECONDS: Final = 60.0
# After a failed read: soon again, but not at the cost of every sign-in meanwhile.
RETRY_SECONDS: Final = 5.0
# A trigger has 4 seconds for everything.
DEADLINE_SECONDS: Final = 0.7


class PolicyUnread(Exception):
    """The live copy exists, as far as is known, and has never been read: nobody knows the rules."""


class PolicySource:
    """The rules as they are now. `current` never raises: sign-in never fails for a policy."""

    def __init__(
        self,
        ssm: Service | None,
        parameter: str | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a client or a parameter's name the copy in the package is all there is."""
        self._ssm = ssm
        self._parameter = parameter
        self._monotonic = monotonic
        self._policy: Policy | None = None
        self._version: object = None
        self._until = float("-inf")
        self._trouble: str | None = None
        self._is_certain = False

    def current(self) -> Policy:
        """The rules, at most a minute old; while the live copy cannot be read, the last good."""
        if self._policy is None or self._monotonic() >= self._until:
            self._policy = self._read()
        return self._policy

    @property
    def is_certain(self) -> bool:
        """Whether what `current` gave last was ever in force, and not put in for what is not known.

        What such rules decide for good should wait.
        """
        return self._is_certain

    def _read(self) -> Policy:
        if self._ssm is None or not self._parameter:
            self._until = float("inf")
            self._is_certain = True
            return parse.shipped()
        try:
            policy = self._live(self._ssm, self._parameter)
        except parse.PolicyBroken as error:
            return self._fallback("PolicyBroken", str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, people go on signing in
            if isinstance(error, AwsError) and error.code == "ParameterNotFound":
                self._version = None
                return self._good(parse.shipped())
            return self._fallback("PolicyUnavailable", f"{type(error).__name__}: {error}")
        return self._good(policy)

    def _live(self, ssm: Service, name: str) -> Policy:
        answer = ssm.call("GetParameter", {"Name": name}, deadline=DEADLINE_SECONDS)
        parameter = answer.get("Parameter")
        value = parameter.get("Value") if isinstance(parameter, dict) else None
        if not isinstance(value, str):
            raise parse.PolicyBroken("the answer of GetParameter holds no value")
        version = parameter.get("Version") if isinstance(parameter, dict) else None
        if self._policy is None or version is None or version != self._version:
            policy = parse.policy(value)
            self._version = version
            return policy
        return self._policy

    def _good(self, policy: Policy) -> Policy:
        if self._trouble is not None:
            log.info("policy readable again", parameter=self._parameter)
        self._trouble = None
        self._is_certain = True
        self._until = self._monotonic() + FRESH_SECONDS
        return policy

    def _fallback(self, trouble: str, reason: str) -> Policy:
        metrics.count(trouble)
        kept = "last good" if self._is_certain else "shipped"
        if self._trouble != trouble:
            log.error("policy not read", trouble=trouble, reason=reason, used=kept)
        self._trouble = trouble
        self._until = self._monotonic() + RETRY_SECONDS
        return parse.shipped() if self._policy is None else self._policy
