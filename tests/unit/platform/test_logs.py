"""A line of the log is one JSON object, whatever was to be written, and hurts nobody."""

from __future__ import annotations

import datetime as dt
import json
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vestibule.platform import logs
from vestibule.platform.logs import logger
from vestibule.platform.redaction import is_secret_name, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logger("test")
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqbyJ9.c2lnbmF0dXJl-_x"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    logs.configure("INFO")
    logs.bind()
    yield
    logs.configure("INFO")
    logs.bind()


class Log:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    @property
    def text(self) -> str:
        return self._capsys.readouterr().out

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError


def test_a_line_says_when_how_bad_what_and_of_whom(written: Log) -> None:
    before = dt.datetime.now(dt.UTC)

    log.info("profile created", user_id="u1", tries=2, ratio=0.5, done=True, left=None)

    line = written.line
    moment = dt.datetime.fromisoformat(line.pop("time"))
    assert abs(moment - before) < dt.timedelta(seconds=5)
    assert line == {
        "level": "INFO",
        "message": "profile created",
        "logger": "test",
        "userId": "u1",
        "tries": 2,
        "ratio": 0.5,
        "done": True,
        "left": None,
    }


def test_every_line_of_an_invocation_carries_what_was_bound(written: Log) -> None:
    logs.bind(request_id="r1", trace_id="t1")
    log.info("one")
    log.warning("two")
    logs.bind(request_id="r2")
    log.info("three")

    assert [(line["requestId"], line.get("traceId")) for line in written.lines] == [
        ("r1", "t1"),
        ("r1", "t1"),
        ("r2", None),
    ]


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("INFO", ["INFO", "WARNING", "ERROR"]),
        ("WARNING", ["WARNING", "ERROR"]),
        ("ERROR", ["ERROR"]),
        ("CRITICAL", []),
    ],
)
def test_lines_below_the_level_are_left_out(level: str, seen: list[str], written: Log) -> None:
    logs.configure(level)

    log.debug("x")
    log.info("x")
    logs.write(log.safe_line("WARNING", "x", ""))
    log.error("x")

    assert [line["level"] for line in written.lines] == seen


def test_a_level_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError):
        logs.configure("LOUD")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "temporary_password",
        "Authorization",
        "x-api-key",
        "access_token",
        "refreshToken",
        "secret",
        "clientSecret",
        "cookie",
        "code",
        "confirmation_code",
        "otp",
        "email",
        "emailAddress",
        "phone_number",
        "signature",
        "username",
        "event",
    ],
)
@pytest.mark.parametrize("value", ["hunter2 is it", 123456, ["a"], {"a": "b"}], ids=repr)
def test_a_field_named_like_a_secret_keeps_it(name: str, value: Any, written: Log) -> None:
    log.info("x", **{name: value}, inner=[{name: value}])

    line = written.line
    assert "[redacted]" in line.values()
    assert list(line["inner"][0].values()) == ["[redacted]"]


@pytest.mark.parametrize("name", ["userId", "status", "errorCode", "route", "count", "tries"])
def test_other_fields_are_shown(name: str) -> None:
    assert not is_secret_name(name)


