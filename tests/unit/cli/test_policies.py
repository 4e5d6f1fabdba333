from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule_cli import policies

if TYPE_CHECKING:
    from pathlib import Path

ARNS = {"table": ["arn:t"], "ec2:vpc": ["*"], "ec2:subnet": ["*"], "anything": ["*"]}

NAMES = {"environment": "dev", "table": "main"}


def resolved(folder: Path, statement: dict[str, Any]) -> dict[str, Any]:
    path = folder / "some.json"
    path.write_text(json.dumps({"Statement": [statement]}), encoding="utf-8")
    found: dict[str, Any] = policies.with_arns(path, ARNS, NAMES)["Statement"][0]
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
