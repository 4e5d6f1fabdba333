"""What `deliveries` prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.sqs import FakeSqs
from vestibule.delivery import events, letters
from vestibule_cli.commands import deliveries as commands
from vestibule_cli.deliveries import Deliveries
from vestibule_cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

AT = "2026-11-20T09:41:00.123456Z"


def dead(subject: str = "ann", **fields: Any) -> str:
    event = events.to_message(events.make(events.USER_CONFIRMED, subject, AT, {})) | fields
    return letters.write(letters.Letter(event, "refused", "status 400", "mail", 3, AT, AT))


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs("mail", "retry")


@pytest.fixture
def run(sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(commands, "_deliveries", lambda _chosen: Deliveries(sqs.urls, sqs))

    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["deliveries", *arguments])
        return done.exit_code, done.stdout, done.stderr

    return run


def rows(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def test_status_is_a_line_for_each_queue(sqs: FakeSqs, run: Run) -> None:
    sqs.put("mail-dlq", dead())

    assert rows(run("status")[1])[1:] == [
        ["mail", "0", "0", "0", "1"],
        ["retry", "0", "0", "0", "0"],
    ]
    assert json.loads(run("status", "--json")[1])["queues"][0]["deadLetters"] == 1


def test_a_list_names_each_letter_and_a_letter_is_shown_whole(sqs: FakeSqs, run: Run) -> None:
    letter = sqs.put("mail-dlq", dead())
    sqs.put("retry-dlq", "{")

    listed = rows(run("list")[1])
    shown = run("show", letter)

    second = AT[:19]
    assert listed[1] == [letter, "mail", "user.confirmed", "refused", "3", second, second]
    assert listed[2][1:4] == ["retry", "unknown", "not processed"]
    assert len(rows(run("list", "--queue", "mail")[1])) == 2
    assert json.loads(run("list", "--only", "user.*", "--json")[1])["count"] == 1
    assert "status 400" in shown[1]
    assert '"subject": "ann"' in shown[1]
    assert json.loads(run("show", letter, "--json")[1])["letter"]["event"]["subject"] == "ann"


def test_letters_in_somebody_elses_hands_are_told_of(sqs: FakeSqs, run: Run) -> None:
    sqs.put("mail-dlq", dead())
    sqs.call("ReceiveMessage", {"QueueUrl": sqs.urls["mail-dlq"], "VisibilityTimeout": 9})

    exit_code, listed, told = run("list")

    assert (exit_code, len(rows(listed)), "Somebody else works on 1" in told) == (0, 1, True)


def test_all_goes_back_and_then_nothing_is_left(sqs: FakeSqs, run: Run) -> None:
    sqs.put("mail-dlq", dead())

    first, second = run("redrive"), run("redrive")

    assert (first[:2], second[:2]) == (
        (0, "mail: 1 sent back.\n"),
        (0, "Nothing was sent back.\n"),
    )


def test_what_stays_is_named_and_the_end_is_not_a_success(sqs: FakeSqs, run: Run) -> None:
    bad = [sqs.put("mail-dlq", dead(type=f"x{number}")) for number in range(22)]
    sqs.put("mail-dlq", dead())

    exit_code, shown, told = run("redrive", "--json")

    assert exit_code == 1
    assert f"vestibule: mail: {bad[0]} (x0) is left: events of type 'x0'" in told
    assert "vestibule: and 2 more." in told
    answer = json.loads(shown)
    assert (answer["redriven"], len(answer["left"]), answer["interrupted"]) == (1, 22, False)


def test_an_interrupt_ends_it_with_the_counts_so_far(
    sqs: FakeSqs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "ben", "eve"):
        sqs.put("mail-dlq", dead(name))
    send = sqs.SendMessage

    def interrupted(key: str, payload: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return send(key, payload)

    monkeypatch.setattr(sqs, "SendMessage", interrupted)
    before = signal.getsignal(signal.SIGINT)

    exit_code, shown, told = run("redrive")

    # Not between sending and deleting.
    assert (exit_code, shown) == (1, "mail: 1 sent back.\n")
    assert "interrupted" in told
    assert (len(sqs.ids("mail")), len(sqs.visible("mail-dlq"))) == (1, 2)
    assert signal.getsignal(signal.SIGINT) is before


def test_trouble_with_the_queue_is_told_with_the_counts_so_far(sqs: FakeSqs, run: Run) -> None:
    sqs.put("mail-dlq", dead())
    sqs.away("DeleteMessage")

    exit_code, shown, told = run("redrive")

    assert (exit_code, shown) == (1, "Nothing was sent back.\n")
    assert told.startswith("vestibule: sqs DeleteMessage")


@pytest.mark.parametrize(
    "arguments",
    [
        ["redrive", "--rate", "0"],
        ["redrive", "--rate", "fast"],
        ["redrive", "--queue", "post"],
        ["list", "--queue", "post"],
    ],
)
def test_a_slip_ends_with_2_and_sends_nothing(sqs: FakeSqs, run: Run, arguments: list[str]) -> None:
    sqs.put("mail-dlq", dead())

    assert run(*arguments)[0] == 2
    assert sqs.sent == []


def test_progress_is_told_on_long_work(
    sqs: FakeSqs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs.put("mail-dlq", dead())
    monkeypatch.setattr(commands, "PAUSE", 0.0)

    assert "1 of about 1 sent back ..." in run("redrive")[2]
