from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli import policies

if TYPE_CHECKING:
    from pathlib import Path

ARNS = {"table": ["arn:t"], "ec2:vpc": ["*"], "ec2:subnet": ["*"], "anything": ["*"]}

NAMES = {"environment": "dev", "table": "main"}


def resolved(folder: Path, statement: dict[str, Any], *unknown: str) -> dict[str, Any]:
    path = folder / "some.json"
    path.write_text(json.dumps({"Statement": [statement]}), encoding="utf-8")
    found: dict[str, Any] = policies.with_arns(path, ARNS, NAMES, unknown)["Statement"][0]
    return found


def test_symbols_become_what_they_stand_for_once_each(tmp_path: Path) -> None:
    statement = {"Resource": ["table", "ec2:vpc", "ec2:subnet", "arn:own"]}

    assert resolved(tmp_path, statement) == {"Resource": ["arn:t", "*", "arn:own"]}


def test_a_condition_names_the_environment_and_the_table(tmp_path: Path) -> None:
    asked = {"aws:ResourceTag/e": ["environment"], "aws:ResourceTag/t": ["table"]}
    condition = {"StringEquals": {**asked, "ec2:CreateAction": ["A"]}}

    found = resolved(tmp_path, {"Resource": ["table"], "Condition": condition})

    assert found["Condition"] == {
        "StringEquals": {
            "aws:ResourceTag/e": ["dev"],
            "aws:ResourceTag/t": ["main"],
            "ec2:CreateAction": ["A"],
        }
    }


@pytest.mark.parametrize(
    ("unknown", "left"),
    [
        (("ec2:",), {"StringEquals": {"aws:ResourceTag/e": ["dev"]}}),
        (("ec2:", "aws:ResourceTag/"), None),
    ],
)
def test_a_condition_that_the_place_does_not_know_is_left_out(
    tmp_path: Path, unknown: tuple[str, ...], left: dict[str, Any] | None
) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/e": ["environment"], "ec2:CreateAction": ["A"]}}

    found = resolved(tmp_path, {"Resource": ["table"], "Condition": condition}, *unknown)

    assert found.get("Condition") == left
