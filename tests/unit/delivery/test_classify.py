"""The table of docs/delivery.md, line by line."""

from __future__ import annotations

import pytest

from vestibule.delivery import classify, outbound
from vestibule.delivery.outbound import PeerFault
from vestibule.platform.connection import Answer

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def judged(status: int, body: bytes = b"{}", **headers: str) -> tuple[str, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    outcome = classify.answer(Answer(status, names, body), {409}, lambda: NOW)
    return outcome.kind, outcome.reason


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize(
    "body", [b"", b" \r\n", b"{}", b'{"id": 1}', b"OK", b"{", b"1 < 2", b"\xff"]
)
def test_a_2xx_is_done_whatever_it_says(status: int, body: bytes) -> None:
    assert judged(status, body, content_type="text/plain") == ("done", "")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"Sign in"),
        ("Text/HTML; charset=utf-8", b""),
        ("application/json", b"<!doctype html><p>Sign in"),
        ("", b"\r\n  <html>"),
        ("", b"\xef\xbb\xbf<html>"),
    ],
)
def test_a_2xx_with_a_web_page_is_somebody_elses(kind: str, body: bytes) -> None:
    assert judged(200, body, content_type=kind) == ("never", "answer_web_page")
    given = Answer(200, {"content-type": kind}, body)
    assert classify.answer(given, may_be_page=True).is_done


@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_already_there_is_done(body: bytes) -> None:
    assert judged(409, body) == ("done", "")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    assert judged(status, location="https://elsewhere.example/") == ("never", "redirected")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (408, "unavailable"),
        (429, "throttled"),
        (500, "unavailable"),
        (501, "unavailable"),
        (502, "unavailable"),
        (503, "unavailable"),
        (504, "unavailable"),
        (599, "unavailable"),
    ],
)
def test_what_may_pass_is_tried_later(status: int, reason: str) -> None:
    assert judged(status, b"<html>") == ("later", reason)


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 410, 413, 415, 418, 422, 425, 451]
)
def test_other_refusals_are_final(status: int) -> None:
    assert judged(status) == ("never", "refused")


def test_409_is_final_where_it_does_not_mean_done() -> None:
    assert classify.answer(Answer(409, {}, b"")).is_never


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (outbound.UNREACHABLE, "later"),
        (outbound.TIMED_OUT, "later"),
        (outbound.BROKEN_ANSWER, "later"),
        (outbound.ANSWER_TOO_LARGE, "never"),
        (outbound.ADDRESS_REFUSED, "never"),
    ],
)
def test_faults(reason: str, kind: str) -> None:
    outcome = classify.fault(PeerFault(reason, "why"))

    assert (outcome.kind, outcome.reason, outcome.detail) == (kind, reason, "why")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        (" 7 ", 7.0),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("²", None),
        ("99999999999999999999999", 3600.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:13:19 GMT", None),
        ("Fri, 14 Nov 2093 22:13:20 GMT", 3600.0),
        ("Tue, 99 Nov 2023 22:13:19 GMT", None),
        ("14 Nov 2023 22:14:20", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after(status: int, text: str, seconds: float | None) -> None:
    answer = Answer(status, {"retry-after": text}, b"")

    assert classify.answer(answer, now=lambda: NOW).seconds == seconds
