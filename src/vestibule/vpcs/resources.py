"""What a VPC is made of at EC2, how it is tagged, and what the builder asks of EC2."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    class Ec2(Protocol):
        """One region. Threads may share it. All of it raises Ec2Error's leaves."""

        def find(
            self, kind: str, *, tags: Mapping[str, str] | None = None, vpc_id: str | None = None
        ) -> list[Resource]:
            """Give what has all these tags (`*` for any value) and lies in that VPC.

            EC2 shows what was just made some seconds late, and what was deleted for a while.
            """

        def create(
            self, kind: str, tags: Mapping[str, str], *, token: str = "", **settings: str
        ) -> Resource:
            """Make one, tagged from the start. Uncertain: look before making it again."""

        def alter(self, action: str, **settings: str) -> None:
            """Do what may be done twice: AlreadyDone or NotFound tell that it was."""

        def delete(self, kind: str, resource_id: str) -> None:
            """Raise NotFound when it is gone already, InUse while something hangs on it."""


VPC = "vpc"
SUBNET = "subnet"
INTERNET_GATEWAY = "internet-gateway"
ROUTE_TABLE = "route-table"
NAT_GATEWAY = "nat-gateway"
ADDRESS = "address"
MADE_KINDS = (VPC, SUBNET, INTERNET_GATEWAY, ROUTE_TABLE, NAT_GATEWAY, ADDRESS)

NETWORK_INTERFACE = "network-interface"
INSTANCE = "instance"
SECURITY_GROUP = "security-group"
ENDPOINT = "vpc-endpoint"
INSIDE_KINDS = (INSTANCE, NETWORK_INTERFACE, ENDPOINT, SECURITY_GROUP)

ID_TAG = "vestibule:vpc"
ENVIRONMENT_TAG = "vestibule:environment"
PART_TAG = "vestibule:part"
ANY = "*"


@frozen
class Resource:
    """Something at EC2, as it was described; `facts` depend on its kind."""

    kind: str
    id: str
    tags: Mapping[str, str]
    state: str = ""
    vpc_id: str = ""
    facts: Mapping[str, Any] = {}

    @property
    def part(self) -> str:
        return self.tags.get(PART_TAG, "")

    @property
    def owner(self) -> str:
        """The id of the record it was made for; empty for what is not ours."""
        return self.tags.get(ID_TAG, "")

    @property
    def is_gone(self) -> bool:
        return self.state in {"deleted", "deleting", "failed", "terminated"}


class Ec2Error(Exception):
    """A call that did not do what it should."""

    def __init__(self, operation: str, code: str = "", message: str = "") -> None:
        super().__init__(f"{operation}: {code or type(self).__name__}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Throttled(Ec2Error):
    """Too many calls: nothing was done, later it may be."""


class Postponed(Ec2Error):
    """Not now: our credentials, our clock, or a change under way spoke against it.

    Nothing was done; it says nothing about whether it can be.
    """


class Unreachable(Ec2Error):
    """Nobody has seen the call, or a read failed: nothing was done."""


class Uncertain(Ec2Error):
    """No usable answer to a write: it may have been done."""


class NotFound(Ec2Error):
    """What the call names is not there, or not yet to be seen."""


class AlreadyDone(Ec2Error):
    """What the call asks for is so."""


class InUse(Ec2Error):
    """Something else hangs on it."""


class Refused(Ec2Error):
    """Another try would not change it."""


class LimitReached(Refused):
    """The account may have no more of these."""


class Unauthorized(Refused):
    """The function's role may not do this."""


PASSING = (Throttled, Postponed, Unreachable, Uncertain)


def keep_one(found: Sequence[Resource], recorded: str = "") -> tuple[Resource, list[Resource]]:
    """Choose which of several copies stays, always the same one: the recorded, else the lowest id.

    Give the others as well.
    """
    ordered = sorted(found, key=lambda one: (one.id != recorded, one.id))
    return ordered[0], ordered[1:]
