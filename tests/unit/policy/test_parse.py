import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.policy import parse
from vestibule.policy.model import Policy
from vestibule.policy.parse import PolicyBroken
from vestibule_cli import policy_file

ROOT = Path(__file__).parents[3]


def read(**content: Any) -> Policy:
    return parse.policy(json.dumps({"version": 1, **content}))


def test_the_shipped_copy_is_policy_yaml() -> None:
    shipped = (ROOT / "src" / policy_file.SHIPPED).read_text(encoding="utf-8")

    assert shipped == policy_file.load(ROOT / "policy.yaml").shipped_text, (
        "write it with `vestibule policy check --write`"
    )


def test_as_shipped_everybody_may_come_but_from_a_disposable_address() -> None:
    policy = parse.shipped()

    assert policy.address_refusal("ann@example.com") is None
    assert policy.address_refusal("ann@gmail.com") is None
    assert policy.address_refusal("ann@mailinator.com") == "blocked_domain"
    assert len(policy.blocked_domains) >= 40
    assert not policy.invitation_required
    assert policy.default_role == "user"
    assert policy.admins == frozenset()
    assert policy.business_hours == {}
    assert policy.organizations == {}
    assert policy.default_organization is None
    assert policy.is_public_mail("gmail.com")
    assert policy.federation == "refuse"


@pytest.mark.parametrize(
    "domain",
    ["hotmail.es", "outlook.fr", "yahoo.co.jp", "live.nl", "att.net", "privaterelay.appleid.com",
     "ya.ru", "wp.pl", "protonmail.ch", "gmx.fr", "web.de", "t-online.de", "orange.fr", "free.fr",
     "libero.it", "any.yahoo.com"],
)  # fmt: skip
def test_as_shipped_nobody_founds_an_organization_at_the_great_mail_providers(domain: str) -> None:
    assert parse.shipped().is_public_mail(domain)


def test_the_shipped_policy_fits_into_a_parameter_that_costs_nothing() -> None:
    assert len(policy_file.load(ROOT / "policy.yaml").json_text.encode()) <= 4096


def test_everything_that_can_be_said_is_understood() -> None:
    policy = read(
        sign_up={"blocked_domains": ["b.com"], "allowed_domains": ["a.com"],
                 "invitation_required": True},
        roles={"additional": ["auditor"], "default": "guest", "admins": ["r@a.com"],
               "by_domain": {"a.com": "auditor"}, "raised_by_crm": ["guest", "auditor"]},
        business_hours={"guest": {"time_zone": "Asia/Tokyo", "days": ["sunday"],
                                  "from": "22:30", "until": "24:00"}},
        organizations={"named": {"acme": {"name": "Acme", "domains": ["a.com"], "plan": "team"},
                                 "rest": {"name": "Rest", "domains": [], "plan": None}},
                       "default": "rest", "default_department": "Sales",
                       "public_mail_domains": ["m.com"], "plans": {"business": "team"},
                       "features": {"team": ["x"]}},
        triggers={"welcome_mail": False, "profile_creation": False},
        federation="link",
    )  # fmt: skip

    assert policy.blocked_domains == {"b.com"}
    assert policy.allowed_domains == {"a.com"}
    assert policy.invitation_required
    assert policy.roles == {"admin", "manager", "user", "guest", "auditor"}
    assert policy.default_role == "guest"
    assert policy.role_for("r@a.com") == ("admin", "admin_list")
    assert policy.role_for("x@a.com") == ("auditor", "domain")
    assert policy.raised_by_crm == ("guest", "auditor")
    hours = policy.business_hours["guest"]
    assert (hours.time_zone, hours.days, hours.start, hours.end) == ("Asia/Tokyo", {6}, 1350, 1440)
    acme = policy.organization_for("a.com")
    assert acme is not None
    assert (acme.id, acme.name, acme.plan) == ("acme", "Acme", "team")
    assert policy.organizations["rest"].plan == "team"
    assert policy.default_organization == "rest"
    assert policy.default_department == "Sales"
    assert policy.is_public_mail("m.com")
    assert policy.features_for(policy.plan_for("business")) == ("x",)
    assert not policy.welcome_mail
    assert not policy.profile_creation
    assert policy.federation == "link"


