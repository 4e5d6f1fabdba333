"""Who puts items of a few kinds alone may put no others: nobody's profile, nobody's role."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

POLICIES = Path(__file__).parents[3] / "infra" / "policies"


@pytest.mark.parametrize(
    ("function", "keys"),
    [
        ("analytics", ["ONCE#analytics#*", "SECURITY#*"]),
        ("mailer", ["SECURITY#*"]),
        ("relay", ["UNRELAYED#*"]),
        ("user_service", ["SECURITY#*"]),
    ],
)
def test_only_items_of_its_own_are_put(function: str, keys: list[str]) -> None:
    document: dict[str, Any] = json.loads((POLICIES / f"{function}.json").read_text("utf-8"))
    puts = [one for one in document["Statement"] if "dynamodb:PutItem" in one["Action"]]

    assert [(one["Action"], one["Condition"]) for one in puts] == [
        (["dynamodb:PutItem"], {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}})
    ]
