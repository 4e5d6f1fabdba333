"""`vestibule up` and Terraform make the same thing, by what the services say of it."""

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(540)]

# What only a deployment has. Everything else must be equal.
ONLY_DEPLOYED: dict[tuple[str, ...], str] = {
    ("table", "description", "SSEDescription"): "the laptop has no key to encrypt with",
    **{
        ("queues", f"{key}-dlq", "RedriveAllowPolicy"): "the laptop's queues are all ours"
        for key in ("analytics", "mail", "retry", "user-service", "vpc-jobs")
    },
    ("delivery", "bus", "tags"): "tags",
    ("api", "stage", "accessLogSettings"): "the laptop keeps no access log",
    ("api", "stage", "tags"): "tags",
    ("api", "api", "tags"): "tags",
    ("pool", "description", "UserPoolTags"): "tags",
    ("identity pool", "description", "IdentityPoolTags"): "tags",
}
PARTS = ["table", "pool", "identity pool", "functions", "queues", "delivery", "roles", "api"]


def without(found: Any, place: tuple[str, ...] = ()) -> Any:
    if not isinstance(found, dict):
        return found
    return {
        key: without(each, (*place, key))
        for key, each in found.items()
        if (*place, key) not in ONLY_DEPLOYED
    }


@pytest.mark.parametrize("part", PARTS)
def test_both_ways_make_the_same(
    part: str, deployed: dict[str, Any], provisioned: dict[str, Any]
) -> None:
    ours = without(deployed["described"][part], (part,))
    laptop = without(provisioned["described"][part], (part,))
    assert lines(ours) == lines(laptop)


def lines(found: Any) -> list[str]:
    return json.dumps(found, indent=1, sort_keys=True).splitlines()


def test_terraform_refuses_a_state_that_was_made_without_it(provisioned: dict[str, Any]) -> None:
    assert "made without Terraform" in provisioned["refused"]
    assert "vestibule reset" in provisioned["refused"]
