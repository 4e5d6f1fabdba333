"""Tokens that open what they were made for, and nothing else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fakes.parameters import NAME, InMemoryParameter
from vestibule.mail.unsubscribe import (
    FRESH_SECONDS,
    MARKETING,
    NOTIFICATIONS,
    VALID_DAYS,
    InvalidToken,
    KeyUnusable,
    ParameterKeys,
    Tokens,
    Wish,
)
from vestibule.platform.aws import AwsRefused

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
ANN = "11111111-2222-3333-4444-555555555555"
WISH = Wish(ANN, NOTIFICATIONS)
people = st.uuids().map(str)


def tokens(parameter: InMemoryParameter | None = None, moment: datetime = NOON) -> Tokens:
    return Tokens(ParameterKeys(parameter or InMemoryParameter(), NAME), lambda: moment)


@given(person=people, category=st.sampled_from([NOTIFICATIONS, MARKETING]))
def test_a_token_says_whose_and_which_mails(person: str, category: str) -> None:
    token = tokens().issue(Wish(person, category))

    assert tokens().read(token) == Wish(person, category)
    assert len(token) < 100
    assert "@" not in token


def test_each_category_turns_off_its_own_preference() -> None:
    assert Wish(ANN, NOTIFICATIONS).preference == "emailNotifications"
    assert Wish(ANN, MARKETING).preference == "marketingEmails"


@given(data=st.data())
def test_a_token_with_any_other_bit_is_invalid(data: st.DataObject) -> None:
    content = bytearray(urlsafe_b64decode(tokens().issue(WISH) + "=="))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8

    with pytest.raises(InvalidToken):
        tokens().read(urlsafe_b64encode(bytes(content)).decode().rstrip("="))


@given(text=st.text(max_size=200))
def test_any_other_text_is_invalid_and_no_error_of_another_kind(text: str) -> None:
    with pytest.raises(InvalidToken):
        tokens().read(text)


@given(alphabet=st.text("ABCDEFabcdef0123456789-_", min_size=74, max_size=74))
def test_what_only_looks_like_a_token_is_invalid(alphabet: str) -> None:
    with pytest.raises(InvalidToken):
        tokens().read(alphabet)


@given(data=st.data())
def test_a_token_has_one_spelling(data: st.DataObject) -> None:
    token = tokens().issue(WISH)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop0123456789-_"))
    assume(other != token[place])

    for spelled in (
        token[:place] + other + token[place + 1 :],
        f"{token}=",
        f" {token}",
        token[1:],
    ):
        with pytest.raises(InvalidToken):
            tokens().read(spelled)


def test_what_was_signed_by_another_key_is_forged_and_a_cut_one_is_only_broken() -> None:
    forged = tokens(InMemoryParameter("x" * 43)).issue(WISH)

    with pytest.raises(InvalidToken) as told:
        tokens().read(forged)
    assert told.value.forged
    with pytest.raises(InvalidToken) as told:
        tokens().read(tokens().issue(WISH)[:-3])
    assert not told.value.forged


def test_a_token_ends_with_its_last_day() -> None:
    token = tokens().issue(WISH)

    assert tokens(moment=NOON + timedelta(days=VALID_DAYS)).read(token) == WISH
    with pytest.raises(InvalidToken, match="expired") as told:
        tokens(moment=NOON + timedelta(days=VALID_DAYS + 1)).read(token)
    assert not told.value.forged


@pytest.mark.parametrize(
    "wish",
    [Wish("ann@example.com", NOTIFICATIONS), Wish(UUID(ANN).hex, MARKETING), Wish(ANN, "all")],
    ids=["address", "no-dashes", "category"],
)
def test_a_token_is_made_for_a_person_and_a_category_that_exist(wish: Wish) -> None:
    with pytest.raises(ValueError, match="UUID"):
        tokens().issue(wish)


def test_a_replaced_key_still_opens_what_it_signed_and_signs_no_more() -> None:
    parameter = InMemoryParameter("a" * 43)
    old = tokens(parameter).issue(WISH)
    parameter.values.append("b" * 43)

    assert tokens(parameter).read(old) == WISH
    assert tokens(parameter).issue(WISH) != old


def test_a_version_that_is_gone_opens_nothing() -> None:
    parameter = InMemoryParameter("a" * 43)
    old = tokens(parameter).issue(WISH)
    parameter.values.append("b" * 43)
    parameter.forgotten.add(1)

    with pytest.raises(InvalidToken):
        tokens(parameter).read(old)


def test_a_key_is_fetched_once_in_five_minutes_and_a_former_one_once() -> None:
    parameter, moment = InMemoryParameter("a" * 43, "b" * 43), [0.0]
    keys = ParameterKeys(parameter, NAME, monotonic=lambda: moment[0])
    for _ in range(3):
        keys.current()
        assert keys.find(1) == b"a" * 43
        assert keys.find(2) == b"b" * 43

    assert parameter.asked == [NAME, f"{NAME}:1"]

    moment[0] = FRESH_SECONDS
    keys.current()
    assert parameter.asked == [NAME, f"{NAME}:1", NAME]


def test_strangers_cannot_have_us_look_for_keys_that_never_were() -> None:
    parameter = InMemoryParameter()
    keys = ParameterKeys(parameter, NAME)

    assert [keys.find(version) for version in (0, 2, 2**24 - 1)] == [None, None, None]
    assert parameter.asked == [NAME]


def test_a_key_that_is_too_short_signs_nothing() -> None:
    with pytest.raises(KeyUnusable, match="32"):
        tokens(InMemoryParameter("short")).issue(WISH)


def test_a_refusal_that_says_nothing_of_the_version_is_passed_on() -> None:
    class Refusing(InMemoryParameter):
        def call(self, *given: object, **named: object) -> dict[str, object]:
            if self.asked:
                raise AwsRefused("ssm", "GetParameter", code="AccessDeniedException")
            return super().call(*given, **named)  # type: ignore[arg-type]

    keys = ParameterKeys(Refusing("a" * 43, "b" * 43), NAME)

    with pytest.raises(AwsRefused):
        keys.find(1)
