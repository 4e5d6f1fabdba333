"""The AWS client against a server that misbehaves, over real sockets on loopback."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.certificates import certificate
from fakes.fault_server import (
    FaultServer,
    Step,
    Visit,
    answer,
    hang_up,
    raw,
    refusal,
    reset,
    silence,
)
from vestibule.platform import connection
from vestibule.platform.aws import AwsClient, AwsRefused, AwsUnavailable
from vestibule.platform.conditions import present
from vestibule.platform.credentials import Credentials
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.operations import Put
from vestibule.platform.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GOOD = {"Item": {"pk": {"S": "p"}}}
NOON = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def retries() -> list[str]:
    """The reasons for each further try."""
    return []


@pytest.fixture
def client(retries: list[str]) -> Iterator[Callable[..., AwsClient]]:
    """Make a client of a fault server that never really sleeps."""
    clients = []

    def make(server: FaultServer | int, service: str = "dynamodb", **settings: Any) -> AwsClient:
        port = server if isinstance(server, int) else server.port
        defaults: dict[str, Any] = {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "attempt_timeout": 5.0,
            "deadline": 20.0,
            "sleep": lambda _seconds: None,
            "on_retry": lambda _operation, reason: retries.append(reason),
            "credentials": lambda: Credentials("AKID", "made-up", "a-session-token"),
        }
        clients.append(AwsClient(service, region="eu-west-1", **defaults | settings))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


THROTTLING = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
]
PASSING_FAULTS: dict[str, Step] = {
    "reset": reset,
    "hung up": hang_up,
    "silence": silence,
    "500": refusal("InternalServerError", 500),
    "500 without a code": answer({}, 500),
    "503 in HTML": answer(b"<html>busy</html>", 503),
    "429": answer({}, 429),
    "408": answer({}, 408),
    "fault told as 400": refusal("InternalFailure"),
    "200 in HTML": answer(b"<html>sign in to the network</html>"),
    "200 with a list": answer(b"[]"),
    "200 with broken text": answer(b'{"a": "\xff"}'),
    "200 nested without end": answer(b"[" * 200_000),
    "200 with nothing": answer(b""),
    "400 in HTML": answer(b"<html>no</html>", 400),
    "wrong checksum": answer({"Item": {}}, headers={"x-amz-crc32": "1"}, checksum=False),
    "half a body": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{}"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "half a chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"),
    "no last chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "a chunk too long": raw(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"
    ),
    "a chunk of no size": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\n{}"),
    "strange encoding": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}"),
    "no length": raw(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "strange length": raw(b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n{}"),
    "absurd length": raw(b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n{}"),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
    "a nameless header": raw(b"HTTP/1.1 200 OK\r\n: x\r\ncontent-length: 2\r\n\r\n{}"),
    "a folded header": raw(b"HTTP/1.1 200 OK\r\na: x\r\n b: y\r\ncontent-length: 2\r\n\r\n{}"),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a status of letters": raw(b"HTTP/1.1 abc OK\r\ncontent-length: 2\r\n\r\n{}"),
    "an endless head": raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000),
    "an endless line": raw(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"0" * 100_000
    ),
    "a slow body": raw(
        b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{", *[b" "] * 28, b"}", pause=0.05
    ),
    **{code: refusal(code) for code in THROTTLING},
}


def patience(fault: Step) -> float:
    """Wait briefly only where waiting is the point, so that a busy machine changes nothing."""
    slow = {PASSING_FAULTS["silence"], PASSING_FAULTS["a slow body"]}
    return 0.5 if fault in slow else 5.0


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_a_passing_fault_is_met_by_one_more_try(
    client: Callable[..., AwsClient], retries: list[str], fault: Step
) -> None:
    with FaultServer(fault, answer(GOOD)) as server:
        result = client(server, attempt_timeout=patience(fault)).call("GetItem", {"TableName": "t"})

    assert result == GOOD
    assert len(retries) == 1
    assert [request.body for request in server.requests] == [b'{"TableName":"t"}'] * 2


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_a_lasting_fault_ends_with_the_attempts(
    client: Callable[..., AwsClient], fault: Step
) -> None:
    with FaultServer(fault) as server:
        unreachable = client(server, attempts=2, attempt_timeout=patience(fault))

        with pytest.raises(AwsUnavailable, match=r"dynamodb GetItem: .*gave up after 2 tries"):
            unreachable.call("GetItem", {})

    assert len(server.requests) == 2


def test_the_reason_and_the_facts_of_the_last_answer_are_told(
    client: Callable[..., AwsClient],
) -> None:
    last = refusal("ThrottlingException", headers={"x-amzn-requestid": "r-1"})
    with FaultServer(reset, last) as server, pytest.raises(AwsUnavailable) as caught:
        client(server, attempts=2).call("PutItem", {})

    error = caught.value
    assert (error.service, error.operation, error.status) == ("dynamodb", "PutItem", 400)
    assert (error.code, error.request_id) == ("ThrottlingException", "r-1")
    assert "throttled: because" in error.message


def test_nobody_listening_is_unavailable(client: Callable[..., AwsClient]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(AwsUnavailable, match="ConnectionRefusedError"):
        client(port).call("GetItem", {})


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "Unheard"])
def test_a_refusal_is_told_at_once_and_whole(client: Callable[..., AwsClient], code: str) -> None:
    step = refusal(code, headers={"x-amzn-requestid": "r-2"}, extra={"Item": {"pk": {"S": "x"}}})
    with FaultServer(step) as server, pytest.raises(AwsRefused, match=f"{code}.*because") as caught:
        client(server).call("PutItem", {})

    error = caught.value
    assert (error.code, error.status, error.request_id) == (code, 400, "r-2")
    assert error.body["Item"] == {"pk": {"S": "x"}}
    assert len(server.requests) == 1


def test_a_code_is_read_from_the_header_too(client: Callable[..., AwsClient]) -> None:
    step = answer({"Message": "no"}, 400, {"x-amzn-ErrorType": "UserNotFoundException:http://aws/"})
    with FaultServer(step) as server, pytest.raises(AwsRefused) as caught:
        client(server, "cognito-idp").call("AdminGetUser", {})

    assert (caught.value.code, caught.value.message) == ("UserNotFoundException", "no")


def test_an_empty_answer_is_one_where_the_service_gives_such(
    client: Callable[..., AwsClient],
) -> None:
    with FaultServer(answer(b"")) as server:
        assert client(server, "cognito-idp").call("AdminDeleteUser", {}) == {}


@pytest.mark.parametrize(
    "step",
    [
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 16777217\r\n\r\n", b"{"),
        raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1000001\r\n{"),
        raw(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            *[b"800000\r\n" + b" " * 0x800000 + b"\r\n"] * 2,
            b"1\r\n \r\n",
        ),
    ],
    ids=["by length", "by one chunk", "by all chunks"],
)
def test_an_answer_past_16_megabytes_is_not_taken_in(
    client: Callable[..., AwsClient], step: Step
) -> None:
    with FaultServer(step) as server, pytest.raises(AwsRefused, match="AnswerTooLarge"):
        client(server).call("Query", {})

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        raw(
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;note=x\r\n{"Ite\r\n',
            b'D\r\nm":{"pk":{"S"\r\n6\r\n:"p"}}\r\n1\r\n}\r\n0\r\nx-trailer: y\r\n\r\n',
            pause=0.02,
        ),
        raw(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n",
            json.dumps(GOOD).encode(),
        ),
        raw(*[bytes([byte]) for byte in b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}"]),
    ],
    ids=["in chunks", "after an interim one", "a byte at a time"],
)
def test_an_answer_may_come_in_any_form_of_http(
    client: Callable[..., AwsClient], retries: list[str], step: Step
) -> None:
    with FaultServer(step) as server:
        client(server).call("GetItem", {})

    assert retries == []


def test_a_deadline_ends_everything(client: Callable[..., AwsClient]) -> None:
    with FaultServer(silence) as server:
        waiting = client(server, attempts=100, attempt_timeout=0.1, sleep=time.sleep)
        began = time.monotonic()

        with pytest.raises(AwsUnavailable, match="TimeoutError"):
            waiting.call("GetItem", {}, deadline=0.4)

        # A hundred attempts would take ten seconds.
        assert 0.1 <= time.monotonic() - began < 5
        assert len(server.requests) > 1


def test_a_pause_that_would_outlast_the_deadline_is_not_begun(
    client: Callable[..., AwsClient],
) -> None:
    slept: list[float] = []
    with FaultServer(answer({}, 500)) as server, pytest.raises(AwsUnavailable):
        client(server, attempts=100, sleep=slept.append).call("GetItem", {}, deadline=0.15)

    assert all(seconds < 0.15 for seconds in slept)
    assert len(server.requests) == len(slept) + 1


def test_requests_share_a_connection(client: Callable[..., AwsClient]) -> None:
    with FaultServer(answer(GOOD)) as server:
        patient = client(server)
        for _ in range(3):
            patient.call("GetItem", {})

    assert [request.connection for request in server.requests] == [1, 1, 1]


@pytest.mark.parametrize(
    "step",
    [
        answer(GOOD, headers={"Connection": "close"}),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK", keep=True),
    ],
    ids=["announced", "left with stray bytes"],
)
def test_a_connection_that_may_not_be_kept_is_not(
    client: Callable[..., AwsClient], retries: list[str], step: Step
) -> None:
    with FaultServer(step) as server:
        patient = client(server)
        patient.call("GetItem", {})
        patient.call("GetItem", {})

    assert [request.connection for request in server.requests] == [1, 2]
    assert retries == []


def after_answering(last: Step) -> Step:
    def step(visit: Visit) -> bool:
        answer(GOOD)(visit)
        time.sleep(0.02)
        return last(visit)

    return step


@pytest.mark.parametrize("ending", [hang_up, reset])
def test_a_kept_connection_found_closed_is_opened_again_uncounted(
    client: Callable[..., AwsClient], retries: list[str], ending: Step
) -> None:
    with FaultServer(after_answering(ending)) as server:
        patient = client(server, attempts=1)
        for _ in range(3):
            patient.call("GetItem", {})
            time.sleep(0.05)

    assert [request.connection for request in server.requests] == [1, 2, 3]
    assert retries == []


def test_a_connection_lost_while_in_use_is_opened_again_once_only(
    client: Callable[..., AwsClient],
) -> None:
    with FaultServer(answer(GOOD), reset) as server:
        patient = client(server, attempts=1)
        patient.call("GetItem", {})

        with pytest.raises(AwsUnavailable):
            patient.call("GetItem", {})

    assert [request.connection for request in server.requests] == [1, 1, 2]


def test_the_neighbors_of_a_stale_connection_are_given_up(
    client: Callable[..., AwsClient],
) -> None:
    both = threading.Barrier(2, timeout=10)

    def together(visit: Visit) -> bool:
        both.wait()
        return after_answering(hang_up)(visit)

    with FaultServer(together, together, answer(GOOD)) as server, ThreadPoolExecutor(2) as threads:
        shared = client(server)
        list(threads.map(lambda _: shared.call("GetItem", {}), range(2)))
        time.sleep(0.05)
        shared.call("GetItem", {})

    assert len(shared._idle) == 1
    assert len(server.requests) == 3


def test_a_line_break_cannot_enter_a_header(client: Callable[..., AwsClient]) -> None:
    credentials = Credentials("AKID", "made-up", "token\r\nx-injected: yes")
    with FaultServer(answer(GOOD)) as server, pytest.raises(ValueError, match="line break"):
        client(server, credentials=lambda: credentials).call("GetItem", {})

    assert server.requests == []


def test_without_an_endpoint_the_regions_own_is_called_encrypted() -> None:
    for region, host in (
        ("eu-west-1", "dynamodb.eu-west-1.amazonaws.com"),
        ("cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
    ):
        endpoint = AwsClient("dynamodb", region=region)._endpoint

        assert endpoint == Endpoint("https", host, 443)


def test_threads_sharing_a_client_get_their_own_answers(client: Callable[..., AwsClient]) -> None:
    def echo(visit: Visit) -> bool:
        time.sleep(0.005)
        return answer({"echo": json.loads(visit.request.body)})(visit)

    with FaultServer(echo) as server, ThreadPoolExecutor(12) as threads:
        shared = client(server)
        answers = list(threads.map(lambda number: shared.call("GetItem", {"n": number}), range(60)))

    assert answers == [{"echo": {"n": number}} for number in range(60)]


def sent_at(server: FaultServer) -> list[str]:
    return [request.headers["x-amz-date"] for request in server.requests]


@pytest.mark.parametrize(
    "code", ["RequestTimeTooSkewed", "InvalidSignatureException", "RequestExpired"]
)
def test_a_wrong_clock_is_set_by_the_services_for_good(
    client: Callable[..., AwsClient], code: str
) -> None:
    there = NOON + timedelta(hours=1)
    skewed = refusal(code, headers={"Date": format_datetime(there, usegmt=True)})
    with FaultServer(skewed, answer(GOOD)) as server:
        late = client(server, now=lambda: NOON)
        late.call("GetItem", {})
        late.call("GetItem", {})

    assert sent_at(server) == ["20260517t120000z", "20260517t130000z", "20260517t130000z"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Date": format_datetime(NOON, usegmt=True)}, {"Date": "yesterday"}],
    ids=["without a date", "with our own date", "with no real date"],
)
def test_a_wrong_signature_is_not_blamed_on_a_right_clock(
    client: Callable[..., AwsClient], headers: dict[str, str]
) -> None:
    with FaultServer(refusal("InvalidSignatureException", 403, headers)) as server:
        punctual = client(server, now=lambda: NOON)

        with pytest.raises(AwsRefused, match="InvalidSignatureException"):
            punctual.call("GetItem", {})

    assert len(server.requests) == 1


def test_a_clock_is_corrected_once_and_then_the_refusal_stands(
    client: Callable[..., AwsClient],
) -> None:
    date = format_datetime(NOON + timedelta(hours=1), usegmt=True)
    with FaultServer(refusal("InvalidSignatureException", headers={"Date": date})) as server:
        late = client(server, now=lambda: NOON)

        with pytest.raises(AwsRefused):
            late.call("GetItem", {})

    assert len(server.requests) == 2


def canceled(*codes: str) -> Step:
    reasons = [{"Code": code} for code in codes]
    return refusal("TransactionCanceledException", extra={"CancellationReasons": reasons})


CONFLICT = canceled("None", "TransactionConflict")


@pytest.mark.parametrize("conflict", [CONFLICT, refusal("TransactionConflictException")])
def test_a_conflict_is_tried_again_without_being_counted(
    client: Callable[..., AwsClient], retries: list[str], conflict: Step
) -> None:
    with FaultServer(*[conflict] * 6, answer(GOOD)) as server:
        client(server, attempts=2).call("TransactWriteItems", {})

    assert len(retries) == 6


def test_a_conflict_without_end_meets_the_deadline(client: Callable[..., AwsClient]) -> None:
    with FaultServer(CONFLICT) as server, pytest.raises(AwsUnavailable, match="conflict"):
        client(server, sleep=time.sleep).call("TransactWriteItems", {}, deadline=0.3)

    assert len(server.requests) > 1


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_throttled_is_tried_again(
    client: Callable[..., AwsClient], code: str
) -> None:
    with FaultServer(canceled(code, "None"), answer(GOOD)) as server:
        client(server).call("TransactWriteItems", {})

    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "codes",
    [("ConditionalCheckFailed", "TransactionConflict"), ("None",), (), ("ValidationError",)],
    ids=str,
)
def test_a_transaction_refused_for_good_is_not_tried_again(
    client: Callable[..., AwsClient], codes: tuple[str, ...]
) -> None:
    with FaultServer(canceled(*codes)) as server, pytest.raises(AwsRefused):
        client(server).call("TransactWriteItems", {})

    assert len(server.requests) == 1


def test_a_request_names_its_operation_and_is_signed(client: Callable[..., AwsClient]) -> None:
    with FaultServer(answer(GOOD)) as server:
        client(server, "ssm").call("GetParameter", {"Name": "p"})

    headers = server.requests[0].headers
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amz-target"] == "amazonssm.getparameter"
    assert headers["x-amz-security-token"] == "a-session-token"
    assert "/eu-west-1/ssm/aws4_request" in headers["authorization"]


def test_keys_left_unread_are_asked_for_again(client: Callable[..., AwsClient]) -> None:
    def part(visit: Visit) -> bool:
        asked = json.loads(visit.request.body)["RequestItems"]["t"]["Keys"]
        unread = {"t": {"Keys": asked[1:]}} if asked[1:] else {}
        return answer({"Responses": {"t": asked[:1]}, "UnprocessedKeys": unread})(visit)

    with FaultServer(part) as server:
        found = Table(client(server), "t").get_many([("p", "1"), ("p", "2"), ("p", "3")])

    assert sorted(found) == [("p", "1"), ("p", "2"), ("p", "3")]
    assert len(server.requests) == 3


def test_keys_never_read_are_unavailable_at_the_deadline(client: Callable[..., AwsClient]) -> None:
    def nothing(visit: Visit) -> bool:
        asked = json.loads(visit.request.body)["RequestItems"]
        return answer({"Responses": {}, "UnprocessedKeys": asked})(visit)

    with FaultServer(nothing) as server, pytest.raises(AwsUnavailable):
        Table(client(server, deadline=0.3), "t").get_many([("p", "1")])

    assert len(server.requests) > 1


@pytest.mark.parametrize(
    "refused",
    [
        lambda table: table.put({"pk": "p", "sk": "s"}, condition=present()),
        lambda table: table.update("p", "s", changes={"a": 1}),
        lambda table: table.delete("p", "s", condition=present()),
        lambda table: table.transact(Put({"pk": "p", "sk": "s"})),
    ],
    ids=["put", "update", "delete", "transact"],
)
def test_a_refusal_that_is_no_failed_condition_is_not_taken_for_one(
    client: Callable[..., AwsClient], refused: Callable[[Table], object]
) -> None:
    with (
        FaultServer(refusal("ResourceNotFoundException")) as server,
        pytest.raises(AwsRefused, match="ResourceNotFoundException"),
    ):
        refused(Table(client(server), "t"))


def test_a_delete_refused_by_another_reason_is_no_failed_condition(
    client: Callable[..., AwsClient],
) -> None:
    with FaultServer(canceled("ValidationError")) as server, pytest.raises(AwsRefused):
        Table(client(server), "t").delete("p", "s", condition=present())


@pytest.mark.parametrize("known", [True, False])
def test_only_a_certificate_that_is_trusted_is_talked_to(
    client: Callable[..., AwsClient],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    known: bool,
) -> None:
    certificates, keys = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates, keys)
    monkeypatch.setattr(connection, "_tls_context", None)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates))

    with FaultServer(answer(GOOD), tls=context) as server:
        url = f"https://localhost:{server.port}"
        careful = client(server, endpoint_url=url, attempts=2)
        if known:
            assert careful.call("GetItem", {}) == GOOD
        else:
            with pytest.raises(AwsUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                careful.call("GetItem", {})

    assert len(server.requests) == known
