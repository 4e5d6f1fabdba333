from __future__ import annotations

import os

from vestibule.platform.endpoint import Endpoint
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset("0123456789")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """Names every variable that is missing or malformed, one a line, with its rule."""


@frozen
class Settings:
    """What a function is told about the place it runs in."""

    region: str
    endpoint_url: str | None
    table_name: str
    user_pool_id: str
    identity_pool_id: str | None
    environment: str
    version: str
    log_level: str
    metrics_namespace: str
    policy_parameter: str | None
    """The live policy in the Parameter Store; without one the shipped policy holds."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        variables = _Variables(environment)
        settings = cls(
            region=variables.required("AWS_REGION", _is_region, "a region such as us-east-1"),
            endpoint_url=variables.optional("AWS_ENDPOINT_URL", _is_endpoint, _ENDPOINT_RULE),
            table_name=variables.required(
                "TABLE_NAME", _is_table, "3 to 255 of: letters, digits, '-', '_', '.'"
            ),
            user_pool_id=variables.required(
                "USER_POOL_ID", _is_pool("_"), "a user pool's id, such as us-east-1_aBcDeFgHi"
            ),
            identity_pool_id=variables.optional(
                "IDENTITY_POOL_ID", _is_pool(":"), "an identity pool's id, REGION:UUID"
            ),
            environment=variables.required(
                "ENVIRONMENT", _is_slug, "lower-case letters, digits and '-', a letter first"
            ),
            version=variables.optional("SERVICE_VERSION", _is_line, "one line") or "unknown",
            log_level=variables.optional(
                "LOG_LEVEL", _LOG_LEVELS.__contains__, f"one of {', '.join(_LOG_LEVELS)}"
            )
            or "INFO",
            metrics_namespace=variables.optional("METRICS_NAMESPACE", _is_namespace, _NAMES_RULE)
            or "Vestibule",
            policy_parameter=variables.optional(
                "POLICY_PARAMETER", _is_parameter, "a parameter's name from / on"
            ),
        )
        if variables.problems:
            raise SettingsError("\n".join(variables.problems))
        return settings


def together(*reads: Callable[[], Any]) -> list[Any]:
    """Read several settings; raise one SettingsError with the problems of all."""
    values: list[Any] = []
    problems: list[str] = []
    for read in reads:
        try:
            values.append(read())
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))
    return values


def queue_url(environment: Mapping[str, str], name: str) -> str:
    """Raise SettingsError unless the variable of this name holds a queue's URL."""
    variables = _Variables(environment)
    url = variables.required(name, _is_queue, "a queue's URL")
    if variables.problems:
        raise SettingsError(variables.problems[0])
    return url


class _Variables:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def required(self, name: str, accepts: Callable[[str], bool], rule: str) -> str:
        if not self._environment.get(name):
            self.problems.append(f"{name}: is not set; must be {rule}")
        return self.optional(name, accepts, rule) or ""

    def optional(self, name: str, accepts: Callable[[str], bool], rule: str) -> str | None:
        """An empty variable counts as none: Terraform can't leave one out as easily."""
        value = self._environment.get(name) or None
        if value is not None and not accepts(value):
            self.problems.append(f"{name}: must be {rule}, got {value[:60]!r}")
        return value


_ENDPOINT_RULE = "https://HOST[:PORT] without a path, or http:// for this machine's own address"
_NAMES_RULE = "1 to 255 of: letters, digits and '.-_/#:', not beginning with AWS/"


def _consists_of(text: str, *alphabets: str | frozenset[str]) -> bool:
    return text.isascii() and all(
        any(letter in one for one in alphabets) for letter in text.lower()
    )


def _is_region(text: str) -> bool:
    parts = text.split("-")
    return (
        len(parts) >= 3
        and text == text.lower()
        and _consists_of(text, _LETTERS, _DIGITS, "-")
        and parts[-1].isdigit()
    )


def _is_endpoint(text: str) -> bool:
    try:
        Endpoint.parse(text)
    except ValueError:
        return False
    return True


def _is_table(text: str) -> bool:
    return 3 <= len(text) <= 255 and _consists_of(text, _LETTERS, _DIGITS, "-_.")


def _is_pool(separator: str) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        region, _, rest = text.partition(separator)
        return _is_region(region) and bool(rest) and _consists_of(rest, _LETTERS, _DIGITS, "-")

    return accepts


def _is_queue(text: str) -> bool:
    return (
        text.startswith(("https://", "http://"))
        and len(text) <= 1024
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


def _is_slug(text: str) -> bool:
    return (
        text[0] in _LETTERS and text == text.lower() and _consists_of(text, _LETTERS, _DIGITS, "-")
    )


def _is_line(text: str) -> bool:
    return len(text) <= 128 and text.isprintable()


def _is_parameter(text: str) -> bool:
    return (
        len(text) <= 1011 and text.startswith("/") and _consists_of(text, _LETTERS, _DIGITS, ".-_/")
    )


def _is_namespace(text: str) -> bool:
    return (
        len(text) <= 255
        and not text.startswith("AWS/")
        and _consists_of(text, _LETTERS, _DIGITS, ".-_/#:")
    )
