from __future__ import annotations

import contextlib
import json
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.policy import parse
from vestibule_cli.policy_file import PolicyRefused, load

ROOT = Path(__file__).parents[3]


def problems(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "policy.yaml"
    file.write_text(f"version: 1\n{text}", encoding="utf-8")
    with pytest.raises(PolicyRefused) as refused:
        load(file)
    assert str(refused.value).splitlines() == list(refused.value.problems)
    return refused.value.problems


def only_problem(folder: Path, text: str) -> str:
    found = problems(folder, text)
    assert len(found) == 1, found
    return found[0]


def test_the_projects_own_policy_loads_and_functions_can_read_it() -> None:
    policy = load(ROOT / "policy.yaml")

    assert "mailinator.com" in policy.sign_up.blocked_domains
    assert parse.policy(policy.json_text) == parse.policy(policy.shipped_text)


def test_a_short_policy_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1\nsign_up: {invitation_required: true}\n")

    policy = parse.policy(load(file).json_text)

    assert policy.invitation_required
    assert policy.roles == {"admin", "manager", "user", "guest"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "sign_up:\n  blocked_domains: [a.com, B.com]\n",
            (
                "policy.yaml:3:28: sign_up.blocked_domains.1: "
                "must be b.com, lower-case and nothing around it, got 'B.com'"
            ),
        ),
        (
            "sign_up:\n  blocked_domains:\n    - bücher.de\n",
            (
                "policy.yaml:4:7: sign_up.blocked_domains.0: "
                "must be written in ASCII, which is xn--bcher-kva.de, got 'bücher.de'"
            ),
        ),
        (
            'sign_up: {allowed_domains: ["@a.com"]}\n',
            (
                "policy.yaml:2:29: sign_up.allowed_domains.0: "
                "must be a.com, lower-case and nothing around it, got '@a.com'"
            ),
        ),
        (
            "sign_up: {allowed_domains: [com]}\n",
            (
                "policy.yaml:2:29: sign_up.allowed_domains.0: "
                "must be a domain such as example.com, got 'com'"
            ),
        ),
        (
            "sign_up: {invitation_required: maybe}\n",
            "policy.yaml:2:32: sign_up.invitation_required: must be true or false, got 'maybe'",
        ),
        (
            "sign_up: {invitations: true}\n",
            (
                "policy.yaml:2:11: sign_up.invitations: unknown key 'invitations' "
                "(did you mean invitation_required?); "
                "allowed: allowed_domains, blocked_domains, invitation_required"
            ),
        ),
        (
            "roles:\n  default: usr\n",
            (
                "policy.yaml:3:12: roles.default: unknown role 'usr' (did you mean user?); "
                "allowed: admin, guest, manager, user"
            ),
        ),
        (
            "roles: {default: admin}\n",
            "policy.yaml:2:18: roles.default: must not be admin: everybody would be one",
        ),
        (
            "roles: {additional: [user]}\n",
            "policy.yaml:2:22: roles.additional.0: user is known without being named",
        ),
        (
            "roles:\n  additional: [auditor]\n  by_domain:\n    a.com: auditr\n",
            (
                "policy.yaml:5:12: roles.by_domain.a.com: unknown role 'auditr' (did you mean "
                "auditor?); allowed: admin, auditor, guest, manager, user"
            ),
        ),
        (
            "roles:\n  raised_by_crm: [user, king]\n",
            (
                "policy.yaml:3:25: roles.raised_by_crm.1: unknown role 'king'; "
                "allowed: admin, guest, manager, user"
            ),
        ),
        (
            "roles:\n  by_domain:\n    A.com: manager\n",
            (
                "policy.yaml:4:5: roles.by_domain.A.com: "
                "must be a.com, lower-case and nothing around it, got 'A.com'"
            ),
        ),
        (
            "roles:\n  admins:\n    - root\n",
            (
                "policy.yaml:4:7: roles.admins.0: "
                "must be an address such as someone@example.com, got 'root'"
            ),
        ),
        (
            "roles:\n  admins: [Root@a.com]\n",
            (
                "policy.yaml:3:12: roles.admins.0: "
                "must be root@a.com, lower-case and nothing around it, got 'Root@a.com'"
            ),
        ),
        (
            "roles:\n  admins: [root@bücher.de]\n",
            (
                "policy.yaml:3:12: roles.admins.0: the domain must be written in ASCII, "
                "which is xn--bcher-kva.de, got 'bücher.de'"
            ),
        ),
        (
            'business_hours:\n  guest: {time_zone: Europe/Berln, from: "08:00", until: "18:00"}\n',
            (
                "policy.yaml:3:22: business_hours.guest.time_zone: "
                "unknown time zone 'Europe/Berln' (did you mean Europe/Berlin?); "
                "allowed: names of the IANA database, such as UTC, Europe/Berlin, America/New_York"
            ),
        ),
        (
            'business_hours:\n  gast: {time_zone: UTC, from: "08:00", until: "18:00"}\n',
            (
                "policy.yaml:3:3: business_hours.gast: unknown role 'gast' (did you mean guest?); "
                "allowed: admin, guest, manager, user"
            ),
        ),
        (
            'business_hours:\n  guest: {time_zone: UTC, from: "8:00", until: "18:00"}\n',
            "policy.yaml:3:33: business_hours.guest.from: must be a time such as 07:30, got '8:00'",
        ),
        (
            "business_hours:\n  guest: {time_zone: UTC, from: '08:00', until: 18:00}\n",
            (
                "policy.yaml:3:49: business_hours.guest.until: "
                "must be text, got 1080; put quotes around it"
            ),
        ),
        (
            'business_hours:\n  guest: {time_zone: UTC, from: "08:00", until: "08:00"}\n',
            (
                "policy.yaml:3:49: business_hours.guest.until: must differ from `from`. "
                "For no limit leave the role out"
            ),
        ),
        (
            'business_hours:\n  guest: {time_zone: UTC, form: 1, from: "01:00", until: "02:00"}\n',
            (
                "policy.yaml:3:27: business_hours.guest.form: unknown key 'form' "
                "(did you mean from?); allowed: days, from, time_zone, until"
            ),
        ),
        (
            "organizations:\n  default: acme\n",
            (
                "policy.yaml:3:12: organizations.default: unknown organization 'acme'; "
                "allowed: none yet"
            ),
        ),
        (
            "organizations:\n  plans: {business: team}\n",
            (
                "policy.yaml:3:21: organizations.plans.business: unknown plan 'team'; "
                "allowed: none yet"
            ),
        ),
        (
            "organizations:\n  plans: {buisness: team}\n  features: {team: []}\n",
            (
                "policy.yaml:3:11: organizations.plans.buisness: must be one of 'standard', "
                "'business' or 'enterprise', got 'buisness'"
            ),
        ),
        (
            (
                "organizations:\n  named:\n    acme: {name: Acme, domains: [a.com], plan: gold}\n"
                "  features: {team: []}\n"
            ),
            "policy.yaml:4:48: organizations.named.acme.plan: unknown plan 'gold'; allowed: team",
        ),
        (
            "federation: mix\n",
            "policy.yaml:2:13: federation: must be one of 'link' or 'refuse', got 'mix'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert only_problem(tmp_path, text) == problem


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "sign_up: {blocked_domains: [a.com, a.com]}\n",
            "2:36",
            "a.com stands here a second time",
        ),
        (
            "sign_up:\n  blocked_domains: [box.a.com, a.com]\n",
            "3:21",
            "box.a.com is covered by a.com already",
        ),
        (
            "sign_up:\n  blocked_domains: [a.com]\n  allowed_domains: [box.a.com]\n",
            "4:21",
            "box.a.com is blocked by sign_up.blocked_domains (a.com)",
        ),
        (
            "sign_up: {blocked_domains: [a.com]}\nroles: {admins: [root@box.a.com]}\n",
            "3:18",
            "nobody at box.a.com can sign up: sign_up.blocked_domains has a.com",
        ),
        (
            "sign_up: {allowed_domains: [a.com]}\nroles: {by_domain: {b.com: manager}}\n",
            "3:28",
            "nobody at b.com can sign up: sign_up.allowed_domains lacks it",
        ),
        (
            (
                "roles: {by_domain: {gmail.com: manager}}\n"
                "organizations: {public_mail_domains: [gmail.com]}\n"
            ),
            "2:21",
            "anybody can have an address at gmail.com",
        ),
        (
            (
                "organizations:\n  public_mail_domains: [gmail.com]\n"
                "  named: {acme: {name: Acme, domains: [eu.gmail.com]}}\n"
            ),
            "4:40",
            "anybody can have an address at eu.gmail.com",
        ),
        (
            (
                "organizations:\n  named:\n    a: {name: A, domains: [x.com]}\n"
                "    b: {name: B, domains: [y.com, x.com]}\n"
            ),
            "5:35",
            "x.com belongs to a already",
        ),
        (
            (
                "business_hours:\n  guest: {time_zone: UTC, days: [monday, monday], "
                'from: "01:00", until: "02:00"}\n'
            ),
            "3:42",
            "monday stands here a second time",
        ),
    ],
)
def test_rules_that_meet_or_never_apply_are_refused(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    problem = only_problem(tmp_path, text)

    assert problem.startswith(f"policy.yaml:{place}: ")
    assert words in problem


def test_every_problem_is_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "roles: {default: nobody, by_domain: {a.com: king}}\nsign_up: {blocked_domains: [a.com]}\n",
    )

    assert [problem.split(": ")[1] for problem in found] == [
        "roles.default",
        "roles.by_domain.a.com",
        "roles.by_domain.a.com",
    ]


