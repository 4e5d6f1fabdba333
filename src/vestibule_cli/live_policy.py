"""The live policy: a parameter of Systems Manager that functions re-read every minute."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from vestibule.platform.aws import AwsClient, AwsRefused
from vestibule_cli.failures import Misuse
from vestibule_cli.target import Target

# The Parameter Store's limits, in bytes. The second tier costs a few cents a month.
STANDARD, ADVANCED = 4096, 8192


class PolicyTooLarge(Misuse):
    """More than a parameter holds. The text is for the person."""


@dataclass(frozen=True)
class Size:
    bytes: int

    @property
    def tier(self) -> str:
        return "Standard" if self.bytes <= STANDARD else "Advanced"

    def __str__(self) -> str:
        return (
            f"{self.bytes:,} bytes of the {STANDARD:,} that a parameter holds for nothing"
            if self.bytes <= STANDARD
            else f"{self.bytes:,} bytes, over the {STANDARD:,} that a parameter holds for nothing: "
            f"the advanced tier (up to {ADVANCED:,}) costs a few cents a month"
        )


def size(text: str) -> Size:
    """Raise PolicyTooLarge for what no parameter can hold."""
    found = Size(len(text.encode()))
    if found.bytes > ADVANCED:
        raise PolicyTooLarge(
            f"the policy is {found.bytes:,} bytes, and a parameter holds {ADVANCED:,}. Block a "
            "provider's domain instead of the names below it, and leave out what has no users here"
        )
    return found


@dataclass(frozen=True)
class Found:
    version: int
    pushed_at: str
    content: Any


class LivePolicy:
    """The parameter of one stack."""

    def __init__(self, ssm: AwsClient, name: str) -> None:
        self._ssm = ssm
        self.name = name

    @classmethod
    def of(cls, target: Target) -> Self:
        return cls(target.client("ssm"), target.outputs.policy_parameter)

    def find(self) -> Found | None:
        """What was pushed last, or None."""
        try:
            parameter = self._ssm.call("GetParameter", {"Name": self.name})["Parameter"]
        except AwsRefused as error:
            if error.code != "ParameterNotFound":
                raise
            return None
        moment = datetime.fromtimestamp(float(parameter["LastModifiedDate"]), UTC)
        return Found(
            version=int(parameter["Version"]),
            pushed_at=moment.isoformat(timespec="seconds"),
            content=_content(parameter["Value"]),
        )

    def push(self, text: str) -> int:
        """Make it live; return the parameter's new version."""
        size(text)
        answer = self._ssm.call(
            "PutParameter",
            {
                "Name": self.name,
                "Description": "Rules of signing up and in. Written by `vestibule policy push`.",
                "Type": "String",
                # Standard while it fits, Advanced beyond; an advanced one never goes back.
                "Tier": "Intelligent-Tiering",
                "Value": text,
                "Overwrite": True,
            },
        )
        return int(answer["Version"])


def _content(value: str) -> Any:
    """As pushed; as text, if somebody else put something there that is no JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value
