"""Events are read whatever AWS leaves out, adds, or writes in another type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.arrivals import CLIENT, POOL, raw
from vestibule.triggers.events import Event, NotATrigger

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["userAttributes", "sub", "email", "clientMetadata", "__proto__", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def test_an_event_says_who_and_what() -> None:
    event = Event.parse(
        raw(
            "PreSignUp_SignUp",
            user_id="u1",
            attributes={"email": " Jo@Example.TEST "},
            request={"clientMetadata": {"a": "b"}, "validationData": {"c": "d"}},
        )
    )

    assert (event.source, event.trigger, event.occasion) == (
        "PreSignUp_SignUp",
        "PreSignUp",
        "SignUp",
    )
    assert (event.user_id, event.user_pool_id, event.client_id) == ("u1", POOL, CLIENT)
    assert (event.email, event.email_verified) == ("jo@example.test", True)
    assert (event.client_metadata, event.validation_data) == ({"a": "b"}, {"c": "d"})


@pytest.mark.parametrize("nothing", [None, "missing", [], "text", 3])
def test_maps_that_are_null_or_missing_are_empty(nothing: object) -> None:
    names = ("userAttributes", "clientMetadata", "validationData")
    request = {} if nothing == "missing" else dict.fromkeys(names, nothing)

    event = Event.parse({"triggerSource": "PreSignUp_SignUp", "request": request})

    assert (event.attributes, event.client_metadata, event.validation_data) == ({}, {}, {})
    assert (event.user_id, event.email, event.email_verified, event.client_id) == (
        "",
        None,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("written", "verified"),
    [("true", True), (True, True), ("True", True), ("false", False), (False, False), (None, False)],
)
def test_booleans_may_be_text_or_not(written: object, *, verified: bool) -> None:
    event = Event.parse(raw("PreSignUp_SignUp", attributes={"email_verified": written}))

    assert event.email_verified is verified


def test_no_address_is_never_a_verified_one() -> None:
    event = Event.parse(raw("PreSignUp_SignUp", attributes={"email": None}))

    assert (event.email, event.email_verified) == (None, False)


@pytest.mark.parametrize("told", ["\u212aate@example.com", "kate@\u212aates.test", "kate"])
def test_what_is_no_plain_address_is_neither_an_address_nor_verified(told: str) -> None:
    event = Event.parse(raw("PostConfirmation_ConfirmSignUp", attributes={"email": told}))

    assert (event.email, event.email_verified, event.told_email) == (None, False, told)


def test_the_sub_names_the_person_where_the_user_name_is_another() -> None:
    event = Event.parse(
        raw("TokenGeneration_HostedAuth", attributes={"sub": "s1"}, userName="Google_1")
    )

    assert event.user_id == "s1"


def test_an_operator_s_call_has_no_client() -> None:
    event = Event.parse(
        raw("PreSignUp_AdminCreateUser", callerContext={"clientId": "CLIENT_ID_NOT_APPLICABLE"})
    )

    assert event.client_id is None


@pytest.mark.parametrize("other", [None, [], "text", {}, {"triggerSource": 3}, {"Records": []}])
def test_what_is_no_event_of_a_pool_is_told_apart(other: object) -> None:
    with pytest.raises(NotATrigger):
        Event.parse(other)


@given(request=ANY_JSON, response=ANY_JSON, context=ANY_JSON, name=ANY_JSON)
def test_nothing_but_the_source_is_needed(
    request: Any, response: Any, context: Any, name: Any
) -> None:
    event = Event.parse(
        {
            "triggerSource": "PreSignUp_SignUp",
            "request": request,
            "response": response,
            "callerContext": context,
            "userName": name,
        }
    )

    texts = (event.attributes, event.client_metadata, event.validation_data)
    assert all(isinstance(text, str) for one in texts for text in one.values())
    assert isinstance(event.user_id, str)
    assert isinstance(event.response, dict)
