"""From what changed in the table to events: what each change means, and that no more is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fakes.arrivals import NOW, arrival, ensuring
from fakes.catalogue import checked
from fakes.people import LATER, new_sub, profile
from fakes.stream import Stream, record
from fakes.table import FakeTable
from vestibule.activity import items as activity_items
from vestibule.activity import model as activity
from vestibule.delivery import events
from vestibule.delivery.changes import SORT_KEY_PREFIXES, SORT_KEYS, Unmappable, tell
from vestibule.invitations import codes
from vestibule.invitations import items as invitation_items
from vestibule.invitations.model import Invitation
from vestibule.organizations.memberships import founding, joining
from vestibule.organizations.model import Organization
from vestibule.platform.values import replace
from vestibule.profiles import items
from vestibule.profiles.store import TableProfileStore
from vestibule.security.recorder import Recorder
from vestibule.triggers.arrival_store import origin_item
from vestibule.vpcs import items as vpc_items
from vestibule.vpcs.model import AVAILABLE, CREATING, DELETED, DELETING, FAILED, PENDING, VpcRecord

if TYPE_CHECKING:
    from vestibule.delivery.events import Event
    from vestibule.platform.operations import Item

ROOT = Path(__file__).parents[3]
AT = "2026-03-04T05:06:07.000008Z"
SECOND = "2026-03-04T05:06:07.000000Z"  # of the record itself: streams know no more


def told(before: Item | None, after: Item | None) -> list[Event]:
    """Give the events of one change, each checked against its schema."""
    return [checked(event) for event in tell(record(before, after))]


def types(told_events: list[Event]) -> list[str]:
    return [event.type for event in told_events]


def of(before: Item | None, after: Item | None) -> Event:
    (event,) = told(before, after)
    return event


def told_by(stream: Stream) -> list[Event]:
    return [checked(event) for one in stream.records() for event in tell(one)]


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def stream(table: FakeTable) -> Stream:
    return Stream(table)


def test_an_arrival_is_told_of_in_full_once(table: FakeTable, stream: Stream) -> None:
    who = arrival(first_name="Jo", language="de", origin={"utm_source": "x"})

    ensuring(table).run(who)

    found = told_by(stream)
    assert types(found) == ["user.confirmed", "user.role_assigned"]
    confirmed, assigned = found
    assert confirmed.subject == assigned.subject == who.user_id
    assert confirmed.id == events.event_id("user.confirmed", who.user_id)
    assert confirmed.time == who.at
    assert confirmed.data == {
        "userId": who.user_id,
        "email": who.email,
        "emailVerified": True,
        "name": "Jo Doe",
        "firstName": "Jo",
        "accountType": "standard",
        "role": "user",
        "roleSource": "default",
        "language": "de",
        "marketingConsent": False,
        "door": who.door,
        "origin": {"utm_source": "x"},
    }
    ensuring(table).run(who)
    assert stream.records() == []


def test_a_provider_s_name_for_somebody_is_not_told(table: FakeTable, stream: Stream) -> None:
    ensuring(table).run(arrival(sign_in_name="Google_123"))

    assert all("Google_123" not in events.write(event) for event in told_by(stream))


def a_confirmation(**members: Any) -> Item:
    table = FakeTable()
    who = arrival("00000000-0000-4000-8000-000000000001", email="jo@example.test")
    ensuring(table).run(who)
    item = table.get(items.person_key(who.user_id), items.CONFIRMED)
    assert item is not None
    return item | members


def test_a_confirmation_that_is_touched_is_told_again_as_it_was() -> None:
    item = a_confirmation()
    first = of(None, item)

    again = of(item, item | {"again": 1, "againAt": LATER})

    assert again == first
    assert of(item | {"again": 1}, item | {"again": 2}) == first
    assert told(item | {"again": 2}, item | {"again": 2, "note": "x"}) == []


def test_a_tombstone_tells_of_an_erasure_and_of_nothing_else(
    table: FakeTable, stream: Stream
) -> None:
    who = arrival()
    made = ensuring(table).run(who).profile
    assert made is not None
    stream.records()

    TableProfileStore(table).erase(made, by="operator", at=LATER, release_claim=True)

    (event,) = told_by(stream)
    assert (event.type, event.subject, event.data) == (
        "user.erased",
        who.user_id,
        {"userId": who.user_id},
    )
    assert event.time == LATER
    tombstone = items.tombstone(who.user_id, by="operator", at=LATER, sign_in_name="Google_1")
    assert told(tombstone, {k: v for k, v in tombstone.items() if k != "signInName"}) == []
    assert of(tombstone, tombstone | {"again": 1}) == event


def the_profile(**fields: Any) -> Item:
    person = profile("00000000-0000-4000-8000-000000000001", updated_at=AT, **fields)
    return items.from_profile(person)


def test_an_update_names_fields_and_says_nothing_of_them() -> None:
    before = the_profile(bio="I like doors", phone_number="+43123456")
    after = the_profile(
        name="Jo Secret", department="Gates", version=2, email_verified=True, status_before="x"
    )

    event = of(before, after)

    assert event.type == "user.updated"
    assert event.data == {
        "userId": after["userId"],
        "changed": ["bio", "department", "emailVerified", "name", "phoneNumber"],
        "version": 2,
    }
    assert event.time == AT
    assert "Secret" not in json.dumps(events.to_message(event))


def test_each_version_of_a_profile_is_told_of_with_an_id_of_its_own() -> None:
    one, two, three = (the_profile(name=f"Jo {n}", version=n) for n in (1, 2, 3))

    assert of(one, two).id != of(two, three).id
    assert of(one, two).id == of(one, two).id


@pytest.mark.parametrize(
    "attribute", ["arrivedAt", "writeId", "updatedAt", "version", "signInName", "gsi1sk"]
)
def test_what_nobody_outside_knows_of_is_no_update(attribute: str) -> None:
    assert told(the_profile(), the_profile() | {attribute: 7}) == []


@pytest.mark.parametrize(
    ("before", "after", "previous"),
    [
        (None, {}, {}),
        ({}, {"role": "admin", "role_source": "admin"}, {"previousRole": "user"}),
        ({}, {"role_source": "operator"}, {"previousRole": "user"}),
    ],
)
def test_a_role_that_is_given_is_told(
    before: dict[str, Any] | None, after: dict[str, Any], previous: dict[str, str]
) -> None:
    standing = None if before is None else the_profile(**before)
    given = the_profile(**after, version=3)

    event = of(standing, given)

    assert event.type == "user.role_assigned"
    assert event.data == {
        "userId": given["userId"],
        "role": given["role"],
        "roleSource": given["roleSource"],
        **previous,
        "version": 3,
    }


def test_suspension_and_its_end_are_told() -> None:
    active, suspended = the_profile(), the_profile(status="suspended", status_before="active")

    assert types(told(active, suspended)) == ["user.suspended"]
    assert types(told(suspended, active)) == ["user.reactivated"]
    assert told(suspended, suspended | {"version": 9}) == []
    assert told(the_profile(status="pending"), active) == []


def test_an_address_that_another_holds_is_told_of_without_the_address() -> None:
    taken = the_profile(email_conflict=True)

    new, moved = told(None, taken), told(the_profile(email="jo@example.test"), taken)

    assert types(new) == ["user.role_assigned", "user.email_conflict"]
    assert types(moved) == ["user.updated", "user.email_conflict"]
    assert told(taken, taken | {"version": 2}) == []
    assert all("jo@example.test" not in events.write(event) for event in moved)


def test_whoever_leaves_an_organization_or_changes_it_is_told_of() -> None:
    here, there = the_profile(organization_id="o1"), the_profile(organization_id="o2", version=2)

    assert types(told(here, the_profile(version=2))) == ["user.updated", "organization.left"]
    left = told(here, there)[1]
    assert (left.subject, left.data) == (
        "o1",
        {"organizationId": "o1", "userId": here["userId"]},
    )
    assert types(told(the_profile(), here)) == ["user.updated"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (activity.LOGIN, ["user.signed_in"]),
        (activity.SIGNUP, []),
        (activity.LOGOUT, []),
        (activity.PASSWORD_RESET, []),
    ],
)
def test_of_activity_sign_ins_alone_are_told_without_address_and_agent(
    kind: str, expected: list[str]
) -> None:
    user_id = new_sub()
    entry = activity_items.entry(user_id, kind, AT, ip="192.0.2.7", user_agent="Secret/1").item

    found = told(None, entry)

    assert types(found) == expected
    assert [event.data for event in found] == [{"userId": user_id}] * len(expected)
    assert [event.time for event in found] == [AT] * len(expected)


def test_two_sign_ins_of_one_moment_are_two_facts() -> None:
    user_id = new_sub()
    entries = [activity_items.entry(user_id, activity.LOGIN, AT).item for _ in range(2)]

    assert len({of(None, entry).id for entry in entries}) == 2


def test_a_sign_up_is_told_of_by_where_it_came_from_and_by_nothing_else() -> None:
    first = origin_item("jo@example.test", {"utm_source": "news"}, AT, 1)
    second = origin_item("jo@example.test", {"utm_source": "ads"}, LATER, 2)

    started, again = of(None, first), of(first, second)

    assert started.type == "user.signup_started"
    assert started.data == {"signupId": first["signupId"], "origin": {"utm_source": "news"}}
    assert (started.subject, started.time) == (first["signupId"], AT)
    assert again.id != started.id
    assert "jo@example" not in events.write(started)
    assert told(first, first | {"expiresAt": 9}) == []
    assert told(None, {name: one for name, one in first.items() if name != "signupId"}) == []


def test_an_organization_is_told_of_when_it_is_opened_and_whoever_joins_it(
    table: FakeTable, stream: Stream
) -> None:
    organization = Organization("o1", "Acme", "team", "u1", AT, ("members",), "acme.test")
    founder, member, waiting = new_sub(), new_sub(), new_sub()

    table.transact(*founding(organization, founder, AT))
    found = told_by(stream)
    assert types(found) == ["organization.joined", "organization.created"]
    assert found[1].data == {
        "organizationId": "o1",
        "name": "Acme",
        "plan": "team",
        "createdBy": "u1",
    }
    assert found[0].data == {"organizationId": "o1", "userId": founder, "role": "admin"}

    table.transact(*joining(member, "o1", at=LATER))
    assert [one.data["userId"] for one in told_by(stream)] == [member]

    table.transact(*joining(waiting, "o1", status="pending", at=LATER))
    assert told_by(stream) == []
    table.update("ORG#o1", f"MEMBER#{waiting}", changes={"status": "active", "joinedAt": AT})
    (accepted,) = told_by(stream)
    assert (accepted.type, accepted.time) == ("organization.joined", AT)
    table.update("ORG#o1", f"MEMBER#{waiting}", changes={"role": "admin"})
    table.update("ORG#o1", "ORGANIZATION", increment={"version": 1})
    assert told_by(stream) == []


def test_a_used_invitation_is_told_of_without_its_code() -> None:
    code, user_id = codes.make(codes.LONG), new_sub()
    invitation = Invitation(
        id="0f1e2d3c4b5a6978",
        code_hash=code.hash,
        role="manager",
        created_by="operator",
        email="jo@example.test",
        created_at=AT,
        valid_until=2**33,
        organization_id="o1",
    )
    before = invitation_items.from_invitation(invitation, forgotten_at=2**33)
    after = before | {"uses": 1, "lastUsedBy": user_id, "lastUsedAt": LATER}

    event = of(before, after)

    assert (event.type, event.subject, event.time) == (
        "invitation.accepted",
        invitation.id,
        LATER,
    )
    assert event.data == {
        "inviteId": invitation.id,
        "userId": user_id,
        "role": "manager",
        "organizationId": "o1",
        "uses": 1,
    }
    assert code.hash not in events.write(event)
    assert of(after, after | {"uses": 2}).id != event.id
    assert told(None, before) == []
    assert told(before, before | {"hold:abc": 5}) == []


def a_vpc(state: str, version: int = 1, **members: Any) -> Item:
    made = VpcRecord(
        id="5d0c9be1f4a14f0fb5a3a54f8b1d2c3e",
        name="Secret plans",
        cidr="10.0.0.0/16",
        region="us-east-1",
        state=state,
        subnets=(),
        created_by="u1",
        created_at=AT,
        updated_at=AT,
        tags={"project": "Secret"},
        version=version,
    )
    return vpc_items.from_vpc(replace(made, **members))


def test_a_vpc_is_told_of_by_what_is_to_be_done_and_how_it_ends() -> None:
    steps = [
        (None, a_vpc(PENDING), ["vpc.requested"]),
        (a_vpc(PENDING), a_vpc(CREATING, 2), []),
        (a_vpc(CREATING, 2), a_vpc(CREATING, 3, made={"x": 1}), []),
        (a_vpc(CREATING, 3), a_vpc(AVAILABLE, 4, vpc_id="vpc-1"), ["vpc.available"]),
        (a_vpc(CREATING, 3), a_vpc(FAILED, 4, reason="no room"), ["vpc.failed"]),
        (a_vpc(AVAILABLE, 4), a_vpc(DELETING, 5), ["vpc.deletion_requested"]),
        (a_vpc(DELETING, 5), a_vpc(DELETED, 6), ["vpc.deleted"]),
        (a_vpc(CREATING, 3), a_vpc(CREATING, 3) | {"again": AT}, ["vpc.continued"]),
    ]

    found = [told(before, after) for before, after, _ in steps]

    assert [types(one) for one in found] == [expected for *_, expected in steps]
    ids = [event.id for one in found for event in one]
    assert len(set(ids)) == len(ids)
    assert all("Secret" not in events.write(event) for one in found for event in one)
    assert found[3][0].data == {
        "vpcId": "5d0c9be1f4a14f0fb5a3a54f8b1d2c3e",
        "state": "AVAILABLE",
        "version": 4,
        "createdBy": "u1",
        "region": "us-east-1",
        "awsVpcId": "vpc-1",
    }
    assert found[4][0].data["reason"] == "no room"


def test_a_second_deletion_of_a_vpc_is_another_fact() -> None:
    first = of(a_vpc(AVAILABLE, 4), a_vpc(DELETING, 5))
    second = of(a_vpc(FAILED, 6), a_vpc(DELETING, 7))

    assert first.id != second.id


def test_a_security_event_is_told_by_its_kind(table: FakeTable, stream: Stream) -> None:
    user_id = new_sub()
    Recorder(table, lambda: NOW).record(
        "invalid_token_detected", "api", {"purpose": "unsubscribe"}, user_id
    )

    (event,) = told_by(stream)

    assert event.type == "security.invalid_token_detected"
    assert event.time == AT
    assert event.data == {
        "kind": "invalid_token_detected",
        "severity": "HIGH",
        "source": "api",
        "facts": {"purpose": "unsubscribe"},
        "userId": user_id,
    }


def test_a_mail_is_told_of_when_it_was_sent_and_not_when_it_is_begun() -> None:
    user_id = new_sub()
    key = {"pk": items.person_key(user_id), "sk": "DELIVERY#mail:welcome"}
    begun = key | {"state": "sending", "at": AT, "messageId": "m1", "accountType": "business"}
    sent = begun | {"state": "sent", "at": LATER, "language": "de"}

    event = of(begun, sent)

    assert told(None, begun) == []
    assert told(sent, sent | {"messageId": "m2"}) == []
    assert (event.type, event.subject, event.time) == ("mail.sent", user_id, LATER)
    assert event.data == {
        "userId": user_id,
        "kind": "welcome",
        "accountType": "business",
        "language": "de",
    }


@pytest.mark.parametrize("remover", ["time to live", "somebody"])
def test_what_is_removed_is_not_told_of(remover: str) -> None:
    by_ttl = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    members = {"userIdentity": by_ttl} if remover == "time to live" else {}

    for item in (a_confirmation(), the_profile(), a_vpc(DELETED)):
        assert tell(record(item, None, **members)) == []


OTHERS = [
    ("USER#u1", "PREFERENCES"),
    ("USER#u1", "LOGIN"),
    ("USER#u1", "MEMBERSHIP"),
    ("USER#u1", "DELIVERY#user-service"),
    ("EMAIL#jo@example.test", "CLAIM"),
    ("EMAIL#jo@example.test", "INVITATION"),
    ("EMAIL#jo@example.test", "MAILED#all"),
    ("EMAIL#jo@example.test", "CODE"),
    ("DOMAIN#example.test", "CLAIM"),
    ("INVITATION#i1", "ENTRY"),
    ("INVITATION#i1", "ENTRY#ORGANIZATION"),
    ("ONCE#vpcs#u1", "key"),
    ("VPCS#REGISTER", "REGISTER"),
    ("UNRELAYED#1", "RECORD"),
    ("OTHER#u1", "PROFILE"),
]


@pytest.mark.parametrize(("pk", "sk"), OTHERS)
def test_other_items_are_nobody_s_business_whatever_they_hold(pk: str, sk: str) -> None:
    broken = record(None, {"pk": pk, "sk": sk})
    broken["dynamodb"]["NewImage"] = {"pk": {"?": "unread"}}

    assert tell(broken) == []


def test_a_change_is_told_the_same_each_time() -> None:
    one = record(the_profile(), the_profile(name="Jo New", version=2))

    assert tell(one) == tell(one)
    assert [event.id for event in tell(one)] == [
        event.id for event in tell(one | {"eventID": "another"})
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said.pop("NewImage"),
        lambda said: said["NewImage"].pop("version"),
        lambda said: said["NewImage"].update(updatedAt={"S": "yesterday"}),
        lambda said: said["NewImage"].update(name={"SS": ["a"]}),
        lambda said: said.update(ApproximateCreationDateTime="soon"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_without_what_it_holds(spoil: Any) -> None:
    one = record(None, the_profile(name="Jo Secret"))
    spoil(one["dynamodb"])

    with pytest.raises(Unmappable) as raised:
        tell(one)

    assert "Secret" not in str(raised.value)


def test_where_an_item_says_no_time_the_record_does() -> None:
    item = {name: one for name, one in the_profile().items() if name != "updatedAt"}

    assert of(None, item).time == SECOND


def passes(pattern: dict[str, Any], one: dict[str, Any]) -> bool:
    """Apply a filter of an event source mapping, as far as ours goes."""
    for name, rule in pattern.items():
        if isinstance(rule, dict):
            if not passes(rule, one.get(name, {})):
                return False
        elif not any(
            one.get(name, "").startswith(choice["prefix"])
            if isinstance(choice, dict)
            else choice == one.get(name)
            for choice in rule
        ):
            return False
    return True


def test_the_stream_s_filter_lets_through_what_may_be_told_and_nothing_else() -> None:
    stack = yaml.safe_load((ROOT / "stack.yaml").read_text(encoding="utf-8"))
    (source,) = stack["functions"]["relay"]["events"]
    pattern = json.loads(source["filter"])
    names = pattern["dynamodb"]["Keys"]["sk"]["S"]

    assert pattern["eventName"] == ["INSERT", "MODIFY"]
    assert {one for one in names if isinstance(one, str)} == set(SORT_KEYS)
    assert {one["prefix"] for one in names if isinstance(one, dict)} == set(SORT_KEY_PREFIXES)
    for item in (a_confirmation(), the_profile(), a_vpc(PENDING)):
        assert passes(pattern, record(None, item))
        assert passes(pattern, record(item, item | {"version": 2}))
        assert not passes(pattern, record(item, None))
    for pk, sk in OTHERS:
        if sk not in SORT_KEYS:
            assert not passes(pattern, record(None, {"pk": pk, "sk": sk}))
