"""What functions log, as a person reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from vestibule_cli.console import printable

PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ")
METRIC = "_aws"
# Shown in places of their own, or of no use to a person.
APART = frozenset({"time", "level", "message", "logger", "stack"})
INDENT = "    "


class Kind(Enum):
    """Whose a line is: the function's own, a metric's in CloudWatch's format, or Lambda's."""

    SAID = "said"
    METRIC = "metric"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Line:
    time: int
    """Milliseconds since 1970, as the log has it."""
    function: str
    message: str

    @property
    def kind(self) -> Kind:
        if self.message.startswith(PLATFORM):
            return Kind.PLATFORM
        return Kind.METRIC if METRIC in self._content() else Kind.SAID

    def as_dict(self) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self.time / 1000, UTC).isoformat(timespec="milliseconds")
        return {
            "time": moment.replace("+00:00", "Z"),
            "function": self.function,
            "message": self.message,
        }

    def __str__(self) -> str:
        content = self._content()
        if "message" not in content:
            return self._shown("", self.message)
        fields = " ".join(
            f"{name}={_value(value)}" for name, value in content.items() if name not in APART
        )
        told = f"{content['message']}  {fields}".rstrip()
        stack = str(content.get("stack", "")).rstrip()
        return self._shown(str(content.get("level", "")), f"{told}\n{stack}".rstrip())

    def _shown(self, level: str, text: str) -> str:
        first, *rest = (printable(line.replace("\t", "  ")) for line in text.split("\n"))
        # The person's own clock: they have just done what is logged.
        moment = datetime.fromtimestamp(self.time / 1000).astimezone()
        head = f"{moment:%H:%M:%S}.{self.time % 1000:03d} {level:<7} {self.function}"
        return "\n".join([f"{head}  {first}", *(f"{INDENT}{line}" for line in rest)])

    def _content(self) -> dict[str, Any]:
        """The members of a line of JSON; nothing for another one."""
        if not self.message.startswith("{"):
            return {}
        try:
            content = json.loads(self.message)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


def _value(value: object) -> str:
    if isinstance(value, str) and value and " " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)
