"""Records: the states that they go through, what they remember, and how they lie in the table."""

from __future__ import annotations

from itertools import product

import pytest

from fakes.people import LATER
from fakes.vpcs import vpc, wanted
from vestibule.platform.attributes import from_item, to_item
from vestibule.vpcs import items
from vestibule.vpcs.model import (
    AVAILABLE,
    CREATING,
    DELETED,
    DELETING,
    FAILED,
    LONGEST_TIMELINE,
    PENDING,
    STATES,
    Moment,
    SubnetRecord,
    moved,
)
from vestibule.vpcs.request import Wanted, WantedSubnet

LEGAL = {
    (PENDING, CREATING),
    (PENDING, FAILED),
    (PENDING, DELETING),
    (CREATING, AVAILABLE),
    (CREATING, FAILED),
    (CREATING, DELETING),
    (AVAILABLE, DELETING),
    (FAILED, DELETING),
    (DELETING, DELETED),
    (DELETING, FAILED),
    (DELETING, AVAILABLE),
}


@pytest.mark.parametrize(("state", "to"), list(product(STATES, STATES)))
def test_a_record_goes_through_legal_states_alone(state: str, to: str) -> None:
    record = vpc(state=state)
    if state != to and (state, to) not in LEGAL:
        with pytest.raises(ValueError, match=f"{state} does not become {to}"):
            moved(record, to, {}, at=LATER)
        return

    new = moved(record, to, {"reason": "so"}, at=LATER)

    assert (new.state, new.reason, new.updated_at, new.version) == (to, "so", LATER, 2)
    grown = len(new.timeline) - len(record.timeline)
    assert grown == (state != to)


def test_a_step_with_a_note_is_a_line_of_the_timeline() -> None:
    record = vpc(state=CREATING)

    assert moved(record, CREATING, {}, at=LATER).timeline == record.timeline
    noted = moved(record, CREATING, {}, at=LATER, note="subnets made")
    assert noted.timeline[-1] == Moment(LATER, CREATING, "subnets made")


def test_a_timeline_keeps_its_beginning_and_its_end() -> None:
    record = vpc(state=CREATING)
    for number in range(LONGEST_TIMELINE + 5):
        record = moved(record, CREATING, {}, at=LATER, note=str(number))

    notes = [one.note for one in record.timeline]
    assert len(notes) == LONGEST_TIMELINE
    assert notes[0] == "asked for"
    assert notes[-1] == str(LONGEST_TIMELINE + 4)
    assert notes[1] == "6"


def test_a_deletion_remembers_the_state_before() -> None:
    deleting = moved(vpc(state=FAILED), DELETING, {}, at=LATER)

    assert deleting.state_before == FAILED
    assert moved(deleting, DELETING, {}, at=LATER).state_before == FAILED


def test_a_record_comes_back_from_the_table_as_it_was() -> None:
    record = vpc(
        state=DELETING,
        subnets=(
            SubnetRecord("a", "10.0.0.0/24", "us-east-1a"),
            SubnetRecord("b", "10.0.1.0/24", "us-east-1b", True, "subnet-1", 7),  # noqa: FBT003
        ),
        vpc_id="vpc-1",
        reason="not empty",
        internet_gateway=True,
        nat_gateway="single",
        tags={"a": ""},
        made={"natGatewayId": "nat-1"},
        inside=({"type": "instance", "id": "i-1"},),
        left_over=({"type": "subnet", "id": "subnet-2"},),
        drift=({"resource": "vpc", "id": "vpc-1"},),
        drift_checked_at=LATER,
        state_before=AVAILABLE,
        warnings=("overlaps",),
        version=9,
    )

    item = from_item(to_item(items.from_vpc(record)))

    assert items.to_vpc(item) == record
    assert items.to_vpc(item | {"later": "unknown"}) == record
    plain = vpc()
    assert items.to_vpc(from_item(to_item(items.from_vpc(plain)))) == plain


@pytest.mark.parametrize(
    "other",
    [
        wanted(cidr="10.1.0.0/16"),
        wanted(name="other"),
        wanted(tags={"a": "1"}),
        wanted(subnets=(WantedSubnet(),)),
        wanted(subnets=(WantedSubnet(public=True),)),
        wanted(internet_gateway=False),
    ],
)
def test_requests_that_differ_have_digests_that_differ(other: Wanted) -> None:
    plain = wanted()

    assert plain.digest == wanted().digest
    assert other.digest != plain.digest


def test_a_digest_minds_no_order_of_tags() -> None:
    one, other = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}

    assert wanted(tags=one).digest == wanted(tags=other).digest


def test_what_a_subnet_has_for_use_is_all_but_five() -> None:
    assert SubnetRecord("a", "10.0.0.0/28", "us-east-1a").usable_addresses == 11
    assert SubnetRecord("a", "10.0.0.0/16", "us-east-1a").usable_addresses == 65531
