"""Who gets past each rule: every kind of caller, at their own path, another's and none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.gateway import InMemoryRecords, NoRecords
from fakes.people import new_sub
from vestibule.platform.authorization import (
    ADMIN,
    CREATOR_OR_ADMIN,
    MEMBER,
    ORGANIZATION_ADMIN,
    ORGANIZATION_ADMIN_OR_SELF,
    PUBLIC,
    RULES,
    SELF,
    SELF_OR_ADMIN,
    SIGNED_IN,
    CallerRecord,
    Rule,
)
from vestibule.platform.http.errors import Forbidden, Unauthenticated
from vestibule.platform.http.request import Caller

if TYPE_CHECKING:
    from vestibule.platform.authorization import Records

ME, OTHER = new_sub(), new_sub()
PERSON = Caller(ME)
MACHINE = Caller("1example23456789", is_person=False)
CALLERS: dict[str, tuple[Caller | None, CallerRecord | None]] = {
    "nobody": (None, None),
    "machine": (MACHINE, CallerRecord("admin", "active")),
    "no record": (PERSON, None),
    "user": (PERSON, CallerRecord("user", "active")),
    "manager": (PERSON, CallerRecord("manager", "active")),
    "admin": (PERSON, CallerRecord("admin", "active")),
    "suspended admin": (PERSON, CallerRecord("admin", "suspended")),
    "pending admin": (PERSON, CallerRecord("admin", "pending")),
}
PATHS: dict[str, dict[str, str]] = {"own": {"userId": ME}, "other": {"userId": OTHER}, "none": {}}
EVERYONE = frozenset(CALLERS)
PEOPLE = EVERYONE - {"nobody", "machine"}
ADMINS = frozenset({"admin"})
NOBODY: frozenset[str] = frozenset()
# rule -> path -> who gets in
MATRIX: dict[str, dict[str, frozenset[str]]] = {
    PUBLIC.name: {"own": EVERYONE, "other": EVERYONE, "none": EVERYONE},
    SIGNED_IN.name: {"own": PEOPLE, "other": PEOPLE, "none": PEOPLE},
    SELF.name: {"own": PEOPLE, "other": NOBODY, "none": PEOPLE},
    SELF_OR_ADMIN.name: {"own": PEOPLE, "other": ADMINS, "none": PEOPLE},
    ADMIN.name: {"own": ADMINS, "other": ADMINS, "none": ADMINS},
    # The domain goes on from here: it reads the membership.
    MEMBER.name: {"own": PEOPLE, "other": PEOPLE, "none": PEOPLE},
    ORGANIZATION_ADMIN.name: {"own": PEOPLE, "other": PEOPLE, "none": PEOPLE},
    ORGANIZATION_ADMIN_OR_SELF.name: {"own": PEOPLE, "other": PEOPLE, "none": PEOPLE},
    CREATOR_OR_ADMIN.name: {"own": PEOPLE, "other": PEOPLE, "none": PEOPLE},
}


def test_the_matrix_leaves_no_rule_out() -> None:
    assert set(MATRIX) == {rule.name for rule in RULES}


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("where", PATHS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_lets_in_whom_the_matrix_says(rule: Rule, where: str, who: str) -> None:
    caller, record = CALLERS[who]
    known = {} if caller is None or record is None else {caller.user_id: record}

    try:
        rule.enforce(caller, PATHS[where], InMemoryRecords(known))
        is_in = True
    except (Forbidden, Unauthenticated):
        is_in = False

    assert is_in == (who in MATRIX[rule.name][where])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not PUBLIC], ids=repr)
def test_nobody_is_told_to_sign_in_and_a_machine_that_it_may_not(rule: Rule) -> None:
    with pytest.raises(Unauthenticated):
        rule.enforce(None, {}, NoRecords())
    with pytest.raises(Forbidden):
        rule.enforce(MACHINE, {}, NoRecords())


@pytest.mark.parametrize("rule", [PUBLIC, SIGNED_IN, SELF, SELF_OR_ADMIN], ids=repr)
def test_no_record_is_read_for_who_is_let_in_without_it(rule: Rule) -> None:
    rule.enforce(PERSON, {"userId": ME}, NoRecords())


def test_a_rule_that_opens_no_way_lets_nobody_in() -> None:
    records: Records = InMemoryRecords({ME: CallerRecord("admin", "active")})

    with pytest.raises(Forbidden):
        Rule("closed", "Nobody.").enforce(PERSON, {"userId": ME}, records)


def test_each_rule_says_in_words_whom_it_lets_in() -> None:
    assert len({rule.name for rule in RULES}) == len({rule.text for rule in RULES}) == len(RULES)
