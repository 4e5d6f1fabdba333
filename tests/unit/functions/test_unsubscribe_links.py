"""How the API reads the links of mails, and whom it tells of forged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.parameters import NAME, InMemoryParameter
from fakes.table import FakeTable
from vestibule.functions.unsubscribe_links import UnsubscribeLinks
from vestibule.mail.unsubscribe import NOTIFICATIONS, Wish
from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from vestibule.functions.parts import Parts

WISH = Wish("11111111-2222-3333-4444-555555555555", NOTIFICATIONS)


class InMemoryParts:
    def __init__(self) -> None:
        self.table = FakeTable()
        self.parameter = InMemoryParameter()
        self.clients: list[str] = []

    def client(self, service: str) -> InMemoryParameter:
        self.clients.append(service)
        return self.parameter


@pytest.fixture
def parts() -> InMemoryParts:
    return InMemoryParts()


@pytest.fixture
def links(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> UnsubscribeLinks:
    monkeypatch.setenv("UNSUBSCRIBE_PARAMETER", NAME)
    made = UnsubscribeLinks.of(parts)
    assert made is not None
    return made


def test_the_key_is_fetched_when_the_first_link_comes_and_kept(
    parts: InMemoryParts, links: UnsubscribeLinks
) -> None:
    assert parts.clients == []

    token = links.tokens().issue(WISH)
    for _ in range(3):
        assert links.tokens().read(token) == WISH

    assert parts.clients == ["ssm"]
    assert parts.parameter.asked == [NAME]


def test_a_forged_link_is_a_security_event_however_many_come_at_once_one(
    parts: InMemoryParts, links: UnsubscribeLinks
) -> None:
    for _ in range(5):
        links.report_forged()

    (item,) = parts.table.all_items()
    assert (item["kind"], item["severity"]) == ("invalid_token_detected", "HIGH")
    assert item["source"] == "api"


def test_without_a_key_there_are_no_links(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNSUBSCRIBE_PARAMETER", raising=False)

    assert UnsubscribeLinks.of(parts) is None


def test_a_bad_name_of_the_key_stops_the_start(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSUBSCRIBE_PARAMETER", "unsubscribe")

    with pytest.raises(SettingsError, match="UNSUBSCRIBE_PARAMETER"):
        UnsubscribeLinks.of(parts)
