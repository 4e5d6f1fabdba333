"""Everything the VPC domain refuses, named for the fact.

VpcsError
    VpcNotFound        there is none of that id
    PlanRefused        the request breaks rules: names every field, rule and value
    NotCreator         the caller neither asked for the VPC nor is an active admin
    CallerSuspended    the caller may read, and change nothing
    CallerErased       the caller's account is gone, whatever the token says
    AddressUnproven    the caller holds no confirmed address by which a limit could count them
    StateForbids       what is asked is under way or done already: nobody is told of it
    LimitReached       the policy allows no more VPCs
    RangeTaken         the policy refuses ranges that overlap with another VPC's
    KeyReused          the Idempotency-Key came with another body before
    Raced              what was read is no longer true: read again
"""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vestibule.vpcs.model import VpcRecord


@frozen
class Problem:
    """`rule` is for programs; `message` names the value and what to do."""

    field: str
    rule: str
    message: str


class VpcsError(Exception):
    """Everything this package raises on purpose."""


class VpcNotFound(VpcsError):
    def __init__(self, vpc_id: str) -> None:
        super().__init__(f"there is no VPC {vpc_id}")


class PlanRefused(VpcsError):
    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in self.problems))


class NotCreator(VpcsError):
    def __init__(self, user_id: str, vpc_id: str) -> None:
        super().__init__(f"{user_id} did not ask for {vpc_id}")


class CallerSuspended(VpcsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class CallerErased(VpcsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} was erased")


class AddressUnproven(VpcsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} holds no confirmed address")


class StateForbids(VpcsError):
    def __init__(self, record: VpcRecord) -> None:
        super().__init__(f"{record.id} is {record.state}")
        self.record = record


class LimitReached(VpcsError):
    """`rule` is perUser or inAll."""

    def __init__(self, rule: str, limit: int) -> None:
        super().__init__(f"{rule}: no more than {limit} VPCs")
        self.rule = rule
        self.limit = limit


class RangeTaken(VpcsError):
    def __init__(self, cidr: str, others: Iterable[str]) -> None:
        self.cidr = cidr
        self.others = tuple(others)
        super().__init__(f"{cidr} overlaps with {', '.join(self.others)}")


class KeyReused(VpcsError):
    def __init__(self) -> None:
        super().__init__("the key came with another body before")


class Raced(VpcsError):
    """Somebody wrote between a read and the write that relied on it."""
