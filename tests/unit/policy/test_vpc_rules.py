"""The policy's section about VPCs: from policy.yaml to the functions, and what it must not say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.policy import parse
from vestibule.policy.model import PRIVATE_RANGES, VpcRules
from vestibule.policy.parse import PolicyBroken
from vestibule_cli.policy_file import PolicyRefused, load

if TYPE_CHECKING:
    from pathlib import Path

    from vestibule_cli.policy_file import PolicyFile


def read(section: Any) -> VpcRules:
    return parse.policy(json.dumps({"version": 1, "vpcs": section})).vpcs


def loaded(folder: Path, section: str) -> PolicyFile:
    file = folder / "policy.yaml"
    file.write_text(f"version: 1\nsign_up: {{}}\n{section}", encoding="utf-8")
    return load(file)


def test_a_policy_that_says_nothing_of_vpcs_has_the_usual_rules() -> None:
    assert read(None) == read({}) == VpcRules() == parse.shipped().vpcs
    assert read({}).allowed_cidrs == PRIVATE_RANGES
    assert (read({}).per_user, read({}).in_all, read({}).overlap) == (5, 100, "refuse")
    assert read({}).allowed_regions == ()


def test_what_a_policy_says_of_vpcs_holds() -> None:
    said = {
        "per_user": 0,
        "in_all": 1000,
        "allowed_cidrs": ["10.0.0.0/9"],
        "allowed_regions": ["eu-west-1", "us-gov-east-1"],
        "overlap": "warn",
        "later": "unknown",
    }

    assert read(said) == VpcRules(0, 1000, ("10.0.0.0/9",), ("eu-west-1", "us-gov-east-1"), "warn")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ([], "vpcs"),
        ({"per_user": -1}, "vpcs.per_user"),
        ({"per_user": True}, "vpcs.per_user"),
        ({"per_user": 1.5}, "vpcs.per_user"),
        ({"in_all": 1001}, "vpcs.in_all"),
        ({"in_all": "5"}, "vpcs.in_all"),
        ({"allowed_cidrs": "10.0.0.0/8"}, "vpcs.allowed_cidrs"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, "vpcs.allowed_cidrs"),
        ({"allowed_cidrs": ["fd00::/8"]}, "vpcs.allowed_cidrs"),
        ({"allowed_regions": ["Ireland"]}, "vpcs.allowed_regions"),
        ({"allowed_regions": ["eu-west-"]}, "vpcs.allowed_regions"),
        ({"allowed_regions": ["west-1"]}, "vpcs.allowed_regions"),
        ({"overlap": "ignore"}, "vpcs.overlap"),
    ],
)
def test_a_broken_section_breaks_the_policy(said: Any, place: str) -> None:
    with pytest.raises(PolicyBroken, match=place):
        read(said)


def test_a_file_pushes_of_vpcs_what_it_says_and_no_more(tmp_path: Path) -> None:
    silent = loaded(tmp_path, "")
    said = loaded(tmp_path, "vpcs:\n  per_user: 2\n  allowed_regions: [eu-west-1]\n")

    assert "vpcs" not in silent.content
    assert said.content["vpcs"] == {"per_user": 2, "allowed_regions": ["eu-west-1"]}
    assert parse.policy(said.json_text).vpcs == VpcRules(2, allowed_regions=("eu-west-1",))
    assert json.loads(said.shipped_text) == json.loads(said.json_text)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("vpcs: {per_user: 1001}", "4:18: vpcs.per_user: must be 0 to 1000, got 1001"),
        ("vpcs: {in_all: yes}", "4:16: vpcs.in_all: must be a whole number, got True"),
        (
            "vpcs: {allowed_cidrs: [10.1.0.0/8]}",
            (
                "4:24: vpcs.allowed_cidrs.0: must have no host bits set: '10.1.0.0/8' lies in "
                "10.0.0.0/8, write that"
            ),
        ),
        (
            "vpcs: {allowed_regions: []}",
            (
                "4:8: vpcs.allowed_regions: must name one at least; for the usual ones leave the "
                "key out"
            ),
        ),
        (
            "vpcs: {allowed_regions: [Ireland]}",
            "4:26: vpcs.allowed_regions.0: must be a region such as us-east-1, got 'Ireland'",
        ),
        (
            "vpcs: {overlap: ignore}",
            "4:17: vpcs.overlap: must be one of 'refuse' or 'warn', got 'ignore'",
        ),
        ("vpcs: {per_usr: 1}", "4:8: vpcs.per_usr: unknown key 'per_usr' (did you mean per_user?)"),
        (
            "vpcs: {per_user: 3, in_all: 2}",
            "4:18: vpcs.per_user: must not exceed vpcs.in_all, which is 2",
        ),
        (
            "vpcs: {allowed_cidrs: [10.0.0.0/29]}",
            "4:24: vpcs.allowed_cidrs.0: no VPC fits into 10.0.0.0/29: the smallest is a /28",
        ),
        (
            "vpcs: {allowed_cidrs: [127.1.0.0/16]}",
            "4:24: vpcs.allowed_cidrs.0: AWS gives addresses of 127.1.0.0/16 to nobody",
        ),
        (
            "vpcs: {allowed_cidrs: [10.1.0.0/16, 10.0.0.0/8]}",
            (
                "4:24: vpcs.allowed_cidrs.0: 10.1.0.0/16 is covered by 10.0.0.0/8 already: "
                "leave it out"
            ),
        ),
        (
            "vpcs: {allowed_regions: [eu-west-1, eu-west-1]}",
            "4:37: vpcs.allowed_regions.1: eu-west-1 stands here a second time",
        ),
    ],
)
def test_a_mistake_about_vpcs_is_told_with_its_place(
    tmp_path: Path, section: str, problem: str
) -> None:
    with pytest.raises(PolicyRefused) as refused:
        loaded(tmp_path, f"\n{section}\n")

    assert len(refused.value.problems) == 1, refused.value.problems
    assert refused.value.problems[0].startswith(f"policy.yaml:{problem}")


def test_fewer_in_all_than_the_usual_number_of_one_person_is_no_mistake(tmp_path: Path) -> None:
    assert loaded(tmp_path, "vpcs: {in_all: 2}").vpcs.in_all == 2
