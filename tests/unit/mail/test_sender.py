"""Sending by SES over real sockets on loopback: at most once for each time it is asked."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from fakes.fault_server import FaultServer, answer, hang_up, raw, refusal, reset, silence
from vestibule.mail.letters import Letter
from vestibule.mail.sender import MailNotSent, MailPutOff, MailRefused, SesSender, Stamp
from vestibule.platform.credentials import Credentials

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
LETTER = Letter(language="en", subject="Grüße", html="<p>ä", text="ä", sms="")
NOON = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)
KEYS = Credentials("AKIAEXAMPLE", "secret", "session")
TAKEN = answer({"MessageId": "1"})


@pytest.fixture
def sender() -> Iterator[Callable[..., SesSender]]:
    made = []

    def make(server: FaultServer | int, **settings: Any) -> SesSender:
        port = server if isinstance(server, int) else server.port
        defaults: dict[str, Any] = {
            "region": "us-east-1",
            "endpoint_url": f"http://127.0.0.1:{port}",
            "credentials": lambda: KEYS,
            "now": lambda: NOON,
            "sleep": lambda _seconds: None,
        }
        made.append(SesSender("no-reply@example.com", **defaults | settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_mail_has_one_recipient_and_both_bodies(sender: Callable[..., SesSender]) -> None:
    with FaultServer(TAKEN) as server:
        sender(server, configuration_set="mails").send("ann@example.com", LETTER)

    (request,) = server.requests
    assert request.raw.startswith(b"POST /v2/email/outbound-emails HTTP/1.1\r\n")
    assert json.loads(request.body) == {
        "FromEmailAddress": "no-reply@example.com",
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Grüße", "Charset": "UTF-8"},
                "Body": {
                    "Html": {"Data": "<p>ä", "Charset": "UTF-8"},
                    "Text": {"Data": "ä", "Charset": "UTF-8"},
                },
            }
        },
        "ConfigurationSetName": "mails",
    }


def test_a_request_is_signed_as_botocore_signs_it(
    sender: Callable[..., SesSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: NOON.replace(tzinfo=None))
    with FaultServer(TAKEN) as server:
        sender(server).send("ann@example.com", LETTER)
        (request,) = server.requests
        same = AWSRequest(
            "POST",
            f"http://127.0.0.1:{server.port}/v2/email/outbound-emails",
            headers={"content-type": "application/json"},
            data=request.body,
        )
    keys = BotoCredentials(KEYS.access_key, KEYS.secret_key, KEYS.session_token)
    SigV4Auth(keys, "ses", "us-east-1").add_auth(same)

    assert same.headers["Authorization"].encode() in request.raw


def test_a_throttled_mail_is_sent_again(sender: Callable[..., SesSender]) -> None:
    throttled = refusal(
        "TooManyRequestsException", 429, {"x-amzn-ErrorType": "TooManyRequestsException"}
    )
    with FaultServer(throttled, TAKEN) as server:
        sender(server).send("ann@example.com", LETTER)

    assert len(server.requests) == 2


def test_throttling_without_an_end_is_given_up(sender: Callable[..., SesSender]) -> None:
    throttled = refusal("TooManyRequestsException", 429)
    with FaultServer(throttled) as server, pytest.raises(MailNotSent, match="429"):
        sender(server).send("ann@example.com", LETTER)

    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (hang_up, "BrokenAnswer"),
        (reset, "Connection"),
        (silence, "Timeout"),
        (answer({}, status=500), "500"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "BrokenAnswer"),
        (
            answer({}, status=400, headers={"x-amzn-ErrorType": "MessageRejected:http://x/"}),
            "400 MessageRejected$",
        ),
    ],
    ids=["closed", "reset", "silent", "fault", "half", "rejected"],
)
def test_a_mail_that_may_have_gone_is_not_sent_twice(
    sender: Callable[..., SesSender], step: Any, said: str
) -> None:
    with FaultServer(step) as server, pytest.raises(MailNotSent, match=said):
        sender(server, left=lambda: 0.2).send("ann@example.com", LETTER)

    assert len(server.requests) == 1


def test_nobody_listening_is_tried_again_and_given_up(sender: Callable[..., SesSender]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    pauses: list[float] = []

    with pytest.raises(MailNotSent, match="no connection"):
        sender(port, sleep=pauses.append).send("ann@example.com", LETTER)

    assert len(pauses) == 2


def test_no_time_left_is_no_mail(sender: Callable[..., SesSender]) -> None:
    with FaultServer(TAKEN) as server, pytest.raises(MailNotSent):
        sender(server, left=lambda: 0.0).send("ann@example.com", LETTER)

    assert server.requests == []


def test_the_regions_own_address_is_used_without_an_endpoint() -> None:
    europe, china = (
        SesSender("a@example.com", region=each) for each in ("eu-west-1", "cn-north-1")
    )

    assert europe._host.endpoint.authority == "email.eu-west-1.amazonaws.com"
    assert china._host.endpoint.authority == "email.cn-north-1.amazonaws.com.cn"


def test_a_stamp_goes_as_headers_and_tags_that_ses_takes(sender: Callable[..., SesSender]) -> None:
    stamp = Stamp(
        headers={"List-Unsubscribe": "<https://a.example/>"},
        tags={"kind": "welcome", "source": "spring ad\u00fc\r\n", "empty": ""},
    )
    with FaultServer(TAKEN) as server:
        sender(server).send("ann@example.com", LETTER, stamp)

    (request,) = server.requests
    body = json.loads(request.body)
    assert body["Content"]["Simple"]["Headers"] == [
        {"Name": "List-Unsubscribe", "Value": "<https://a.example/>"}
    ]
    assert body["EmailTags"] == [
        {"Name": "kind", "Value": "welcome"},
        {"Name": "source", "Value": "spring_ad___"},
        {"Name": "empty", "Value": "none"},
    ]


def _refused(code: str, status: int = 400, **content: Any) -> Any:
    return answer(content, status=status, headers={"x-amzn-ErrorType": code})


REJECTED = (
    b"HTTP/1.1 400 Bad Request\r\nx-amzn-ErrorType: MessageRejected\r\nContent-Length: 1\r\n\r\n{"
)
NESTED = (
    b"HTTP/1.1 400 Bad Request\r\nx-amzn-ErrorType: MessageRejected\r\n"
    b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000
)
# Developer guide, "Amazon SES email sending errors".
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "EU-WEST-1: no-reply@example.com"
)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (_refused("MessageRejected"), MailRefused),
        (_refused("MessageRejected", message="Email content is a virus."), MailRefused),
        (_refused("MessageRejected", message=UNVERIFIED), MailPutOff),
        (_refused("MessageRejected", Message=UNVERIFIED), MailPutOff),
        (_refused("MessageRejected", message=[UNVERIFIED]), MailRefused),
        (raw(REJECTED), MailRefused),
        (raw(NESTED), MailRefused),
        (_refused("BadRequestException", message=UNVERIFIED), MailRefused),
        (_refused("BadRequestException"), MailRefused),
        (_refused("AccountSuspendedException"), MailPutOff),
        (_refused("MailFromDomainNotVerifiedException"), MailPutOff),
        (_refused("AccessDeniedException", 403), MailPutOff),
        (_refused("TooManyRequestsException", 429), MailPutOff),
        (answer({}, status=500), MailNotSent),
        (silence, MailNotSent),
    ],
    ids=[
        "rejected",
        "virus",
        "unverified",
        "unverified, by another name",
        "a list",
        "no JSON",
        "nested",
        "bad, whatever it says",
        "bad",
        "account",
        "domain",
        "rights",
        "throttled",
        "fault",
        "silent",
    ],
)
def test_what_becomes_of_a_mail_is_told_apart(
    sender: Callable[..., SesSender], step: Any, kind: type[MailNotSent]
) -> None:
    with FaultServer(step) as server, pytest.raises(MailNotSent) as told:
        sender(server, left=lambda: 0.5).send("ann@example.com", LETTER)

    assert type(told.value) is kind


def test_an_address_that_is_not_verified_is_not_named(sender: Callable[..., SesSender]) -> None:
    step = _refused("MessageRejected", message=UNVERIFIED)
    with FaultServer(step) as server, pytest.raises(MailPutOff) as told:
        sender(server).send("ann@example.com", LETTER)

    assert str(told.value) == "SES answered 400 MessageRejected: an address is not verified"
    assert len(server.requests) == 1
