"""What docs/vpcs.md shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from fakes.table import FakeTable
from fakes.tenants import keep_claimant
from fakes.whole_api import WholeApi
from vestibule.policy import parse
from vestibule.policy.model import VpcRules
from vestibule.vpcs.model import TRANSITIONS

TEXT = (Path(__file__).parents[3] / "docs" / "vpcs.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def answer_to(body: Any, **query: str) -> Any:
    table = FakeTable()
    return WholeApi(table).call("POST /vpcs", keep_claimant(table), body=body, query=query)


def test_the_request_that_is_shown_leaves_the_room_that_is_shown() -> None:
    request, room, _ = map(json.loads, blocks("json"))

    plan = answer_to(request, dryRun="true").body["plan"]

    assert plan["room"] == room


def test_the_refusal_that_is_shown_is_the_one_of_such_a_request() -> None:
    _, _, refusal = map(json.loads, blocks("json"))
    request = {
        "name": "web",
        "cidr": "10.20.0.0/20",
        "subnets": [{"cidr": "10.20.0.0/24"}, {}, {"cidr": "10.20.0.129/25"}],
        "natGateway": "single",
        "tags": {"aws:team": "x"},
    }

    assert answer_to(request).body["details"] == refusal["details"]


def test_the_limits_that_are_shown_are_those_of_a_policy_that_says_nothing() -> None:
    (shown,) = map(yaml.safe_load, blocks("yaml"))

    policy = parse.policy(json.dumps({"version": 1, **shown}))

    assert set(shown["vpcs"]) == {"per_user", "in_all", "allowed_cidrs", "overlap"}
    assert policy.vpcs == VpcRules()


def test_the_states_that_are_shown_are_those_that_there_are() -> None:
    shown = set(re.findall(r"([A-Z]+) --> ([A-Z]+)", *blocks("mermaid")))

    assert shown == {(state, to) for state, others in TRANSITIONS.items() for to in others}
