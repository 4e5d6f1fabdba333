"""Who comes late comes in as everybody does, and what is noticed of them is written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fakes.arrivals import NOW, POLICY, arrival, ensuring, everything_of
from fakes.people import CREATED, address, keep, profile
from fakes.pool import listed
from fakes.table import FakeTable
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.profiles import items
from vestibule.triggers import retry
from vestibule.triggers.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.security.recorder import Sighting


def test_an_account_says_all_that_a_trigger_would_have_said() -> None:
    table = FakeTable()
    account = listed(
        user_name="Google_123",
        attributes={
            "given_name": "Ann",
            "custom:account_type": "business",
            "custom:signup_source": "pricing",
            "locale": "de-AT",
        },
    )

    assert Waiting(ensuring(table), clock=lambda: NOW).account(account).is_done

    kept = everything_of(table, account.user_id)
    assert kept["CONFIRMED"]["door"] == "Reconciliation"
    assert kept["CONFIRMED"]["at"] == timestamp(NOW)
    assert kept["CONFIRMED"]["origin"] == {"signup_source": "pricing"}
    assert kept["CONFIRMED"]["language"] == "de"
    assert kept["PROFILE"]["accountType"] == "business"
    assert kept["PROFILE"][items.SIGN_IN_NAME] == "Google_123"


def test_what_was_noticed_is_written_down() -> None:
    table, email = FakeTable(), address()
    keep(table, profile(email=email, email_verified=True, created_at=CREATED))
    who = arrival(email=email)
    noticed: list[Sighting] = []

    def record(sightings: Sequence[Sighting]) -> None:
        noticed.extend(sightings)

    waiting = Waiting(ensuring(table), record)
    message = json.loads(retry.write(who))

    assert waiting.message(message).is_done
    assert [(one.kind, one.user_id) for one in noticed] == [("email_conflict", who.user_id)]


def test_where_profiles_are_not_opened_the_word_goes_out_all_the_same() -> None:
    table = FakeTable()
    account = listed()
    ensure = ensuring(table, replace(POLICY, profile_creation=False))

    assert Waiting(ensure).account(account).is_done
    assert set(everything_of(table, account.user_id)) == {"CONFIRMED"}
