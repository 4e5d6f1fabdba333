from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from vestibule_cli.local import asgi
from vestibule_cli.local import door as doors
from vestibule_cli.local.door import Door

PORT = 4310
SIGN_UP = {"x-amz-target": "AWSCognitoIdentityProviderService.SignUp"}


class Inside:
    """Stands for the emulator: counts who is in, and lets them out when told."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        del receive
        self.asked.append(scope["path"])
        self.now += 1
        self.most = max(self.most, self.now)
        await self.gate.wait()
        self.now -= 1
        await asgi.Reply(200, [], b"in").send(send)


def request(
    path: str = "/", method: str = "POST", host: str = f"127.0.0.1:{PORT}", **headers: str
) -> asgi.Scope:
    given = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }


def knock(scope: asgi.Scope, inside: Inside | None = None) -> asgi.Reply:
    door = Door(inside or Inside(), {PORT, PORT + 1})
    return asyncio.run(asgi.ask(door, scope, b""))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4310", "localhost:9", "[::1]:4310", "bucket.localhost:4310"]
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert knock(request(host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example:4310",
        "",
        ".localhost",
        "attacker.example/.localhost",
        "attacker.example?.localhost",
        "attacker.example@x.localhost:4310",
        "a b.localhost",
    ],
)
def test_another_name_for_this_machine_is_refused(host: str) -> None:
    inside = Inside()

    reply = knock(request(host=host), inside)

    assert reply.status == 403
    assert inside.asked == []


@pytest.mark.parametrize("origin", [f"http://127.0.0.1:{PORT}", f"http://localhost:{PORT + 1}"])
def test_pages_of_the_stack_itself_are_answered(origin: str) -> None:
    assert knock(request(origin=origin)).status == 200


@pytest.mark.parametrize(
    "origin",
    ["https://attacker.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1:1"],
)
def test_pages_of_others_are_refused_before_anything_happens(origin: str) -> None:
    inside = Inside()

    reply = knock(request(origin=origin), inside)

    assert reply.status == 403
    assert reply.header(b"access-control-allow-origin") is None
    assert inside.asked == []


def test_an_origin_can_be_let_in() -> None:
    door = Door(Inside(), {PORT})
    door.allow_origin("http://localhost:5173")

    let_in = request(origin="http://localhost:5173", sec_fetch_site="cross-site")
    reply = asyncio.run(asgi.ask(door, let_in, b""))

    assert reply.status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    "asked_by",
    [
        pytest.param({"sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}, id="image"),
        pytest.param({"sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}, id="frame"),
        pytest.param({"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}, id="link"),
    ],
)
def test_what_a_page_of_others_asks_for_without_an_origin_is_refused(
    site: str, asked_by: dict[str, str]
) -> None:
    inside = Inside()

    reply = knock(request(method="GET", sec_fetch_site=site, **asked_by), inside)

    assert reply.status == 403
    assert inside.asked == []


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_or_an_own_page_asks_for_is_answered(site: str) -> None:
    assert knock(request(method="GET", sec_fetch_site=site)).status == 200


def test_an_own_page_on_the_other_port_is_answered_by_its_origin() -> None:
    origin = f"http://127.0.0.1:{PORT + 1}"

    assert knock(request(origin=origin, sec_fetch_site="same-site")).status == 200


def test_a_link_to_the_hosted_pages_may_be_followed_and_nothing_more() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    page = {**link, "sec_fetch_dest": "document"}

    assert knock(request("/oauth2/authorize", "GET", **page)).status == 200
    assert knock(request("/oauth2/authorize", "GET", **link, sec_fetch_dest="iframe")).status == 403
    assert knock(request("/oauth2/login", "POST", **page)).status == 403


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Credential=000000000000%2F20261120%2Fus-east-1%2Fiam%2Faws4_request",
        "a=b&x-amz-credential=000000000000/20261120/us-east-1/iam/aws4_request",
        "AWSAccessKeyId=000000000000&Signature=x",
        "X-Amz-%43redential=0000000%300000/x",
    ],
)
def test_the_root_key_is_not_taken_from_an_address(query: str) -> None:
    inside = Inside()

    reply = knock({**request(method="GET"), "query_string": query.encode()}, inside)

    assert reply.status == 403
    assert inside.asked == []


def test_an_address_signed_by_another_key_is_passed_on() -> None:
    query = b"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE/20261120/us-east-1/s3/aws4_request"

    assert knock({**request(method="GET"), "query_string": query}).status == 200


ROOT = "AWS4-HMAC-SHA256 Credential=000000000000/20261120/us-east-1/iam/aws4_request, Signature=0"


@pytest.mark.parametrize("authorization", [ROOT, "AWS 000000000000:c2ln"])
@pytest.mark.parametrize(
    "browser",
    [
        {"origin": f"http://127.0.0.1:{PORT}"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_no_browser_may_use_the_root_key(authorization: str, browser: dict[str, str]) -> None:
    assert knock(request(authorization=authorization, **browser)).status == 403


def test_a_program_may_use_the_root_key() -> None:
    assert knock(request(authorization=ROOT)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/ses/messages",
        "/_localstack/x",
        "/_aws/execute-api/abc/api/me",
    ],
)
def test_the_emulators_own_pages_are_closed(path: str) -> None:
    inside = Inside()

    assert knock(request(path), inside).status == 403
    assert inside.asked == []


def test_a_refusal_is_one_that_the_caller_can_read() -> None:
    as_json = knock(request(origin="http://x"))
    as_query = knock(
        request(origin="http://x", content_type="application/x-www-form-urlencoded; charset=utf-8")
    )
    as_text = knock(request(origin="http://x", accept="text/html"))
    as_api = knock(request("/restapis/a/api/_user_request_/me", origin="http://x"))

    assert json.loads(as_json.body)["__type"] == "AccessDeniedException"
    assert as_json.header(b"x-amzn-errortype") == b"AccessDeniedException"
    assert b"<Code>AccessDeniedException</Code>" in as_query.body
    assert as_text.header(b"content-type") == b"text/plain; charset=utf-8"
    assert set(json.loads(as_api.body)) == {"error", "details", "requestId"}


def run_many(scopes: list[asgi.Scope]) -> Inside:
    """All at once; nobody gets out before all that can be in are in."""

    async def crowd() -> Inside:
        inside = Inside()
        inside.gate.clear()
        door = Door(inside, {PORT})
        knocking = [asyncio.ensure_future(asgi.ask(door, scope, b"")) for scope in scopes]
        for _ in range(20):
            await asyncio.sleep(0)
        inside.gate.set()
        replies = await asyncio.gather(*knocking)
        assert {reply.status for reply in replies} == {200}
        return inside

    return asyncio.run(crowd())


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(request(**SIGN_UP), id="sign-ups"),
        pytest.param(request("/restapis/a/api/_user_request_/me", "GET"), id="calls"),
    ],
)
def test_what_people_do_is_queued_and_never_refused(scope: asgi.Scope) -> None:
    inside = run_many([dict(scope) for _ in range(30)])

    assert inside.most == 4
    assert len(inside.asked) == 30


@pytest.mark.parametrize(
    "target", ["AWSCognitoIdentityProviderService.AdminGetUser", "DynamoDB_20120810.PutItem"]
)
def test_what_functions_call_never_waits(target: str) -> None:
    waiting = [request(**SIGN_UP) for _ in range(8)]
    calls = [request("/restapis/a/api/_user_request_/me") for _ in range(8)]
    nested = [request(x_amz_target=target) for _ in range(9)]

    assert run_many([*waiting, *calls, *nested]).most == 4 + 4 + 9


CALL = request("/restapis/a/api/_user_request_/me", "GET")


async def order_beside(access_key: str, person_asks: asgi.Scope) -> list[str]:
    """Somebody asks for something, and a function does meanwhile: who is in before both leave."""
    inside = Inside()
    inside.gate.clear()
    door = Door(inside, {PORT}, lambda key: key == "PATIENT")
    signed = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20261120/x/y/aws4_request"
    }
    person = asyncio.ensure_future(asgi.ask(door, dict(person_asks), b""))
    for _ in range(20):
        await asyncio.sleep(0)
    function = asyncio.ensure_future(asgi.ask(door, request("/function", **signed), b""))
    await asyncio.sleep(0.02)
    seen = [*inside.asked]
    inside.gate.set()
    await asyncio.gather(person, function)
    assert set(inside.asked) == {"/function", person_asks["path"]}
    return seen


@pytest.mark.parametrize(
    ("access_key", "looks", "meanwhile"),
    [
        pytest.param("PATIENT", 10_000, ["/person"], id="nobody waits for it"),
        pytest.param("PATIENT", 0, ["/person", "/function"], id="it has waited long enough"),
        pytest.param("OTHER", 10_000, ["/person", "/function"], id="somebody waits for it"),
    ],
)
def test_what_nobody_waits_for_lets_people_go_first_for_a_while(
    monkeypatch: pytest.MonkeyPatch, access_key: str, looks: int, meanwhile: list[str]
) -> None:
    monkeypatch.setattr(doors, "LOOKS", looks)

    signs_up = request("/person", **SIGN_UP)

    assert asyncio.run(order_beside(access_key, signs_up)) == meanwhile


def test_it_lets_a_call_of_the_api_go_first_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "LOOKS", 10_000)

    assert asyncio.run(order_beside("PATIENT", CALL)) == [CALL["path"]]


def test_a_place_is_given_back_by_whoever_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "PATIENCE_SECONDS", 0.01)

    async def scene() -> tuple[int, int]:
        inside = Inside()
        inside.gate.clear()
        door = Door(inside, {PORT})
        inner = [asyncio.ensure_future(asgi.ask(door, request(**SIGN_UP), b"")) for _ in range(4)]
        await asyncio.sleep(0)
        late = await asgi.ask(door, request(**SIGN_UP), b"")
        inside.gate.set()
        await asyncio.gather(*inner)
        after = await asgi.ask(door, request(**SIGN_UP), b"")
        return late.status, after.status

    assert asyncio.run(scene()) == (503, 200)


async def never_whole() -> asgi.Message:
    await asyncio.Event().wait()
    raise AssertionError


def test_who_does_not_finish_a_request_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ARRIVAL_SECONDS", 0.2)

    async def scene() -> tuple[int, int]:
        door = Door(Inside(), {PORT})
        statuses: list[int] = []

        async def send(message: asgi.Message) -> None:
            statuses.append(message.get("status", 0))

        slow = [asyncio.ensure_future(door(request(**SIGN_UP), never_whole, send)) for _ in "12345"]
        await asyncio.sleep(0)
        meanwhile = await asgi.ask(door, request(**SIGN_UP), b"")
        assert statuses == []
        await asyncio.gather(*slow)
        return meanwhile.status, max(statuses)

    assert asyncio.run(scene()) == (200, 408)


def test_a_body_beyond_what_the_gateway_takes_is_refused_while_it_arrives() -> None:
    inside = Inside()

    call = request("/restapis/a/api/_user_request_/me", authorization="Bearer x")
    reply = asyncio.run(asgi.ask(Door(inside, {PORT}), call, b"x" * (10 * 1024 * 1024 + 1)))

    assert reply.status == 413
    assert inside.asked == []


SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20261120/us-east-1/s3/aws4_request, Signature=0"
GET_ID = {"x-amz-target": "AWSCognitoIdentityService.GetId"}
LINK = b"X-Amz-Credential=AKIA%2F20261120%2Fus-east-1%2Fs3%2Faws4_request"


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        pytest.param(request(**SIGN_UP), 413, id="what people call"),
        pytest.param(request(**SIGN_UP, authorization=SIGNED), 413, id="that, as if signed"),
        pytest.param(request(**GET_ID), 413, id="without a signature"),
        pytest.param(request("/bucket/code.zip", "PUT"), 413, id="file without a signature"),
        pytest.param(request("/bucket/code.zip", "PUT", authorization=SIGNED), 200, id="file"),
        pytest.param(
            {**request("/bucket/code.zip", "PUT"), "query_string": LINK}, 200, id="file by a link"
        ),
    ],
)
def test_what_anybody_may_send_is_no_more_than_a_megabyte(scope: asgi.Scope, status: int) -> None:
    limit = 1024 * 1024
    inside = Inside()

    just = asyncio.run(asgi.ask(Door(inside, {PORT}), scope, b"x" * limit))
    over = asyncio.run(asgi.ask(Door(inside, {PORT}), scope, b"x" * (limit + 1)))

    assert (just.status, over.status) == (200, status)
    assert len(inside.asked) == (1 if status == 413 else 2)


def test_what_is_read_at_the_door_is_passed_on_whole() -> None:
    async def echo(_scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await asgi.Reply(200, [], await asgi.read_body(receive, 100)).send(send)

    reply = asyncio.run(asgi.ask(Door(echo, {PORT}), request(**GET_ID), b"some body"))

    assert reply.body == b"some body"


@pytest.mark.parametrize(
    "headers",
    [SIGN_UP, GET_ID, {"authorization": SIGNED.replace("s3", "dynamodb"), "x-amz-target": "D.Put"}],
)
def test_a_body_that_is_nested_too_deep_is_refused(headers: dict[str, str]) -> None:
    async def fall_over(*_: object) -> None:
        raise RecursionError

    reply = asyncio.run(asgi.ask(Door(fall_over, {PORT}), request(**headers), b"["))

    assert reply.status == 400
    assert json.loads(reply.body)["__type"] == "SerializationException"


def test_another_fault_inside_stays_as_it_is() -> None:
    async def fall_over(*_: object) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(asgi.ask(Door(fall_over, {PORT}), request(**SIGN_UP), b"["))


def test_a_body_beyond_all_limits_is_refused_by_its_length() -> None:
    inside = Inside()
    sent: list[asgi.Message] = []

    async def knock_with_much() -> None:
        async def receive() -> asgi.Message:
            return {"type": "http.request", "body": b"", "more_body": True}

        async def send(message: asgi.Message) -> None:
            sent.append(message)

        await Door(inside, {PORT})(request(content_length=str(10**9)), receive, send)

    asyncio.run(knock_with_much())

    assert sent[0]["status"] == 413
    assert inside.asked == []


@pytest.mark.parametrize(
    ("scope", "changes"),
    [
        (request(x_amz_target="DynamoDB_20120810.PutItem"), 1),
        (request(x_amz_target="DynamoDB_20120810.GetItem"), 0),
        (request(x_amz_target="AWSCognitoIdentityProviderService.InitiateAuth"), 1),
        (request(x_amz_target="AWSCognitoIdentityProviderService.AdminGetUser"), 0),
        (request(x_amz_target="AWSCognitoIdentityService.GetCredentialsForIdentity"), 1),
        (request("/restapis", "GET"), 0),
        (request("/restapis", "POST"), 1),
        (request("/restapis/a/api/_user_request_/me", "PUT"), 0),
    ],
)
def test_changes_are_counted_where_they_are_made(scope: Any, changes: int) -> None:
    door = Door(Inside(), {PORT})

    asyncio.run(asgi.ask(door, scope, b""))

    assert door.changes == changes
