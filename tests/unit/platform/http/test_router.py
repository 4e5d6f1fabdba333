"""Every event gets one answer, in one shape, and the right caller gets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes import gateway
from fakes.people import new_sub
from vestibule.platform import metrics
from vestibule.platform.authorization import (
    PUBLIC,
    SELF,
    SELF_OR_ADMIN,
    SIGNED_IN,
    CallerRecord,
)
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.budget import Budget
from vestibule.platform.http.errors import Conflict, Forbidden, NotFound
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.response import Response, accepted, created, no_content, ok
from vestibule.platform.http.router import Api
from vestibule.platform.http.routes import Routes

if TYPE_CHECKING:
    from vestibule.platform.http.request import Request

ANSWERS: dict[int, str | None] = {200: None}
SIGNED = "/signed/{proxy+}"
# Fixed: what a test is called may not change from run to run.
ANN, BEN = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def people() -> Api:
    """Routes that tell what they were called with."""
    routes = Routes()

    def tell(request: Request) -> Response:
        return ok(
            {
                "route": request.route,
                "path": dict(request.path),
                "query": dict(request.query),
                "caller": None if request.caller is None else request.caller.user_id,
                "ip": request.source_ip,
                "agent": request.user_agent,
            }
        )

    for method, resource, rule in (
        ("GET", "/health", PUBLIC),
        ("GET", "/people", SIGNED_IN),
        ("POST", "/people", SELF),
        ("GET", "/people/me", SELF),
        ("GET", "/people/{userId}", SIGNED_IN),
        ("PUT", "/people/{userId}", SELF_OR_ADMIN),
        ("GET", "/things/{thingId}", SIGNED_IN),
    ):
        routes.add(method, resource, tell, rule=rule, summary=resource, answers=ANSWERS)
    return gateway.api(routes)


def answering(answer: Response | Exception) -> Api:
    routes = Routes()

    def thing(_request: Request) -> Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    routes.add("GET", "/thing", thing, rule=PUBLIC, summary="A thing.", answers=ANSWERS)

    return gateway.api(routes)


def call(api: Api, *arguments: Any, **fields: Any) -> dict[str, Any]:
    return api(gateway.event(*arguments, **fields))


def test_a_call_reaches_its_route_with_its_caller(people: Api) -> None:
    sub, other = new_sub(), new_sub()

    answer = call(
        people, "GET", "/people/{userId}", path={"userId": other}, query={"a": "b"}, sub=sub
    )

    assert answer["statusCode"] == 200
    assert gateway.answered(answer) == {
        "route": "GET /people/{userId}",
        "path": {"userId": other},
        "query": {"a": "b"},
        "caller": sub,
        "ip": "192.0.2.1",
        "agent": "a test",
    }


@pytest.mark.parametrize(
    "answer",
    [
        ok({}),
        created({}, location="/thing/1"),
        no_content(),
        Response(200, "<p>", content_type="text/html"),
        NotFound(),
        Conflict("Taken."),
        ValueError("inner"),
        AwsUnavailable("dynamodb", "GetItem"),
    ],
)
def test_every_answer_may_be_read_by_a_browser_and_kept_by_nobody(
    answer: Response | Exception,
) -> None:
    headers = call(answering(answer), "GET", "/thing")["headers"]

    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in headers["Access-Control-Expose-Headers"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] in {"application/json", "text/html"}


@pytest.mark.parametrize(("make", "status"), [(created, 201), (accepted, 202)])
def test_an_answer_says_where_the_new_thing_is(make: Any, status: int) -> None:
    answer = call(answering(make({"a": 1}, location="things/1")), "GET", "/thing")

    assert (answer["statusCode"], answer["headers"]["Location"]) == (status, "things/1")
    assert gateway.answered(answer) == {"a": 1}


def test_a_version_goes_out_as_an_etag() -> None:
    headers = call(answering(ok({}, version=3)), "GET", "/thing")["headers"]

    assert headers["ETag"] == '"3"'


def test_an_answer_without_content_has_an_empty_body() -> None:
    answer = call(answering(no_content()), "GET", "/thing")

    assert (answer["statusCode"], answer["body"]) == (204, "")


@pytest.mark.parametrize("location", ["/a\r\nSet-Cookie: b=c", "/a\nb", "/a\x00b", "/ä\u2028b"])
def test_no_header_value_begins_another_header(location: str) -> None:
    value = call(answering(created({}, location=location)), "GET", "/thing")["headers"]["Location"]

    assert value.isascii()
    assert value.isprintable()


def test_half_a_surrogate_pair_in_data_does_not_break_an_answer() -> None:
    answer = call(answering(ok({"name": "\ud800"})), "GET", "/thing")

    assert answer["statusCode"] == 200
    assert answer["body"].isascii()


def test_a_refusal_has_the_one_shape() -> None:
    answer = call(answering(Conflict("Taken.")), "GET", "/thing")

    assert answer["statusCode"] == 409
    assert gateway.answered(answer) == {
        "error": "Taken.",
        "details": [],
        "requestId": gateway.REQUEST_ID,
    }


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("secret inner words"),
        RecursionError("secret inner words"),
        KeyError("secret inner words"),
    ],
    ids=repr,
)
def test_a_failure_inside_says_nothing_of_itself(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = call(answering(failure), "GET", "/thing")

    assert answer["statusCode"] == 500
    assert gateway.answered(answer) == {
        "error": "Internal error",
        "details": [],
        "requestId": gateway.REQUEST_ID,
    }
    stacks = [
        line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "stack" in line
    ]
    assert len(stacks) == 1
    assert stacks[0]["requestId"] == gateway.REQUEST_ID


def test_an_answer_that_cannot_be_written_is_an_internal_error() -> None:
    answer = call(answering(ok({"never": object()})), "GET", "/thing")

    assert answer["statusCode"] == 500
    assert gateway.answered(answer)["error"] == "Internal error"


def test_an_aws_service_that_is_away_is_a_503_with_a_time_to_try_again() -> None:
    failure = AwsUnavailable("dynamodb", "GetItem", message="10.0.0.1 refused")

    answer = call(answering(failure), "GET", "/thing")

    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0
    assert "10.0.0.1" not in answer["body"]


@pytest.mark.parametrize(
    "junk",
    [
        None,
        [],
        "text",
        7,
        {},
        {"resource": None},
        {"resource": 7, "httpMethod": 7},
        {"resource": ["/people"], "httpMethod": ["GET"]},
        {"resource": "/nowhere", "httpMethod": "GET"},
        {"resource": "/people", "httpMethod": {}},
        {"resource": "/people", "httpMethod": "GET", "requestContext": "none"},
        {"resource": "/people/{userId}", "httpMethod": "GET", "pathParameters": [1]},
        {"resource": SIGNED, "httpMethod": "GET"},
        {"Records": [{"eventSource": "aws:sqs"}]},
    ],
    ids=repr,
)
def test_an_event_of_no_known_kind_is_refused_without_an_exception(people: Api, junk: Any) -> None:
    answer = people(junk, None)

    assert 400 <= answer["statusCode"] < 500
    assert gateway.answered(answer).keys() == {"error", "details", "requestId"}


def test_nothing_the_handler_prints_to_can_fail_an_answer(
    people: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def write(self, _text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Broken())

    assert call(people, "GET", "/health")["statusCode"] == 200


def test_even_a_failure_while_reporting_is_answered(
    people: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("vestibule.platform.metrics.request_line", fail)

    answer = call(people, "GET", "/health")

    assert answer["statusCode"] == 500
    assert gateway.answered(answer)["error"] == "Internal error"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"


def test_an_unknown_method_is_told_which_there_are(people: Api) -> None:
    answer = call(people, "PATCH", "/people", sub=new_sub())

    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "user_id",
    [
        "x",
        "",
        "11111111-2222-3333-4444-55555555555",
        "11111111-2222-3333-4444-55555555555A",
        "11111111222233334444555555555555",
        "11111111-2222-3333-4444-555555555555\n",
        "11111111%2D2222-3333-4444-5555555555",
        "\uff11" + "1111111-2222-3333-4444-555555555555",
        "../../etc/passwd",
    ],
)
def test_an_id_that_is_no_sub_is_refused_by_name(people: Api, user_id: str) -> None:
    answer = call(people, "GET", "/people/{userId}", path={"userId": user_id}, sub=new_sub())

    assert answer["statusCode"] == 400
    assert gateway.problems(answer) == [("userId", "uuid")]


@pytest.mark.parametrize("thing_id", ["", "a b", "a/b", "a%00", "\ud800", "x" * 200, "é"])
def test_any_other_id_is_letters_digits_and_dashes(people: Api, thing_id: str) -> None:
    answer = call(people, "GET", "/things/{thingId}", path={"thingId": thing_id}, sub=new_sub())

    assert answer["statusCode"] == 400
    assert gateway.problems(answer) == [("thingId", "id")]


def test_a_repeated_query_parameter_is_refused_by_name(people: Api) -> None:
    answer = call(people, "GET", "/people", query={"limit": ["1", "2"], "x": "1"}, sub=new_sub())

    assert answer["statusCode"] == 400
    assert gateway.problems(answer) == [("limit", "repeated")]


def test_a_call_without_a_token_is_told_to_sign_in(people: Api) -> None:
    answer = call(people, "GET", "/people")

    assert answer["statusCode"] == 401
    assert answer["headers"]["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "token",
    [
        gateway.claims(ANN, token_use="id"),
        gateway.claims(ANN, token_use=None),
        gateway.claims("not-a-sub"),
        {"token_use": "access", "username": "x"},
    ],
)
def test_only_a_persons_access_token_says_who_is_calling(
    people: Api, token: dict[str, str]
) -> None:
    assert call(people, "GET", "/people", token=token)["statusCode"] == 401


def test_a_machines_token_opens_no_persons_route(people: Api) -> None:
    token = gateway.claims("1example23456789", username=None, scope="vestibule/api")

    assert call(people, "GET", "/people", token=token)["statusCode"] == 403


def test_who_may_do_something_is_read_from_the_record_and_not_from_the_token() -> None:
    sub, other = new_sub(), new_sub()
    routes = Routes()
    routes.add(
        "PUT",
        "/people/{userId}",
        lambda _request: ok({}),
        rule=SELF_OR_ADMIN,
        summary="Change.",
        answers=ANSWERS,
    )
    token = gateway.claims(sub, **{"cognito:groups": "admin"})
    changed = gateway.event("PUT", "/people/{userId}", path={"userId": other}, token=token)

    assert gateway.api(routes)(changed)["statusCode"] == 403
    assert gateway.api(routes, {sub: CallerRecord("admin", "active")})(changed)["statusCode"] == 200


class TestSigned:
    """ANY /signed/{proxy+}: the same routes, for callers that sign with AWS credentials."""

    def call(self, people: Api, method: str, proxy: str, **fields: Any) -> dict[str, Any]:
        fields.setdefault("identity", gateway.signed_identity(new_sub()))
        return call(people, method, SIGNED, path={"proxy": proxy}, **fields)

    @pytest.mark.parametrize(
        ("proxy", "route"),
        [
            ("health", "GET /health"),
            ("people", "GET /people"),
            ("people/me", "GET /people/me"),
            (f"people/{ANN}", "GET /people/{userId}"),
            ("things/7", "GET /things/{thingId}"),
        ],
    )
    def test_a_path_behind_signed_is_the_route_of_that_path(
        self, people: Api, proxy: str, route: str
    ) -> None:
        answer = self.call(people, "GET", proxy)

        assert gateway.answered(answer)["route"] == route

    def test_the_caller_is_who_signed_in_at_our_pool(self, people: Api) -> None:
        sub = new_sub()

        answer = self.call(people, "GET", "people", identity=gateway.signed_identity(sub))

        assert gateway.answered(answer)["caller"] == sub

    @pytest.mark.parametrize(
        "proxy",
        ["", "nowhere", "people/", "/people", "people/x/y", "signed/people", "people/{userId}/x"],
    )
    def test_an_unknown_path_is_not_found(self, people: Api, proxy: str) -> None:
        assert self.call(people, "GET", proxy)["statusCode"] == 404

    def test_no_path_at_all_is_not_found(self, people: Api) -> None:
        identity = gateway.signed_identity(new_sub())

        assert call(people, "GET", SIGNED, identity=identity)["statusCode"] == 404

    def test_a_template_is_no_path(self, people: Api) -> None:
        answer = self.call(people, "GET", "people/{userId}")

        assert gateway.problems(answer) == [("userId", "uuid")]

    def test_a_wrong_method_is_told_which_there_are(self, people: Api) -> None:
        answer = self.call(people, "DELETE", "people")

        assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, POST")

    @pytest.mark.parametrize(
        "changes",
        [
            {"cognitoAuthenticationType": "unauthenticated"},
            {"cognitoAuthenticationType": None},
            {"cognitoIdentityPoolId": "us-east-1:99999999-2222-3333-4444-555555555555"},
            {"cognitoIdentityPoolId": None},
            {"cognitoAuthenticationProvider": None},
            {"cognitoAuthenticationProvider": ""},
            {"cognitoAuthenticationProvider": gateway.PROVIDER},
            {"cognitoAuthenticationProvider": f"{gateway.PROVIDER}:CognitoSignIn:not-a-sub"},
            {"cognitoAuthenticationProvider": f"{gateway.PROVIDER}:CognitoSignIn:"},
            {
                "cognitoAuthenticationProvider": (
                    f"{gateway.PROVIDER}x,{gateway.PROVIDER}x:CognitoSignIn:{ANN}"
                )
            },
            {
                "cognitoAuthenticationProvider": (
                    f"accounts.google.com:CognitoSignIn:{ANN},{gateway.PROVIDER}"
                )
            },
            {
                "cognitoAuthenticationProvider": (
                    f"{gateway.PROVIDER}:CognitoSignIn:{ANN},{gateway.PROVIDER}:CognitoSignIn:{BEN}"
                )
            },
        ],
        ids=repr,
    )
    def test_anybody_our_pools_do_not_vouch_for_is_refused(
        self, people: Api, changes: dict[str, str | None]
    ) -> None:
        identity = gateway.signed_identity(new_sub(), **changes)

        assert self.call(people, "GET", "people", identity=identity)["statusCode"] == 403

    def test_claims_and_headers_say_nothing_there(self, people: Api) -> None:
        headers = {"x-cognito-sub": new_sub(), "Authorization": "Bearer x"}

        answer = self.call(people, "GET", "people", identity={}, sub=new_sub(), headers=headers)

        assert answer["statusCode"] == 403

    def test_a_signature_says_nothing_elsewhere(self, people: Api) -> None:
        answer = call(people, "GET", "/people", identity=gateway.signed_identity(new_sub()))

        assert answer["statusCode"] == 401

    def test_without_an_identity_pool_nobody_is_let_in(self) -> None:
        callers = SignedCallers(user_pool_id=gateway.USER_POOL_ID, identity_pool_id=None)
        identity = gateway.signed_identity(new_sub(), cognitoIdentityPoolId=None)

        with pytest.raises(Forbidden):
            callers.find({"identity": identity})


class TestReport:
    """What one call leaves in the log: a line that tells it, and a line that counts it."""

    def lines(self, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def test_a_call_leaves_one_line_that_tells_it(
        self, people: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sub = new_sub()
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be;Sampled=1")

        call(people, "GET", "/people/{userId}", path={"userId": sub}, sub=sub)

        told, counted = self.lines(capsys)
        assert told.pop("time").endswith("Z")
        assert told.pop("durationMs") >= 0
        assert told == {
            "level": "INFO",
            "message": "request",
            "logger": "vestibule.platform.http.router",
            "requestId": gateway.REQUEST_ID,
            "traceId": "1-5759e988-bd862e3fe1be",
            "route": "GET /people/{userId}",
            "method": "GET",
            "userId": sub,
            "status": 200,
            "coldStart": True,
        }
        assert counted["Requests"] == 1
        assert counted["Route"] == "GET /people/{userId}"
        assert counted["StatusClass"] == "2xx"

    def test_only_the_first_call_is_cold(
        self, people: Api, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for _ in range(3):
            call(people, "GET", "/health")

        cold = [line["coldStart"] for line in self.lines(capsys) if "coldStart" in line]
        assert cold == [True, False, False]

    def test_a_refusal_is_told_with_whom_it_met(
        self, people: Api, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sub = new_sub()

        call(people, "PUT", "/people/{userId}", path={"userId": new_sub()}, sub=sub)

        told, counted = self.lines(capsys)
        assert (told["refusal"], told["userId"], told["status"]) == ("Forbidden", sub, 403)
        assert counted["StatusClass"] == "4xx"

    def test_nothing_sent_can_begin_a_line_of_its_own(
        self, people: Api, capsys: pytest.CaptureFixture[str]
    ) -> None:
        forged = '"}\n{"level":"INFO","message":"forged"}'
        sent = gateway.event(
            forged,
            "/people/{userId}",
            path={"userId": forged},
            query={forged: forged},
            headers={"user-agent": forged},
            token={**gateway.claims(forged, username=None), "client_id": forged},
        )
        sent["requestContext"]["requestId"] = forged

        people(sent)
        people({**sent, "httpMethod": "GET"})
        people({**sent, "resource": forged})

        assert all(line.get("message") != "forged" for line in self.lines(capsys))

    def test_a_call_that_matches_nothing_is_told_too(
        self, people: Api, capsys: pytest.CaptureFixture[str]
    ) -> None:
        people({}, None)

        told, counted = self.lines(capsys)
        assert (told["route"], told["status"]) == ("unmatched", 404)
        assert counted["Route"] == "unmatched"

    def test_what_a_handler_counted_is_in_the_line_that_counts(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        routes = Routes()

        def thing(_request: Request) -> Response:
            metrics.count("ThingSeen")
            return ok({})

        routes.add("GET", "/thing", thing, rule=PUBLIC, summary="A thing.", answers=ANSWERS)

        call(gateway.api(routes), "GET", "/thing")

        _, counted = self.lines(capsys)
        assert counted["ThingSeen"] == 1


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(30_000, 8.0), (5_000, 4.0), (400, 0.0)], ids=str
)
def test_a_call_gets_what_is_left_of_the_functions_time(milliseconds: int, seconds: float) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return milliseconds

    begun: list[float] = []
    budget = Budget()
    budget.begin = begun.append  # type: ignore[method-assign,assignment]
    api = Api(
        Routes(),
        records=gateway.InMemoryRecords(None),
        signed_callers=SignedCallers(user_pool_id=gateway.USER_POOL_ID, identity_pool_id=None),
        budget=budget,
    )

    api(gateway.event("GET", "/nothing"), Context())
    api(gateway.event("GET", "/nothing"), Context())

    assert begun == [seconds, seconds]


def test_a_call_without_a_context_is_given_eight_seconds() -> None:
    begun: list[float] = []
    budget = Budget()
    budget.begin = begun.append  # type: ignore[method-assign,assignment]
    api = Api(
        Routes(),
        records=gateway.InMemoryRecords(None),
        signed_callers=SignedCallers(user_pool_id=gateway.USER_POOL_ID, identity_pool_id=None),
        budget=budget,
    )

    api(gateway.event("GET", "/nothing"), None)

    assert begun == [8.0]


def test_what_an_invocation_cut_off_had_counted_is_not_the_next_ones(
    people: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.count("LeftBehind")

    people(gateway.event("GET", "/health"), None)

    assert "LeftBehind" not in capsys.readouterr().out