def test_what_is_absent_is_neutral_and_what_is_unknown_is_passed_over() -> None:
    assert read(sign_up={}) == Policy()
    assert read(later={"x": 1}, sign_up={"later": True}, roles=None) == Policy()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"version": 2}, "version"),
        ({"version": None}, "version"),
        ({"sign_up": []}, "sign_up"),
        ({"sign_up": {"blocked_domains": "x.com"}}, "sign_up.blocked_domains"),
        ({"sign_up": {"blocked_domains": [1]}}, "sign_up.blocked_domains"),
        ({"sign_up": {"invitation_required": "no"}}, "sign_up.invitation_required"),
        ({"roles": {"default": "king"}}, "roles.default"),
        ({"roles": {"by_domain": {"a.com": "king"}}}, "roles.by_domain.a.com"),
        ({"roles": {"raised_by_crm": ["king"]}}, "roles.raised_by_crm"),
        ({"business_hours": {"guest": {"time_zone": "UTC"}}}, "business_hours.guest"),
        (
            {"business_hours": {"guest": {"from": "8:00", "until": "09:00"}}},
            "business_hours.guest",
        ),
        (
            {"business_hours": {"guest": {"days": ["Mo"], "from": "08:00", "until": "09:00"}}},
            "business_hours.guest.days",
        ),
        ({"organizations": {"default": "nobody"}}, "organizations.default"),
        ({"organizations": {"plans": {"business": 1}}}, "organizations.plans.business"),
        ({"federation": "maybe"}, "federation"),
        ({"version": True, "roles": {}}, "version"),
        ({}, "the policy"),
        ({"roles": {"default": "admin"}}, "roles.default"),
        ({"roles": {"additional": ["../x"]}}, "roles.additional"),
        ({"roles": {"admins": ["R@a.com"]}}, "roles.admins"),
        ({"roles": {"by_domain": {"A.com": "user"}}}, "roles.by_domain"),
        ({"sign_up": {"blocked_domains": ["Mailinator.com"]}}, "sign_up.blocked_domains"),
        ({"sign_up": {"allowed_domains": ["@a.com"]}}, "sign_up.allowed_domains"),
        (
            {"business_hours": {"guest": {"from": "08:00", "until": "08:00"}}},
            "business_hours.guest",
        ),
        ({"organizations": {"named": {"../x": {"name": "X"}}}}, "organizations.named"),
        ({"organizations": {"named": {"x": {"plan": "a b"}}}}, "organizations.named.x.plan"),
        ({"organizations": {"named": {"x": {"domains": [""]}}}}, "organizations.named.x.domains"),
        ({"organizations": {"plans": {"business": "A"}}}, "organizations.plans"),
        ({"organizations": {"features": {"a/b": []}}}, "organizations.features"),
        ({"organizations": {"features": {"a": ["b c"]}}}, "organizations.features.a"),
        ({"organizations": {"public_mail_domains": ["GMAIL.com"]}}, "organizations.public_mail_do"),
    ],
)
def test_a_value_of_another_kind_breaks_the_whole(content: dict[str, Any], place: str) -> None:
    with pytest.raises(PolicyBroken) as broken:
        parse.policy(json.dumps({"version": 1, **content}))

    assert str(broken.value).startswith(place)
    assert ": " in str(broken.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"x"', "{" * 5000, "[" * 100_000])
def test_what_is_no_document_is_broken(text: str) -> None:
    with pytest.raises(PolicyBroken):
        parse.policy(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["version", "sign_up", "roles", "business_hours", "organizations", "triggers",
                 "blocked_domains", "by_domain", "named", "guest", "from", "until", "plans"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=15,
    )
)  # fmt: skip
def test_nothing_but_a_policy_or_broken_comes_out(content: Any) -> None:
    if isinstance(content, dict):
        content["version"] = 1
    with contextlib.suppress(PolicyBroken):
        assert isinstance(parse.policy(json.dumps(content)), Policy)


@pytest.mark.parametrize(("text", "wanted"), [("00:00", 0), ("07:30", 450), ("24:00", 1440)])
def test_a_time_of_the_day_is_minutes(text: str, wanted: int) -> None:
    assert parse.minutes(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "7:30", "24:01", "12:60", "1230", "-1:00", "12:3", "\u0661\u0662:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse.minutes(text)
