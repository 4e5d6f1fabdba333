"""The sample user service of a stack: its switches, what it counts, whom it knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vestibule_cli.demo.calls import call

USERS = "/api/v1/users"
MOST = 1000


@dataclass(frozen=True)
class Known:
    sub: str
    email: str
    at: float
    """Seconds since 1970."""


class Service:
    def __init__(self, url: str) -> None:
        self._url = url
        self._control = f"{url.removesuffix(USERS)}/control"

    def turn(self, **switches: Any) -> None:
        answer = call("PUT", self._control, body=switches)
        if answer.status != 200:
            raise ValueError(f"{switches}: {answer.body}")

    def mend(self) -> None:
        """Turn every switch back."""
        call("DELETE", self._control)

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = call("GET", self._control).body["counts"]
        return counts

    def known(self) -> list[Known]:
        """Everybody it has stored. It lists a thousand at most."""
        listed = call("GET", f"{self._url}?limit={MOST}").body
        if listed["total"] > MOST:
            raise ValueError(f"{listed['total']} people are more than it lists")
        return [
            Known(
                one["cognitoSub"],
                one["email"],
                datetime.fromisoformat(one["createdAt"]).timestamp(),
            )
            for one in listed["users"]
        ]
