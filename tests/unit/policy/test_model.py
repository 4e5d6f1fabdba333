from datetime import UTC, datetime
from typing import get_args

import pytest

from vestibule.policy import clocks, model
from vestibule.policy.model import Hours, NamedOrganization, Policy

OFFICE = Hours(time_zone="Europe/Berlin", days=frozenset(range(5)), start=8 * 60, end=18 * 60)
NIGHT = Hours(time_zone="UTC", days=frozenset({4}), start=22 * 60, end=6 * 60)
ACME = NamedOrganization(
    id="acme", name="Acme", domains=frozenset({"acme.example", "acme.test"}), plan="team"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_address_is_welcome_where_nothing_is_said_against_it() -> None:
    assert Policy().address_refusal("ann@example.com") is None


@pytest.mark.parametrize("email", ["x@mailinator.com", "X@Box.Mailinator.com"])
def test_a_blocked_domain_is_refused_with_all_below_it(email: str) -> None:
    policy = Policy(blocked_domains=frozenset({"mailinator.com"}))

    assert policy.address_refusal(email) == "blocked_domain"
    assert policy.address_refusal("x@notmailinator.com") is None


def test_where_domains_are_allowed_all_others_are_refused() -> None:
    policy = Policy(allowed_domains=frozenset({"example.com"}))

    assert policy.address_refusal("ann@EXAMPLE.com") is None
    assert policy.address_refusal("ann@sub.example.com") == "not_allowed_domain"
    assert policy.address_refusal("ann@example.org") == "not_allowed_domain"


def test_a_block_is_stronger_than_an_allowance() -> None:
    policy = Policy(
        blocked_domains=frozenset({"example.com"}), allowed_domains=frozenset({"a.example.com"})
    )

    assert policy.address_refusal("ann@a.example.com") == "blocked_domain"


@pytest.mark.parametrize("email", ["ann", "ann@ex\u0430mple.com", "ann@mailinator.com."])
def test_what_could_slip_past_a_rule_is_refused_for_its_shape(email: str) -> None:
    policy = Policy(blocked_domains=frozenset({"mailinator.com"}))

    assert policy.address_refusal(email) == "shape"


def test_an_admins_address_is_stronger_than_its_domain() -> None:
    policy = Policy(admins=frozenset({"root@example.com"}), role_domains={"example.com": "manager"})

    assert policy.role_for("Root@Example.com") == ("admin", "admin_list")
    assert policy.role_for("ann@example.com") == ("manager", "domain")
    assert policy.role_for("root+1@example.com") == ("manager", "domain")
    assert policy.role_for("ann@sub.example.com") is None
    assert policy.role_for("nobody") is None


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T07:00", True),  # Friday 08:00 in Berlin
        ("2026-11-20T06:59", False),
        ("2026-11-20T16:59", True),
        ("2026-11-20T17:00", False),
        ("2026-11-21T10:00", False),  # Saturday
        ("2026-07-20T06:00", True),  # 08:00 in summer
        ("2026-07-20T05:59", False),
    ],
)
def test_hours_are_those_of_the_place(moment: str, is_open: bool) -> None:  # noqa: FBT001 - a row's result
    policy = Policy(business_hours={"guest": OFFICE})

    assert policy.within_business_hours("guest", at(moment)) is is_open
    assert policy.within_business_hours("user", at(moment))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T22:00", True),
        ("2026-11-21T05:59", True),  # Saturday morning is still Friday's shift
        ("2026-11-21T06:00", False),
        ("2026-11-21T22:00", False),
        ("2026-11-20T05:00", False),  # Thursday has none
    ],
)
def test_a_night_belongs_to_the_day_it_begins_on(moment: str, is_open: bool) -> None:  # noqa: FBT001 - same
    assert clocks.covers(NIGHT, at(moment)) is is_open


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "\0"])
def test_without_data_for_its_zone_nobody_with_hours_gets_in(zone: str) -> None:
    hours = Hours(time_zone=zone, days=frozenset(range(7)), start=0, end=24 * 60)

    assert not clocks.covers(hours, at("2026-11-20T12:00"))


def test_a_named_organization_is_found_by_exactly_its_domains() -> None:
    policy = Policy(organizations={"acme": ACME})

    assert policy.organization_for("Acme.Example") == ACME
    assert policy.organization_for("acme.test") == ACME
    assert policy.organization_for("sub.acme.example") is None
    assert policy.organization_named("acme") == ACME
    assert policy.organization_named("other") is None


def test_public_mail_is_public_below_its_name_too() -> None:
    policy = Policy(public_mail_domains=frozenset({"gmail.com"}))

    assert policy.is_public_mail("GMail.com")
    assert policy.is_public_mail("eu.gmail.com")
    assert not policy.is_public_mail("example.com")


def test_a_plan_follows_the_account_type_and_features_the_plan() -> None:
    policy = Policy(plans={"standard": "free", "business": "team"}, features={"team": ("a", "b")})

    assert policy.plan_for("business") == "team"
    assert policy.plan_for("no such type") == "free"
    assert policy.features_for("team") == ("a", "b")
    assert policy.features_for("free") == ()
    assert Policy().plan_for("business") == "free"


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("acme.com", "Acme"),
        ("acme-tools.co.uk", "Acme Tools"),
        ("mail.acme.com", "Acme"),
        ("ACME.de", "Acme"),
        ("co.uk", "Co"),
        ("xn--bcher-kva.example", "xn--bcher-kva"),
        ("localhost", "Localhost"),
    ],
)
def test_an_organization_gets_a_first_name_from_its_domain(domain: str, name: str) -> None:
    assert Policy().name_from_domain(domain) == name


def test_account_types_are_those_of_a_profile() -> None:
    from vestibule.profiles.bodies import AccountType  # noqa: PLC0415 - a layer above

    assert get_args(AccountType) == model.ACCOUNT_TYPES
