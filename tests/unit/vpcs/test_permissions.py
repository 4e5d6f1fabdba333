"""The builder's role may do exactly what its code does, and remove only what bears our tag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakes.networks import World, record
from vestibule.vpcs.ec2_answers import KINDS

POLICY = Path(__file__).parents[3] / "infra" / "policies" / "vpc_builder.json"
OURS = {
    "StringEquals": {
        "aws:ResourceTag/vestibule:environment": ["environment"],
        "aws:ResourceTag/vestibule:table": ["table"],
    }
}
CHANGES = ("Associate", "Attach", "Delete", "Detach", "Modify", "Release")


def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(POLICY.read_text(encoding="utf-8"))["Statement"]
    return [one for one in found if any(name.startswith("ec2:") for name in one["Action"])]


def used() -> set[str]:
    """What building and deleting a network with everything in it calls, by EC2's names."""
    world = World()
    world.keep(record())
    world.drive()
    world.ask_to_delete()
    world.drive()
    return {_operation(call) for call in world.ec2.calls}


def _operation(call: str) -> str:
    verb, _, kind = call.partition(" ")
    if not kind:
        return verb
    names = {"Create": "create", "Delete": "delete", "Describe": "describe"}
    operation: str = getattr(KINDS[kind], names[verb])
    return operation


def test_the_role_may_do_what_is_done_and_nothing_more() -> None:
    allowed = {name for one in statements() for name in one["Action"]}

    # Tags at creation need a permission of their own.
    assert allowed == {f"ec2:{name}" for name in used()} | {"ec2:CreateTags"}


def test_only_lists_are_free_of_conditions() -> None:
    for one in statements():
        if not all(name.startswith("ec2:Describe") for name in one["Action"]):
            assert one["Condition"], one["Sid"]


def test_what_is_there_is_changed_and_removed_by_our_tag_alone() -> None:
    for one in statements():
        for name in one["Action"]:
            verb = name.removeprefix("ec2:")
            if verb == "CreateRoute" or verb.startswith(CHANGES):
                assert one["Condition"] == OURS, name