def test_whether_there_is_a_secret_is_none(written: Log) -> None:
    log.info("x", email_verified=True, token=None)

    line = written.line
    assert (line["emailVerified"], line["token"]) == (True, None)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"got {JWT}", JWT),
        (f"got {JWT[:40]}", JWT[:40]),
        ("Authorization: Bearer abcdef.ghijkl", "abcdef"),
        ("authorization=bearer abcdef.ghijkl", "abcdef"),
        ("BEARER abcdefghijkl", "abcdefghijkl"),
        ("password=hunter2&x=1", "hunter2"),
        ("Password: hunter2", "hunter2"),
        ("the password is hunter", "hunter"),
        ('{"password": "correct horse \\" battery"}', "battery"),
        ("{'Password': 'correct horse'}", "horse"),
        ('{\\"newPassword\\": \\"hunter2\\"}', "hunter2"),
        ("client_secret=abc", "abc"),
        ("x-api-key: abc", "abc"),
        ("Your code is 482913.", "482913"),
        ("code 482913 was wrong", "482913"),
        ("482913", "482913"),
        # No digits alone: a line's time may hold any two of them.
        ("ConfirmationCode='7x7'", "7x7"),
        ("jo@example.com is taken", "jo@example"),
        ("<jo.doe+x@mail.example.co.uk>", "jo.doe"),
        ("email=jo%40example.com", "jo%40"),
        ("müller@exämple.de", "müller"),
        ("call +14155550123 now", "14155550123"),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_anywhere(text: str, hidden: str, written: Log) -> None:
    assert hidden in text

    log.info(text, note=text, inner={"a": [text]}, **{"odd " + text: 1})
    log.failure("failed", ValueError(text))

    assert hidden not in written.text


@pytest.mark.parametrize(
    "text",
    [
        "profile created",
        "11111111-2222-3333-4444-555555555555",
        "2026-11-20T09:41:00.123456Z",
        "GET /profiles/{userId}",
        "arn:aws:dynamodb:us-east-1:000000000000:table/vestibule-local",
        "us-east-1_aBcDeFgHi",
        "took 12.5 ms in 3 tries",
        "0f0e0d0c0b0a09080706050403020100",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        'x"}\n{"level":"INFO","message":"forged"}',
        "x\r\nforged",
        "x\u2028forged",
        "x\x00\x1b[2Jforged",
        "\ud800",
        "x\\",
    ],
    ids=repr,
)
def test_no_value_begins_a_line_of_its_own(text: str, written: Log) -> None:
    log.info(text, note=text, inner=[{text: text}], **{text: text})

    line = written.line
    assert line["note"] == text


def test_a_field_cannot_pass_for_the_lines_own(written: Log) -> None:
    log.info("true", level="x", time="x", logger="x")

    line = written.line
    assert (line["level"], line["logger"], line["level_"]) == ("INFO", "test", "x")


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.5"),
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        b"bytes",
        {1: 2},
        {"a", "b"},
        float("nan"),
        float("inf"),
        10**400,
        object,
        Unspeakable(),
        [[[[[[["deep"]]]]]]],
        ["wide"] * 10_000,
        "long" * 10_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_it_is_the_line_is_json_and_bounded(value: Any, written: Log) -> None:
    log.info("x", note=value)

    text = written.text
    assert len(text) < 20_000
    assert "note" in json.loads(text, parse_constant=pytest.fail)


def test_an_error_is_written_with_its_stack_and_its_cause(written: Log) -> None:
    def fail() -> None:
        try:
            {"other": 1}["inner"]
        except KeyError as error:
            raise ValueError("outer") from error

    try:
        fail()
    except ValueError as error:
        log.failure("failed", error, user_id="u1")

    line = written.line
    assert (line["level"], line["error"], line["userId"]) == ("ERROR", "ValueError", "u1")
    assert all(word in line["stack"] for word in ("inner", "outer", "in fail"))


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.floats() | st.lists(st.text())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_fields_make_one_line(capsys: pytest.CaptureFixture[str], fields: Any) -> None:
    log.info("x", inner=fields)

    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert json.loads(text)["message"] == "x"


@pytest.mark.parametrize(
    "text",
    ["a", "a@", "a.", "eyJ", "password=", "1", "+1", '\\"', "code'\" :", "bearer ", "%40"],
)
def test_a_hostile_text_costs_little(text: str, written: Log) -> None:
    """By this thread's own work, and at its best: a busy machine is no fault of the text."""
    log.info("x", note="@1")
    costs = []
    for _ in range(3):
        started = time.thread_time()
        log.info("x", note=text * 4000 + "@1")
        costs.append(time.thread_time() - started)

    assert min(costs) < 0.25
    assert len(written.lines) == 1 + len(costs)