@pytest.mark.parametrize("text", ["sign_up: [", "sign_up: {a: b: c}", "\tsign_up: {}", "x: 'open"])
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    assert only_problem(tmp_path, text).startswith("policy.yaml:")


def test_a_missing_or_later_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 2\n")
    with pytest.raises(
        PolicyRefused, match=r"^policy\.yaml:1:10: version: must be one of 1, got 2"
    ):
        load(file)

    file.write_text("federation: link\n")
    with pytest.raises(PolicyRefused, match=r"^policy\.yaml:1:1: version: is missing"):
        load(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="no such file"):
        load(tmp_path / "policy.yaml")


def test_without_time_zone_data_hours_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoneinfo, "available_timezones", set)

    problem = only_problem(
        tmp_path, 'business_hours:\n  guest: {time_zone: UTC, from: "01:00", until: "02:00"}\n'
    )

    assert "this machine has no time zone data" in problem


@given(st.text(max_size=200))
def test_whatever_the_file_holds_it_is_refused_in_words_or_read(text: str) -> None:
    import tempfile  # noqa: PLC0415 - tmp_path lives longer than one example

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(text, encoding="utf-8", errors="replace")
        with contextlib.suppress(PolicyRefused):
            assert json.loads(load(file).json_text)["version"] == 1
