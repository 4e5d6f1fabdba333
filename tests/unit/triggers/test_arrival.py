"""What an event says of a person, made fit to be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.arrivals import arrival, event
from vestibule.platform.aws import AwsUnavailable
from vestibule.triggers import retry
from vestibule.triggers.arrival import NAMELESS, Arrival, clean, from_message, to_message

AT = "2026-03-04T05:06:07.000008Z"
SOURCE = "PostConfirmation_ConfirmSignUp"


def came(**attributes: object) -> Arrival:
    return Arrival.from_event(event(SOURCE, attributes=attributes), AT)


def test_an_event_becomes_an_arrival() -> None:
    who = came(
        **{
            "sub": "s1",
            "email": "Jo@Example.test",
            "given_name": "Jo",
            "family_name": "Doe",
            "phone_number": "+14155550123",
            "phone_number_verified": "true",
            "locale": "de-AT",
            "custom:account_type": "Business",
            "custom:marketing_consent": "true",
            "custom:signup_source": "fair",
        }
    )

    assert who == Arrival(
        user_id="s1",
        door=SOURCE,
        at=AT,
        email="jo@example.test",
        email_verified=True,
        name="Jo Doe",
        first_name="Jo",
        last_name="Doe",
        phone_number="+14155550123",
        phone_verified=True,
        account_type="business",
        language="de",
        marketing_consent=True,
        origin={"signup_source": "fair"},
    )


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"userName": "Google_123", "user_id": "s1"}, "Google_123"),
        ({"userName": "s1", "user_id": "s1"}, None),
        ({"userName": "", "user_id": "s1"}, None),
        ({"userName": "Google_123", "attributes": {"sub": None}}, None),
    ],
    ids=["a provider's", "the sub", "none", "of nobody known"],
)
def test_cognitos_name_for_somebody_is_kept_where_it_is_not_their_sub(
    members: dict[str, Any], name: str | None
) -> None:
    assert Arrival.from_event(event(SOURCE, **members), AT).sign_in_name == name


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"name": "  Jo \n Doe\t"}, "Jo Doe"),
        ({"name": "Jo \u202eeoD"}, "Jo eoD"),
        ({"name": "x" * 5000}, "x" * 256),
        ({"name": "J", "given_name": "Jo"}, "Jo"),
        ({"name": None, "given_name": "Jo", "family_name": "Doe"}, "Jo Doe"),
        ({"name": "\u0000\ud800"}, NAMELESS),
        ({"name": None}, NAMELESS),
        ({"name": "<script>__proto__</script>"}, "<script>__proto__</script>"),
        ({"name": "👩\u200d🚀 Zoë"}, "👩\u200d🚀 Zoë"),
    ],
)
def test_a_name_is_one_line_that_shows_itself_as_it_is(
    attributes: dict[str, str | None], name: str
) -> None:
    assert came(**attributes).name == name


@pytest.mark.parametrize(
    "email", ["jo", "\u212aate@a.test", "jo@exämple.test", "j" * 2000 + "@example.test", "a\nb@c.d"]
)
def test_what_is_no_address_is_left_out_whoever_calls_it_verified(email: str) -> None:
    who = came(email=email, email_verified="true")

    assert (who.email, who.proven_email) == (None, None)


@given(st.text(max_size=400))
def test_a_cleaned_text_can_be_kept_and_shown(text: str) -> None:
    kept = clean(text, 256)

    assert len(kept) <= 256
    assert kept == kept.strip()
    assert not set(kept) & set("\r\n\u0000\u202e\u2066")
    kept.encode()


@pytest.mark.parametrize("phone", ["0123", "+0123", "+1 415", "+" + "1" * 16, "+", "call me"])
def test_what_is_no_telephone_number_is_left_out(phone: str) -> None:
    who = came(phone_number=phone, phone_number_verified="true")

    assert (who.phone_number, who.phone_verified) == (None, False)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en", "en"), ("DE_ch", "de"), ("fil-PH", "fil"), ("x", None), ("d\r\n", None), ("", None)],
)
def test_a_language_is_its_two_or_three_letters(locale: str, language: str | None) -> None:
    assert came(locale=locale).language == language


def test_an_arrival_comes_back_from_the_queue_as_it_went() -> None:
    who = arrival(origin={"utm_source": "x"}, language="de")

    assert from_message(json.loads(retry.write(who))["arrival"]) == who
    assert from_message(json.loads(json.dumps(to_message(who))) | {"newer": 1}) == who


def test_a_waiting_arrival_holds_no_secret() -> None:
    of = event(
        "UserMigration_Authentication",
        request={"password": "hunter2-hunter2", "clientMetadata": {"token": "tok"}},
    )

    body = retry.write(Arrival.from_event(of, AT))

    assert "hunter2" not in body
    assert "tok" not in body.replace('"kind"', "")


def test_an_arrival_is_sent_to_its_queue() -> None:
    sent = []

    class Client:
        def call(self, operation: str, payload: object, **_: object) -> None:
            sent.append((operation, payload))

    who = arrival()
    retry.RetryQueue(Client(), "https://queue.test/retry").send(who)  # type: ignore[arg-type]

    assert sent == [
        (
            "SendMessage",
            {"QueueUrl": "https://queue.test/retry", "MessageBody": retry.write(who)},
        )
    ]


def test_without_a_queue_nothing_can_wait() -> None:
    with pytest.raises(AwsUnavailable):
        retry.NoQueue().send(arrival())
