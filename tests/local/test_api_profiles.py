"""Profiles as people meet them: through the real gateway, functions, table and user pool."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import boto3.dynamodb.conditions
import pytest

from fakes.somebody import Somebody
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vestibule_cli.demo.place import Place


pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def table(running_stack: dict[str, Any]) -> Any:
    """The operator's own look into the table."""
    resource = boto3.resource(  # type: ignore[call-overload]
        "dynamodb",
        region_name=running_stack["region"],
        endpoint_url=running_stack["aws_endpoint_url"],
        **ROOT_CREDENTIALS,
    )
    return resource.Table(running_stack["table_name"])


class Owner(Somebody):
    """Of a profile."""

    def __init__(self, place: Place, name: str) -> None:
        super().__init__(place, name)
        self.path = f"/profiles/{self.id}"
        self.pk = f"USER#{self.id}"

    def send(
        self, method: str, path: str, body: str | None, content_type: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a body as it is, JSON or not."""
        base = urlsplit(self._place.api_url)
        with closing(HTTPConnection(base.netloc, timeout=20)) as connection:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
            connection.request(method, base.path + path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.load(answer)

    def create(self, **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/profiles", body={"name": "Jo Doe", **fields})
        assert answer.status == 201, answer
        profile: dict[str, Any] = answer.body["profile"]
        return profile


@pytest.fixture
def join(place: Place) -> Callable[[str], Owner]:
    return lambda name: Owner(place, name)


def kinds(table: Any, person: Owner) -> set[str]:
    key = boto3.dynamodb.conditions.Key("pk").eq(person.pk)
    found = table.query(KeyConditionExpression=key, ConsistentRead=True)["Items"]
    return {item["sk"] for item in found}


def claim_of(table: Any, email: str) -> Mapping[str, Any]:
    item: Mapping[str, Any] = table.get_item(Key={"pk": f"EMAIL#{email}", "sk": "CLAIM"}).get(
        "Item", {}
    )
    return item


def set_record(table: Any, person: Owner, **fields: str) -> None:
    for name, value in fields.items():
        table.update_item(
            Key={"pk": person.pk, "sk": "PROFILE"},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )


def test_fifty_parallel_creations_make_one_profile(
    join: Callable[[str], Owner], table: Any
) -> None:
    ann = join("Ann")

    def create(number: int) -> int:
        status: int = ann.call("POST", "/profiles", body={"name": f"Ann {number}"}).status
        return status

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(create, range(50)))

    assert statuses == [201] + [409] * 49
    assert {"PROFILE", "PREFERENCES"} <= kinds(table, ann)
    assert claim_of(table, ann.email)["userId"] == ann.id
    # Opened at confirmation, completed once.
    assert ann.call("GET", "/me").body["profile"]["version"] == 2


def test_an_address_that_is_claimed_is_left_out_without_a_failure(
    join: Callable[[str], Owner], table: Any
) -> None:
    bob = join("Bob")
    table.put_item(Item={"pk": f"EMAIL#{bob.email}", "sk": "CLAIM", "userId": "somebody else"})

    profile = bob.create(email=bob.email.upper())

    assert profile["emailConflict"] is True
    assert "email" not in profile
    assert claim_of(table, bob.email)["userId"] == "somebody else"


def test_a_suspended_person_reads_and_changes_nothing(
    join: Callable[[str], Owner], table: Any
) -> None:
    cid = join("Cid")
    cid.create()
    set_record(table, cid, status="suspended")

    changing = cid.call("PUT", cid.path, body={"name": "Cid"})
    creating = cid.call("POST", "/profiles", body={"name": "Cid"})
    erasing = cid.call("DELETE", cid.path)

    assert (changing.status, creating.status, erasing.status) == (403, 403, 403)
    assert cid.call("GET", cid.path).body["profile"]["status"] == "suspended"


def test_an_admin_sees_and_changes_another_until_demoted(
    join: Callable[[str], Owner], table: Any
) -> None:
    dan, eve = join("Dan"), join("Eve")
    dan.create(phoneNumber="+14155550123")
    eve.create()
    assert "phoneNumber" not in eve.call("GET", dan.path).body["profile"]
    assert eve.call("PUT", dan.path, body={"name": "Dan"}).status == 403

    set_record(table, eve, role="admin")
    assert eve.call("GET", dan.path).body["profile"]["phoneNumber"] == "+14155550123"
    version = dan.call("GET", dan.path).body["profile"]["version"]
    known = {"If-Match": f'"{version}"'}
    changed = eve.call("PUT", dan.path, body={"name": "Daniel"}, headers=known)
    assert (changed.status, changed.body["profile"]["version"]) == (200, version + 1)
    stale = eve.call("PUT", dan.path, body={"name": "Dan"}, headers=known)
    assert stale.status == 412

    set_record(table, eve, role="user")
    assert eve.call("DELETE", dan.path).status == 403
    assert dan.call("GET", dan.path).body["profile"]["name"] == "Daniel"


def test_the_list_is_walked_page_by_page_and_shows_public_fields(
    join: Callable[[str], Owner],
) -> None:
    people = [join(name) for name in ("Flo", "Gus", "Hal")]
    for person in people:
        person.create()

    seen, query = [], "limit=2"
    while True:
        page = people[0].call("GET", f"/profiles?{query}").body
        seen += page["profiles"]
        assert page["count"] == len(page["profiles"]) <= 2
        if "nextToken" not in page:
            break
        query = f"limit=2&nextToken={page['nextToken']}"

    ids = [one["userId"] for one in seen]
    assert len(ids) == len(set(ids))
    assert {person.id for person in people} <= set(ids)
    assert {name for one in seen for name in one} <= {"userId", "name", "bio", "createdAt"}


def test_an_erased_person_is_gone_everywhere(
    join: Callable[[str], Owner], table: Any, place: Place, eventually: Callable[..., Any]
) -> None:
    ida = join("Ida")
    ida.create()
    for number in range(3):
        table.put_item(Item={"pk": ida.pk, "sk": f"ACTIVITY#2026#{number}", "ip": "127.0.0.1"})

    assert ida.call("DELETE", ida.path).status == 200

    assert ida.call("DELETE", ida.path).status == 404
    assert ida.call("POST", "/profiles", body={"name": "Ida"}).status == 409
    assert claim_of(table, ida.email) == {}
    assert eventually(lambda: kinds(table, ida) == {"ERASED"})
    users = place.operator("cognito-idp").list_users(
        UserPoolId=place.user_pool_id, Filter=f'email = "{ida.email}"'
    )
    assert users["Users"] == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (None, "application/json", 400),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"name": "Jo", "name": "Jo"}', "application/json", 400),
        ('{"name": "Jo\\ud800"}', "application/json", 400),
        ('{"name": "Jo\\u0000"}', "application/json", 400),
        ('{"name": "Jo", "role": "admin"}', "application/json", 400),
        ('{"name": "Jo", "bio": "' + "x" * 1_000_000 + '"}', "application/json", 413),
        ('{"name": "Jo"}', "text/plain", 415),
        ("name=Jo", "application/x-www-form-urlencoded", 415),
    ],
    ids=[
        "none",
        "broken",
        "a list",
        "twice",
        "half a pair",
        "NUL",
        "forbidden",
        "1 MB",
        "text",
        "form",
    ],
)
def test_a_bad_body_is_refused_in_one_shape_and_changes_nothing(
    writer: Owner, body: str | None, content_type: str, status: int
) -> None:
    before = writer.call("GET", writer.path).body

    answered, answer = writer.send("PUT", writer.path, body, content_type)

    assert answered == status
    assert answer.keys() == {"error", "details", "requestId"}
    assert answer["details"][0].keys() == {"field", "rule", "message"}
    assert writer.call("GET", writer.path).body == before


@pytest.fixture(scope="module")
def writer(place: Place) -> Owner:
    person = Owner(place, "Joy")
    person.create()
    return person
