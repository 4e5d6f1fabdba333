"""The Parameter Store's versions of one parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vestibule.platform.aws import AwsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "/vestibule/test/unsubscribe"


class InMemoryParameter:
    """Keeps the promise of `Parameters` in vestibule.mail.unsubscribe, for the parameter NAME."""

    def __init__(self, *values: str) -> None:
        self.values = list(values or ("k" * 43,))
        self.forgotten: set[int] = set()
        self.asked: list[str] = []

    def call(
        self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        assert operation == "GetParameter"
        assert payload["WithDecryption"] is True
        name, _, selector = payload["Name"].partition(":")
        assert name == NAME
        self.asked.append(payload["Name"])
        version = int(selector or len(self.values))
        if version in self.forgotten or not 1 <= version <= len(self.values):
            raise AwsRefused("ssm", operation, code="ParameterVersionNotFound")
        return {"Parameter": {"Value": self.values[version - 1], "Version": version}}
