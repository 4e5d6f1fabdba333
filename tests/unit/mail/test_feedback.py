"""SES's own notifications, as its developer guide shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.table import FakeTable
from vestibule.mail.feedback import Feedback
from vestibule.mail.suppression import Suppressions

EXAMPLES = Path(__file__).parents[3] / "examples" / "events"


def bounce(**changes: Any) -> dict[str, Any]:
    said = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": "jo@example.test", "status": "5.1.1"}],
    }
    return {"notificationType": "Bounce", "bounce": {**said, **changes}, "mail": {}}


def complaint(**changes: Any) -> dict[str, Any]:
    said = {
        "complaintFeedbackType": "abuse",
        "complainedRecipients": [{"emailAddress": "Jo <jo@example.test>"}],
    }
    return {"eventType": "Complaint", "complaint": {**said, **changes}, "mail": {}}


def enveloped(told: Any) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(told)})


def kept(message: Any) -> tuple[bool, list[dict[str, Any]]]:
    table = FakeTable()
    taken = Feedback(Suppressions(table)).handle(message)
    return taken, table.all_items()


@pytest.mark.parametrize("wrap", [enveloped, json.dumps, dict], ids=["topic", "text", "object"])
@pytest.mark.parametrize(
    ("told", "reason", "kind"),
    [(bounce(), "bounce", "General"), (complaint(), "complaint", "abuse")],
    ids=["bounce", "complaint"],
)
def test_an_address_is_set_aside_with_the_reason(
    wrap: Any, told: dict[str, Any], reason: str, kind: str
) -> None:
    taken, (item,) = kept(wrap(told))

    assert taken
    assert (item["pk"], item["sk"]) == ("EMAIL#jo@example.test", "SUPPRESSED")
    assert (item["reason"], item["kind"]) == (reason, kind)


@pytest.mark.parametrize("type_", ["Transient", "Undetermined", None])
def test_a_bounce_that_may_pass_sets_nothing_aside(type_: str | None) -> None:
    assert kept(bounce(bounceType=type_)) == (True, [])


def test_a_complaint_that_was_taken_back_sets_nothing_aside() -> None:
    assert kept(complaint(complaintFeedbackType="not-spam")) == (True, [])


def test_every_recipient_is_set_aside_and_what_is_no_address_passed_over() -> None:
    recipients = [{"emailAddress": "a@example.test"}, {"emailAddress": "b@example.test"}]

    taken, items = kept(bounce(bouncedRecipients=[*recipients, {"emailAddress": "c"}, {}, 1, None]))

    assert taken
    assert [item["pk"] for item in items] == ["EMAIL#a@example.test", "EMAIL#b@example.test"]


def test_what_somebody_wrote_into_a_kind_is_not_kept() -> None:
    _, (item,) = kept(bounce(bounceSubType="<script> jo@example.test"))

    assert item["kind"] == "unknown"


@pytest.mark.parametrize(
    "told",
    [
        {"notificationType": "Delivery", "delivery": {}},
        {"eventType": "Open", "open": {}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "..."},
    ],
)
def test_what_is_of_no_consequence_is_taken_and_forgotten(told: dict[str, Any]) -> None:
    assert kept(enveloped(told)) == (True, [])


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "nonsense",
        "[" * 100_000,
        {"type": "user.erased"},
        {"notificationType": "Bounce"},
        {"notificationType": "Complaint", "complaint": []},
        {"Type": "Notification", "Message": 1},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://x/"},
        {"notificationType": ["Bounce"], "bounce": {}},
    ],
    ids=[
        "empty",
        "list",
        "text",
        "deep",
        "event",
        "bounce",
        "complaint",
        "number",
        "other",
        "kind",
    ],
)
def test_what_is_no_feedback_is_left_to_others(message: Any) -> None:
    assert kept(message) == (False, [])


@pytest.mark.parametrize("name", ["maintenance-bounce", "maintenance-complaint"])
def test_the_examples_are_feedback(name: str) -> None:
    (record,) = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))["Records"]

    taken, items = kept(record["body"])

    assert taken
    assert len(items) == 1
