from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.table import FakeTable
from vestibule.functions import wiring
from vestibule.functions.invitation_mail import InvitationLetters, SesInvitations
from vestibule.invitations import codes
from vestibule.invitations.model import Invited
from vestibule.mail import sender
from vestibule.mail.letters import Composer
from vestibule.mail.suppression import COMPLAINT, Suppressions
from vestibule.platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.mail.letters import Letter

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "ENVIRONMENT": "test",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
}


def nobody(_address: str) -> bool:
    return False


class Outbox:
    """Keeps the promise of `Sender`."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Letter]] = []

    def send(self, to: str, letter: Letter) -> None:
        self.letters.append((to, letter))


@pytest.mark.parametrize("style", [codes.LONG, codes.SHORT])
def test_the_code_goes_to_the_invited_address_and_into_no_subject(style: str) -> None:
    outbox, code = Outbox(), codes.make(style).shown

    InvitationLetters(Composer(), outbox, nobody).send(Invited("jo@example.test", code, "business"))

    ((to, letter),) = outbox.letters
    assert to == "jo@example.test"
    assert code in letter.html
    assert code in letter.text
    assert code not in letter.subject
    assert "business account" in letter.text


@pytest.mark.parametrize(("language", "sent"), [(None, "en"), ("en", "en"), ("de", "de")])
def test_the_mail_is_in_the_language_that_the_inviter_names(language: str, sent: str) -> None:
    outbox = Outbox()

    InvitationLetters(Composer(), outbox, nobody).send(
        Invited("jo@example.test", "code", None, language)
    )

    ((_, letter),) = outbox.letters
    assert letter.language == sent


def test_an_address_that_was_set_aside_gets_no_invitation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_FROM", "hello@example.test")
    outbox, table = Outbox(), FakeTable()
    monkeypatch.setattr(sender, "SesSender", lambda *_, **__: outbox)
    Suppressions(table).add("jo@example.test", COMPLAINT, "abuse")
    mail = SesInvitations.of(Settings.from_environment(ENVIRONMENT), lambda: 1.0, table)
    assert mail is not None

    # To the inviter it is a mail like any other: nobody learns who complained.
    mail.send(Invited("Jo@example.test", "code"))
    mail.send(Invited("bo@example.test", "code"))

    assert [to for to, _ in outbox.letters] == ["bo@example.test"]


def test_nothing_is_mailed_where_no_sender_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    monkeypatch.delenv("MAIL_FROM", raising=False)
    assert SesInvitations.of(settings, lambda: 1.0, FakeTable()) is None

    monkeypatch.setenv("MAIL_FROM", "hello@example.test")
    assert SesInvitations.of(settings, lambda: 1.0, FakeTable()) is not None


def test_a_mail_takes_no_longer_than_its_request_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "hello@example.test")
    lefts: list[float] = []

    class Sender(Outbox):
        def __init__(self, _sender: str, *, left: Callable[[], float], **_: object) -> None:
            super().__init__()
            lefts.append(left())

    monkeypatch.setattr(sender, "SesSender", Sender)
    mail = SesInvitations.of(Settings.from_environment(ENVIRONMENT), lambda: 0.25, FakeTable())
    assert mail is not None

    mail.send(Invited("jo@example.test", "code"))

    assert lefts == [0.25]


def test_the_api_gives_its_mails_the_budget_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "MAIL_FROM": "hello@example.test"}.items():
        monkeypatch.setenv(name, value)
    lefts: list[object] = []
    monkeypatch.setattr(SesInvitations, "of", lambda _, left, _table: lefts.append(left))

    api = wiring.api(Settings.from_environment(ENVIRONMENT))

    assert lefts == [api._budget.left]
