"""Events and arrivals with defaults, and what stands around `EnsureUser` in a test."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.people import address, new_sub
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.policy.model import Policy
from vestibule.profiles import items
from vestibule.triggers.arrival import Arrival
from vestibule.triggers.arrival_store import TableArrivals
from vestibule.triggers.ensure_user import EnsureUser
from vestibule.triggers.events import Event

if TYPE_CHECKING:
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

POOL = "us-east-1_aBcDeFgHi"
CLIENT = "1example23456789"
NOW = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
POLICY = Policy(public_mail_domains=frozenset({"mail.test"}))


class FixedPolicies:
    """Keeps the promise of `Policies`."""

    def __init__(self, policy: Policy = POLICY, *, is_certain: bool = True) -> None:
        self.policy = policy
        self.is_certain = is_certain

    def current(self) -> Policy:
        return self.policy


class Backlog:
    """Keeps the promise of `Backlog`, in a list."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.arrivals: list[Arrival] = []
        self.is_away = is_away

    def send(self, arrival: Arrival) -> None:
        if self.is_away:
            raise AwsUnavailable("sqs", "SendMessage")
        self.arrivals.append(arrival)


def fixed(moment: datetime = NOW) -> Clock:
    return lambda: moment


def raw(
    source: str,
    *,
    user_id: str | None = None,
    attributes: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
    response: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Write an event as Cognito does, of somebody with a proven address unless told otherwise."""
    sub = user_id or new_sub()
    told = {
        "sub": sub,
        "email_verified": "true",
        "cognito:user_status": "CONFIRMED",
        "email": address(),
        "name": "Jo Doe",
        **(attributes or {}),
    }
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": POOL,
        "userName": told["sub"] or sub,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "request": {
            "userAttributes": {name: text for name, text in told.items() if text is not None},
            **(request or {}),
        },
        "response": response or {},
        **members,
    }


def event(source: str, **members: Any) -> Event:
    return Event.parse(copy.deepcopy(raw(source, **members)))


def arrival(user_id: str | None = None, **fields: Any) -> Arrival:
    plain = Arrival(
        user_id=user_id or new_sub(),
        door="PostConfirmation_ConfirmSignUp",
        at=timestamp(NOW),
        email=address(),
        email_verified=True,
        name="Jo Doe",
    )
    return replace(plain, **fields)


def ensuring(
    table: Table,
    policy: Policy = POLICY,
    backlog: Backlog | None = None,
    clock: Clock | None = None,
) -> EnsureUser:
    return EnsureUser(
        TableArrivals(table), FixedPolicies(policy), backlog or Backlog(), clock or fixed()
    )


def everything_of(table: Table, user_id: str) -> dict[str, Item]:
    """Give all that lies in somebody's partition, activities under the name of their type."""
    found = table.query(items.person_key(user_id), consistent=True).items
    return {
        f"ACTIVITY {item['type']}" if item["sk"].startswith("ACTIVITY#") else item["sk"]: item
        for item in found
    }


def activities(table: Table, user_id: str, kind: str = "signup") -> list[Item]:
    found = table.query(items.person_key(user_id), sk_prefix="ACTIVITY#", consistent=True).items
    return [item for item in found if item["type"] == kind]
