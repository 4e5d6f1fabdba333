"""A made-up person, with Cognito's answers made up as well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from vestibule_cli.demo import person
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    import pytest

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
