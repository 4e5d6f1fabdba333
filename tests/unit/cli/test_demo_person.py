"""A made-up person, with Cognito's answers made up as well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vestibule_cli.demo import person
from vestibule_cli.demo.person import MailMissing, Person

PLACE: Any = SimpleNamespace(
    user_pool_id="us-east-1_Pool",
    client_id="web",
    region="us-east-1",
    mail_domain="example.com",
    keys={},
    client=lambda *_names, **_options: object(),
)


def test_a_token_that_has_ended_on_its_way_is_given_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    class Answering:
        def __init__(self, **options: Any) -> None:
            asked.append(options)

        def authenticate_user(self) -> dict[str, Any]:
            return {"AuthenticationResult": {"AccessToken": "ended, and not to be verified"}}

    monkeypatch.setattr(person, "AWSSRP", Answering)
    ann = Person(PLACE, "Ann")

    assert ann.sign_in_with("short-lived") == "ended, and not to be verified"
    (options,) = asked
    assert (options["client_id"], options["username"]) == ("short-lived", ann.email)


class Coming:
    """An inbox that one more code has come to whenever somebody looks, up to the last."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes
        self._looks = 0

    def sent_to(self, _address: str) -> list[str]:
        self._looks += 1
        return [*reversed(self._codes[: self._looks])]


def place(*codes: str) -> Any:
    return SimpleNamespace(**{**vars(PLACE), "codes": Coming(*codes), "patience": 0.2})


def test_a_code_is_waited_for_and_an_older_one_is_not_taken_for_it() -> None:
    assert Person(place("111111", "222222"), "Ann").code_from_inbox(after=1) == "222222"


def test_a_code_that_never_comes_is_missed_by_the_address_and_the_time() -> None:
    ann = Person(place("111111"), "Ann")

    with pytest.raises(MailMissing, match=rf"{ann.email} within 0 s"):
        ann.code_from_inbox(after=1)
