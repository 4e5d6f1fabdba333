from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fakes.people import LATER, new_sub, profile
from fakes.table import stored
from vestibule.profiles import items, preferences
from vestibule.profiles.model import EDITABLE, LastSeen, Profile
from vestibule.profiles.preferences import Preferences

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SUBS = st.uuids().map(str)
PROFILES = st.builds(
    Profile,
    user_id=SUBS,
    name=TEXTS,
    created_at=st.just(LATER),
    updated_at=st.just(LATER),
    email=st.none() | TEXTS,
    **{name: st.none() | TEXTS for name in EDITABLE if name != "name"},
    role=TEXTS,
    role_source=TEXTS,
    account_type=st.sampled_from(["standard", "business", "enterprise"]),
    organization_id=st.none() | TEXTS,
    status=st.sampled_from(["active", "suspended", "pending"]),
    email_verified=st.booleans(),
    phone_verified=st.booleans(),
    onboarding_completed=st.booleans(),
    version=st.integers(1, 2**53),
    email_conflict=st.booleans(),
)
PREFERENCES = st.builds(
    Preferences,
    marketing_emails=st.booleans(),
    theme=st.sampled_from(["light", "dark", "auto"]),
    language=TEXTS,
    dashboard_layout=st.dictionaries(TEXTS, TEXTS, max_size=3),
)


@given(PROFILES)
def test_a_profile_survives_the_table(person: Profile) -> None:
    item = stored(items.from_profile(person))

    assert items.to_profile(item) == person
    assert None not in item.values()


@given(PREFERENCES)
def test_preferences_survive_the_table(wishes: Preferences) -> None:
    assert items.to_preferences(stored(items.from_preferences("id", wishes))) == wishes


def test_an_item_of_a_later_version_is_read_for_what_is_known() -> None:
    person = profile()

    item = {**items.from_profile(person), "shoeSize": 44, "writeId": "x"}

    assert items.to_profile(item) == person


def test_a_profile_lies_under_its_person_and_in_the_list_by_age() -> None:
    item = items.from_profile(profile("some-id", created_at=LATER))

    assert {name: item[name] for name in ("pk", "sk", "gsi1pk", "gsi1sk")} == {
        "pk": "USER#some-id",
        "sk": "PROFILE",
        "gsi1pk": "PROFILES",
        "gsi1sk": f"{LATER}#some-id",
    }


def test_the_range_of_a_person_leaves_the_history_out() -> None:
    first, last = items.PERSON_RANGE

    for kind in (items.PROFILE, items.PREFERENCES, items.LAST_SEEN, items.TOMBSTONE):
        assert first <= kind <= last
    assert not first <= "ACTIVITY#2026-01-01T00:00:00.000000Z#1" <= last


def test_a_tombstone_says_nothing_of_the_person() -> None:
    user_id, admin = new_sub(), new_sub()

    text = json.dumps(items.tombstone(user_id, by=admin, at=LATER))

    assert json.loads(text) == {
        "pk": f"USER#{user_id}",
        "sk": "ERASED",
        "userId": user_id,
        "erasedAt": LATER,
        "erasedBy": admin,
    }


def test_only_a_persons_key_names_a_person() -> None:
    user_id = new_sub()

    assert items.user_id_of(items.person_key(user_id)) == user_id
    assert items.user_id_of("USER#") is None
    assert items.user_id_of(f"ORG#{user_id}") is None


def test_who_was_never_seen_has_no_times() -> None:
    assert items.to_last_seen(None) == LastSeen(None, None)
    assert items.to_last_seen({"lastActivityAt": LATER}) == LastSeen(None, LATER)


def test_preferences_have_the_defaults_that_ask_for_no_consent() -> None:
    assert preferences.to_view(Preferences()) == {
        "emailNotifications": True,
        "pushNotifications": True,
        "smsNotifications": False,
        "marketingEmails": False,
        "theme": "auto",
        "language": "en",
        "timezone": "UTC",
        "dateFormat": "YYYY-MM-DD",
        "dashboardLayout": {},
        "defaultView": "dashboard",
    }
