"""Who may sign up, what strangers are told, and what is kept of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW, POLICY, FixedPolicies, event, fixed, raw
from vestibule.invitations import codes, items
from vestibule.invitations.model import BY_CODE, BY_EMAIL, REVOKED, Invitation
from vestibule.invitations.reservations import Reservations
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.budget import Budget
from vestibule.platform.ids import new_id
from vestibule.platform.operations import TransactionRefused
from vestibule.platform.values import replace
from vestibule.policy.model import Policy
from vestibule.profiles.model import OPERATOR
from vestibule.triggers.dispatch import APOLOGY, Refusal, Triggers
from vestibule.triggers.origin_store import TableOrigins
from vestibule.triggers.sign_up import (
    BAD_NAME,
    INVITATION_NEEDED,
    INVITATION_USELESS,
    NO_ADDRESS,
    UNWELCOME_ADDRESS,
    AdminCreateUser,
    SignUp,
)

if TYPE_CHECKING:
    from fakes.table import FakeTable

Capture = pytest.CaptureFixture[str]
EMAIL = "jo@example.test"
STRICT = Policy(
    blocked_domains=frozenset({"trash.test"}),
    allowed_domains=frozenset({"example.test", "trash.test"}),
)


def sign_up(
    table: FakeTable, policy: Policy = POLICY, *, code: str | None = None, **members: Any
) -> Any:
    attributes = {"sub": None, "email_verified": None, "email": EMAIL, "custom:invite_code": code}
    attributes |= members.pop("attributes", {})
    handler = SignUp(
        FixedPolicies(policy), Reservations(table), TableOrigins(table, fixed()), fixed()
    )
    return handler.handle(event("PreSignUp_SignUp", attributes=attributes, **members))


def refusal(*given: Any, **members: Any) -> str:
    with pytest.raises(Refusal) as refused:
        sign_up(*given, **members)
    return str(refused.value)


def invite(table: FakeTable, **fields: Any) -> str:
    code = codes.make(codes.LONG)
    plain = Invitation(
        id=new_id()[:16],
        code_hash=code.hash,
        role="manager",
        created_by=OPERATOR,
        created_at="2026-03-01T00:00:00.000000Z",
        valid_until=int((NOW + timedelta(days=1)).timestamp()),
    )
    invitation = replace(plain, **fields)
    table.put(items.from_invitation(invitation, forgotten_at=invitation.valid_until))
    return code.text


def security_events(capsys: Capture) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(one["severity"], one["securityEvent"]) for one in lines if "securityEvent" in one]


def test_anybody_with_an_address_is_welcome_and_nothing_is_asked(table: FakeTable) -> None:
    assert sign_up(table) is None
    assert table.calls == []


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("jo@trash.test", UNWELCOME_ADDRESS),
        ("jo@under.trash.test", UNWELCOME_ADDRESS),
        ("jo@elsewhere.test", UNWELCOME_ADDRESS),
        ("jo", NO_ADDRESS),
        (None, NO_ADDRESS),
        ("jo@exämple.test", NO_ADDRESS),
        ("\u212ajo@example.test", NO_ADDRESS),
        ("jo@еxample.test", NO_ADDRESS),  # noqa: RUF001 - a Cyrillic letter that looks Latin
        ("jo@example.test\r\nBcc: all@example.test", NO_ADDRESS),
        (f"{'j' * 300}@example.test", NO_ADDRESS),
    ],
)
def test_an_address_that_is_unwelcome_or_none_is_refused(
    table: FakeTable, email: str | None, words: str
) -> None:
    assert refusal(table, STRICT, attributes={"email": email}) == words.rstrip(".")
    assert table.calls == []


def test_while_the_rules_were_never_read_nobody_signs_up(table: FakeTable) -> None:
    policies = FixedPolicies(is_certain=False)
    handler = SignUp(policies, Reservations(table), TableOrigins(table, fixed()), fixed())
    triggers = Triggers({"PreSignUp": lambda: handler.handle}, Budget())

    with pytest.raises(Refusal, match=APOLOGY):
        triggers(raw("PreSignUp_SignUp"), None)


def test_a_code_that_too_many_want_is_not_called_useless(
    table: FakeTable, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code = invite(table, max_uses=1000)
    refused = TransactionRefused(())
    handler = SignUp(FixedPolicies(), Reservations(table), TableOrigins(table, fixed()), fixed())
    triggers = Triggers({"PreSignUp": lambda: handler.handle}, Budget())

    def busy(*_: Any) -> None:
        raise refused

    monkeypatch.setattr(table, "transact", busy)

    with pytest.raises(Refusal, match=APOLOGY):
        triggers(raw("PreSignUp_SignUp", attributes={"custom:invite_code": code}), None)

    assert security_events(capsys) == []


@pytest.mark.parametrize("email", ["JO@EXAMPLE.test", "jo+news@example.test", "jo@example.test"])
def test_an_address_is_welcome_in_any_case_and_with_a_plus(table: FakeTable, email: str) -> None:
    assert sign_up(table, STRICT, attributes={"email": email}) is None


@pytest.mark.parametrize(
    "name",
    ["J" * 5000, "J", "Jo\nDoe", "Jo \u202eeoD", "\u200b\u200b"],
    ids=["too long", "too short", "two lines", "turned around", "invisible"],
)
def test_a_name_nobody_could_show_is_refused(table: FakeTable, name: str) -> None:
    assert refusal(table, attributes={"name": name}).startswith(BAD_NAME)


@pytest.mark.parametrize("name", ["<b>Jo</b>", "__proto__", "李小龙", "Zoë O'Neil-Łódź", "عمر"])
def test_a_name_in_any_script_or_with_markup_is_welcome(table: FakeTable, name: str) -> None:
    assert sign_up(table, attributes={"name": name}) is None


def test_without_an_invitation_nobody_gets_in_where_one_is_needed(
    table: FakeTable, capsys: Capture
) -> None:
    assert refusal(table, Policy(invitation_required=True)) == INVITATION_NEEDED
    assert security_events(capsys) == [("LOW", "invitation_missing")]


def test_every_useless_code_is_refused_alike_and_after_the_same_calls(table: FakeTable) -> None:
    spent = invite(table, uses=1, taken=1)
    useless = {
        "unknown": "x" * 24,
        "somebody else's": invite(table, email="other@example.test"),
        "spent": spent,
        "revoked": invite(table, status=REVOKED),
        "expired": invite(table, valid_until=int(NOW.timestamp()) - 1),
    }
    calls: dict[str, list[str]] = {}
    words = set()
    for kind, code in useless.items():
        table.calls.clear()
        words.add(refusal(table, code=code))
        calls[kind] = list(table.calls)

    assert words == {INVITATION_USELESS}
    assert set(map(tuple, calls.values())) == {("BatchGetItem",)}


def test_a_useless_code_is_refused_even_where_none_is_needed(
    table: FakeTable, capsys: Capture
) -> None:
    assert refusal(table, code="x" * 24) == INVITATION_USELESS
    assert security_events(capsys) == [("MEDIUM", "invite_code_invalid")]


@pytest.mark.parametrize("where", ["attribute", "validation data"])
def test_a_code_reserves_its_invitation_for_the_address(table: FakeTable, where: str) -> None:
    code = invite(table)
    if where == "attribute":
        answer = sign_up(table, code=code)
    else:
        answer = sign_up(table, request={"validationData": {"invite_code": f" {code} "}})

    assert answer is None
    assert table.get(*items.reservation_key(EMAIL)) is not None


def test_the_same_address_may_sign_up_again(table: FakeTable) -> None:
    code = invite(table)

    sign_up(table, code=code)
    sign_up(table, code=code)

    assert refusal(table, code=code, attributes={"email": "x@example.test"}) == INVITATION_USELESS


@pytest.mark.parametrize(
    ("delivery", "answer"),
    [(BY_EMAIL, {"autoConfirmUser": True, "autoVerifyEmail": True}), (BY_CODE, None)],
)
def test_only_a_code_that_went_by_mail_alone_proves_the_address(
    table: FakeTable, delivery: str, answer: dict[str, bool] | None
) -> None:
    code = invite(table, delivery=delivery, email=EMAIL)

    assert sign_up(table, code=code) == answer


def test_a_table_that_is_away_lets_nobody_in_by_invitation(table: FakeTable) -> None:
    table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        sign_up(table, code="x" * 24)


def test_what_only_sign_up_is_told_is_kept_for_the_address(table: FakeTable) -> None:
    told = {"utm_source": "news", "referrer_id": "r1", "password": "no", "utm_" + "x" * 50: "no"}

    sign_up(table, request={"validationData": told, "clientMetadata": {"signup_source": "fair"}})

    (item,) = table.all_items()
    assert (item["pk"], item["sk"]) == (f"EMAIL#{EMAIL}", "SIGNUP")
    assert item["origin"] == {"utm_source": "news", "referrer_id": "r1", "signup_source": "fair"}
    assert NOW.timestamp() < item["expiresAt"] <= (NOW + timedelta(days=7)).timestamp()


def test_a_table_that_is_away_costs_the_origin_and_no_sign_up(table: FakeTable) -> None:
    table.fail_next(AwsUnavailable)

    assert sign_up(table, request={"validationData": {"utm_source": "news"}}) is None


@pytest.mark.parametrize(
    ("attributes", "request_", "expected"),
    [
        ({"email": "jo@trash.test"}, {}, [("MEDIUM", "domain_restriction_triggered")]),
        ({"name": "Jo\r\nDoe"}, {}, [("HIGH", "signup_blocked_suspicious")]),
        ({"name": "J"}, {}, [("LOW", "signup_attribute_refused")]),
        (
            {"name": "J", "email": "jo@trash.test"},
            {},
            [
                ("MEDIUM", "domain_restriction_triggered"),
                ("LOW", "signup_attribute_refused"),
                ("HIGH", "multiple_failed_validations"),
            ],
        ),
        (
            {},
            {"validationData": {"utm_source": "x" * 300}},
            [("MEDIUM", "unusual_signup_pattern")],
        ),
    ],
)
def test_security_events_have_their_severity(
    table: FakeTable,
    capsys: Capture,
    attributes: dict[str, str],
    request_: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    try:
        sign_up(table, STRICT, attributes=attributes, request=request_)
    except Refusal:
        pass
    else:
        assert request_

    assert security_events(capsys) == expected


def test_a_business_account_from_a_public_mail_domain_is_unusual(
    table: FakeTable, capsys: Capture
) -> None:
    sign_up(table, attributes={"email": "jo@mail.test", "custom:account_type": "business"})

    assert security_events(capsys) == [("MEDIUM", "unusual_signup_pattern")]


def test_an_operator_may_take_in_whom_the_policy_would_not() -> None:
    strict = FixedPolicies(replace(STRICT, invitation_required=True))
    made = event("PreSignUp_AdminCreateUser", attributes={"email": "jo@elsewhere.test"})

    AdminCreateUser(strict).handle(made)


@pytest.mark.parametrize("email", ["jo@exämple.test", "\u212ajo@example.test", "jo"])
def test_an_operator_cannot_take_in_somebody_without_an_address_mail_reaches(email: str) -> None:
    made = event("PreSignUp_AdminCreateUser", attributes={"email": email})

    with pytest.raises(Refusal, match="mail can be sent to"):
        AdminCreateUser(FixedPolicies()).handle(made)
