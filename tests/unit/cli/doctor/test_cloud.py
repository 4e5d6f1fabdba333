"""What the doctor reads in AWS's answers."""

from __future__ import annotations

from typing import Any

import pytest

from vestibule_cli.doctor import cloud, wiring

POOL = "us-east-1_people"
OURS = {"ArnLike": {"AWS:SourceArn": f"arn:aws:cognito-idp:us-east-1:1:userpool/{POOL}"}}


@pytest.mark.parametrize(
    ("statement", "lets_in"),
    [
        ({"Effect": "Allow", "Principal": {"Service": wiring.COGNITO}, "Condition": OURS}, True),
        ({"Effect": "Deny", "Principal": {"Service": wiring.COGNITO}, "Condition": OURS}, False),
        ({"Effect": "Allow", "Principal": {"Service": wiring.COGNITO}}, False),
        ({"Effect": "Allow", "Principal": "*", "Condition": OURS}, False),
        ({"Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": OURS}, False),
    ],
)
def test_a_policy_lets_our_pool_alone_call(statement: dict[str, Any], *, lets_in: bool) -> None:
    assert wiring._lets_in(POOL, statement) is lets_in


@pytest.mark.parametrize(
    ("topic", "alarm", "is_ours"),
    [
        ("ours", {"AlarmActions": ["ours"]}, True),
        ("ours", {"AlarmActions": ["that-of-pr12"]}, False),
        ("ours", {"AlarmActions": []}, True),
        (None, {"AlarmActions": ["somebody's"]}, True),
    ],
    ids=["ours", "another deployment's", "silent", "no topic"],
)
def test_alarms_are_told_apart_by_whom_they_speak_to(
    topic: str | None, alarm: dict[str, Any], *, is_ours: bool
) -> None:
    assert cloud._speaks_to(topic, alarm) is is_ours
