"""The user service's consumer over a real socket, on a table in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fault_server import FaultServer, answer, hang_up, reset
from fakes.people import LATER, new_sub
from fakes.queues import Vault
from vestibule.delivery import events
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.marks import Marks, PersonErased
from vestibule.delivery.outbound import Peer, location
from vestibule.delivery.queue import Message
from vestibule.delivery.secrets import SecretValue
from vestibule.delivery.service import Service
from vestibule.delivery.user_service import (
    KIND,
    UserService,
    UserServiceSettings,
    body_of,
    full_name,
)
from vestibule.platform import metrics
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.settings import SettingsError
from vestibule.platform.values import replace
from vestibule.profiles import items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakes.fault_server import Step, Visit
    from fakes.table import FakeTable
    from vestibule.delivery.events import Event

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ANN = {"email": "ann@example.test", "name": "Ann Example"}
CREATED = answer({"id": 1}, 201)


def confirmed(user_id: str | None = None, **data: Any) -> Event:
    return events.make(events.USER_CONFIRMED, user_id or new_sub(), LATER, {**ANN, **data})


def message(receives: int = 1) -> Message:
    return Message("m", "r", "", receives)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("user-service")


@pytest.fixture
def users(table: FakeTable, breaker: Breaker) -> Iterator[Callable[..., UserService]]:
    made: list[Peer] = []

    def make(
        server: FaultServer, vault: Vault | None = None, other: Breaker | None = None
    ) -> UserService:
        made.append(
            Peer(location(f"http://127.0.0.1:{server.port}/api/v1/users"), attempt_seconds=1.0)
        )
        key = SecretValue(vault, "arn:key", "USER_SERVICE_SECRET") if vault else None
        return UserService(Service(made[-1], other or breaker, key), Marks(table, KIND))

    yield make
    for peer in made:
        peer.close()


@pytest.fixture
def counted() -> Callable[[], Mapping[str, int]]:
    metrics.forget()
    return lambda: dict(metrics._counts)


def mark(table: FakeTable, user_id: str) -> dict[str, Any]:
    item = table.get(items.person_key(user_id), "DELIVERY#user-service") or {}
    return {
        name: item[name] for name in ("eventId", "status", "attempts", "reason") if name in item
    }


def erase(table: FakeTable, user_id: str) -> None:
    table.put(items.tombstone(user_id, by="admin", at=LATER))


def test_a_confirmed_person_is_posted_as_the_contract_says(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    event = confirmed()
    with FaultServer(CREATED) as server:
        outcome = users(server, Vault("k1")).handle(event, message())

    assert outcome.is_done
    (request,) = server.requests
    assert request.raw.startswith(b"POST /api/v1/users HTTP/1.1\r\n")
    assert request.headers["idempotency-key"] == event.id
    assert request.headers["x-api-key"] == "k1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "cognitoSub": event.subject,
        "email": "ann@example.test",
        "fullName": "Ann Example",
        "status": "ACTIVE",
        "role": "USER",
        "createdBy": "vestibule",
        "updatedBy": "vestibule",
    }
    assert mark(table, event.subject) == {
        "eventId": event.id,
        "status": "delivered",
        "attempts": 1,
    }


def test_without_a_key_none_is_sent(users: Callable[..., UserService]) -> None:
    with FaultServer(CREATED) as server:
        users(server).handle(confirmed(), message())

    assert "x-api-key" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": "Ann Example"}, "Ann Example"),
        ({"name": "Ann", "firstName": "A", "lastName": "B"}, "Ann"),
        ({"firstName": "Ann", "lastName": "Example"}, "Ann Example"),
        ({"name": "  ", "firstName": "Ann"}, "Ann"),
        ({"name": None, "lastName": "Example"}, "Example"),
        ({}, ""),
    ],
)
def test_the_full_name_falls_back_to_its_parts(data: dict[str, Any], expected: str) -> None:
    assert full_name(data) == expected


def test_the_role_told_is_the_contracts_whatever_the_person_is() -> None:
    assert body_of(confirmed(role="admin"))["role"] == "USER"


@pytest.mark.parametrize("step", [answer({}, 200), answer(b"", 204), answer({}, 409)])
def test_what_the_service_has_is_done(
    users: Callable[..., UserService], table: FakeTable, step: Step
) -> None:
    event = confirmed()
    with FaultServer(step) as server:
        assert users(server).handle(event, message()).is_done

    assert mark(table, event.subject)["status"] == "delivered"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (answer({}, 500), "unavailable"),
        (answer({}, 429), "throttled"),
        (answer({}, 408), "unavailable"),
        (hang_up, "broken_answer"),
        (reset, "broken_answer"),
    ],
)
def test_what_may_pass_is_noted_and_comes_back(
    users: Callable[..., UserService], table: FakeTable, step: Step, reason: str
) -> None:
    event = confirmed()
    with FaultServer(step, step, CREATED) as server:
        service = users(server)
        first = service.handle(event, message())
        second = service.handle(event, message(9))
        assert mark(table, event.subject)["reason"] == reason
        third = service.handle(event, message(20))

    assert [first.kind, second.kind, third.kind] == ["later", "later", "done"]
    assert [first.attempts, second.attempts] == [1, 2]
    assert (first.reason, second.reason) == (reason, reason)
    assert mark(table, event.subject) == {
        "eventId": event.id,
        "status": "delivered",
        "attempts": 3,
    }


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (answer({}, 400), "refused"),
        (answer({}, 422), "refused"),
        (answer({}, 302, {"Location": "https://elsewhere.example"}), "redirected"),
        (answer(b"<html>", 200), "answer_web_page"),
        (answer(b" " * 70_000, 200), "answer_too_large"),
    ],
)
def test_what_stays_wrong_is_a_dead_letter(
    users: Callable[..., UserService], table: FakeTable, breaker: Breaker, step: Step, reason: str
) -> None:
    event = confirmed()
    with FaultServer(step) as server:
        service = users(server)
        for _ in range(6):
            outcome = service.handle(event, message())

    assert outcome.is_never
    assert outcome.reason == reason
    assert not breaker.is_open

    service.buried(event, outcome)
    assert mark(table, event.subject)["status"] == "dead"
    assert mark(table, event.subject)["attempts"] == 6


def test_a_rotated_key_is_fetched_once(users: Callable[..., UserService]) -> None:
    vault = Vault("old", "new")

    def guarded(visit: Visit) -> bool:
        known = visit.request.headers["x-api-key"] == "new"
        return (CREATED if known else answer({}, 401))(visit)

    with FaultServer(guarded) as server:
        service = users(server, vault)
        assert service.handle(confirmed(), message()).is_done
        assert service.handle(confirmed(), message()).is_done

    assert [one.headers["x-api-key"] for one in server.requests] == ["old", "new", "new"]
    assert len(vault.asked) == 2


@pytest.mark.parametrize(
    ("texts", "sent"),
    [
        (("new",), ["new", "old"]),
    ],
)
def test_who_knows_the_new_key_first_goes_by_the_earlier_one(
    users: Callable[..., UserService], texts: tuple[str, ...], sent: list[str]
) -> None:
    def guarded(visit: Visit) -> bool:
        known = visit.request.headers["x-api-key"] == "old"
        return (CREATED if known else answer({}, 401))(visit)

    with FaultServer(guarded) as server:
        outcome = users(server, Vault(*texts, earlier='{"apiKey": "old"}')).handle(
            confirmed(), message()
        )

    assert outcome.is_done
    assert [one.headers["x-api-key"] for one in server.requests] == sent


@pytest.mark.parametrize("earlier", [None, "k1", "{}", "older"])
def test_a_key_that_stays_refused_is_a_dead_letter_without_a_loop(
    users: Callable[..., UserService],
    earlier: str | None,
) -> None:
    vault = Vault("k1", earlier=earlier)
    with FaultServer(answer({}, 401)) as server:
        outcome = users(server, vault).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("never", "refused")
    sent = ["k1", "older"] if earlier == "older" else ["k1"]
    assert [one.headers["x-api-key"] for one in server.requests] == sent
    assert len(vault.asked) == 2


@pytest.mark.parametrize(("texts", "away"), [((), False), (("",), False), (("a\nb",), False)])
def test_a_missing_or_malformed_key_is_a_dead_letter_that_names_the_setting(
    users: Callable[..., UserService],
    texts: tuple[str, ...],
    away: bool,  # noqa: FBT001 - a table
) -> None:
    with FaultServer(CREATED) as server:
        outcome = users(server, Vault(*texts, is_away=away)).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("never", "secret")
    assert "USER_SERVICE_SECRET" in outcome.detail
    assert server.requests == []


@pytest.mark.parametrize("vault", [Vault("k", is_away=True), Vault("k", refuses="AccessDenied")])
def test_a_key_that_cannot_be_fetched_now_is_tried_later(
    users: Callable[..., UserService], vault: Vault
) -> None:
    with FaultServer(CREATED) as server:
        outcome = users(server, vault).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("later", "secret_away")


def test_no_key_is_followed_by_more_than_one_other(users: Callable[..., UserService]) -> None:
    vault = Vault("k1", "k2", earlier="k0")
    with FaultServer(answer({}, 401)) as server:
        outcome = users(server, vault).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("never", "refused")
    assert [one.headers["x-api-key"] for one in server.requests] == ["k1", "k2"]


def test_a_probe_that_is_answered_counts_though_the_secret_is_away(
    users: Callable[..., UserService],
) -> None:
    now = 1000.0
    breaker = Breaker("user-service", failures=1, clock=lambda: now)
    vault = Vault("k1")

    def refused(visit: Visit) -> bool:
        vault.is_away = True
        return answer({}, 401)(visit)

    with FaultServer(answer({}, 500), refused) as server:
        service = users(server, vault, breaker)
        service.handle(confirmed(), message())
        assert breaker.is_open
        now += 30
        outcome = service.handle(confirmed(), message())

    assert outcome.reason == "secret_away"
    assert not breaker.is_open


def test_a_key_that_cannot_be_fetched_takes_no_probe(users: Callable[..., UserService]) -> None:
    now = 1000.0
    breaker = Breaker("user-service", failures=1, clock=lambda: now)
    vault = Vault("k1", refuses="AccessDenied")
    breaker.failed()
    now += 30
    with FaultServer(CREATED) as server:
        service = users(server, vault, breaker)
        assert service.handle(confirmed(), message()).reason == "secret_away"
        vault.refuses = None

        assert service.handle(confirmed(), message()).is_done


def test_whatever_a_2xx_to_a_deletion_says_is_done(users: Callable[..., UserService]) -> None:
    with FaultServer(answer(b"<p>Gone.", 200)) as server:
        assert users(server).erase("x").is_done


def test_a_service_that_keeps_failing_is_left_alone(
    users: Callable[..., UserService], table: FakeTable, breaker: Breaker
) -> None:
    with FaultServer(answer({}, 500)) as server:
        service = users(server)
        outcomes = [service.handle(confirmed(), message()) for _ in range(20)]
        calls = len(table.calls)
        service.handle(confirmed(), message())

    assert len(server.requests) == 5
    assert [one.kind for one in outcomes] == ["later"] * 5 + ["deferred"] * 15
    assert 0 < (outcomes[-1].seconds or 0) <= 30
    assert len(table.calls) == calls
    assert breaker.is_open


def test_what_was_delivered_is_not_sent_again(users: Callable[..., UserService]) -> None:
    event = confirmed()
    with FaultServer(CREATED) as server:
        service = users(server)
        assert all(service.handle(event, message(n)).is_done for n in (1, 2, 3))

    assert len(server.requests) == 1


def test_a_delivery_that_could_not_be_noted_is_sent_again(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    event = confirmed()

    def stored(visit: Visit) -> bool:
        table.fail_next(AwsUnavailable)
        return CREATED(visit)

    with FaultServer(stored, answer({}, 409)) as server:
        service = users(server)
        first = service.handle(event, message())
        second = service.handle(event, message(2))

    assert (first.kind, first.reason) == ("later", "table_away")
    assert second.is_done
    assert server.requests[0].headers["idempotency-key"] == event.id
    assert server.requests[1].headers["idempotency-key"] == event.id


def test_nothing_is_sent_while_the_table_is_away(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    table.fail_next(AwsUnavailable)
    with FaultServer(CREATED) as server:
        outcome = users(server).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("later", "table_away")
    assert server.requests == []


def test_a_try_in_vain_that_cannot_be_noted_comes_back_all_the_same(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    def failed(visit: Visit) -> bool:
        table.fail_next(AwsUnavailable)
        return answer({}, 503)(visit)

    with FaultServer(failed) as server:
        outcome = users(server).handle(confirmed(), message())

    assert (outcome.kind, outcome.reason) == ("later", "unavailable")


def test_somebody_erased_before_is_never_told(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    event = confirmed()
    erase(table, event.subject)
    with FaultServer(CREATED) as server:
        assert users(server).handle(event, message()).is_done

    assert server.requests == []


def test_somebody_erased_is_not_told_of_by_a_dead_letter_that_is_sent_back(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    event = confirmed()
    with FaultServer(answer({}, 400), CREATED) as server:
        consumer = users(server)
        refused = consumer.handle(event, message())
        consumer.buried(event, refused)
        erase(table, event.subject)

        # `deliveries redrive` sends the event as it was: an old one, in a new message.
        assert consumer.handle(events.parse(events.write(event)), message()).is_done

    assert refused.is_never
    assert [one.raw.split(b" ")[0] for one in server.requests] == [b"POST"]


@pytest.mark.parametrize("data", [{"email": None}, {"email": ""}])
def test_somebody_without_an_address_is_not_told_of_until_they_have_one(
    users: Callable[..., UserService],
    table: FakeTable,
    data: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = confirmed(**data)
    with FaultServer(CREATED) as server:
        consumer = users(server)

        assert consumer.handle(held, message()).is_done
        assert server.requests == []
        assert mark(table, held.subject) == {}

        settled = confirmed(held.subject)
        assert settled.id == held.id
        assert consumer.handle(settled, message()).is_done

    assert len(server.requests) == 1
    assert mark(table, held.subject)["status"] == "delivered"
    metrics.flush()
    assert '"DeliveryHeld":1' in capsys.readouterr().out


def test_somebody_erased_while_a_try_was_open_is_taken_back(
    users: Callable[..., UserService], table: FakeTable
) -> None:
    event = confirmed()
    erase(table, event.subject)
    with FaultServer(answer({}, 404)) as server:
        assert users(server).handle(event, message(2)).is_done

    assert server.requests[0].raw.startswith(f"DELETE /api/v1/users/{event.subject} ".encode())


@pytest.mark.parametrize("step", [CREATED, answer({}, 500)])
def test_somebody_erased_while_posting_is_taken_back_at_once(
    users: Callable[..., UserService], table: FakeTable, step: Step
) -> None:
    event = confirmed()

    def erased_meanwhile(visit: Visit) -> bool:
        erase(table, event.subject)
        return step(visit)

    with FaultServer(erased_meanwhile, answer(b"", 204)) as server:
        assert users(server).handle(event, message()).is_done

    assert len(server.requests) == 2
    assert server.requests[1].raw.startswith(b"DELETE ")
    assert mark(table, event.subject) == {}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "done") for status in (200, 204, 404, 405, 410)),
        *((status, "later") for status in (408, 429, 500, 503)),
        *((status, "never") for status in (302, 400, 401, 409)),
    ],
)
def test_erasing(users: Callable[..., UserService], status: int, kind: str) -> None:
    with FaultServer(answer(b"", status)) as server:
        assert users(server).erase("a/b?c").kind == kind

    assert server.requests[0].raw.startswith(b"DELETE /api/v1/users/a%2Fb%3Fc HTTP")


def test_without_a_service_nothing_is_sent_and_nothing_noted(table: FakeTable) -> None:
    users = UserService(None, Marks(table, KIND))

    assert users.handle(confirmed(), message()).is_done
    assert users.erase("x").is_done
    assert table.all_items() == []


def test_other_events_have_nothing_to_do_here(users: Callable[..., UserService]) -> None:
    other = events.make(events.USER_UPDATED, new_sub(), LATER, {})
    with FaultServer(CREATED) as server:
        assert users(server).handle(other, message()).reason == "unexpected_event"

    assert server.requests == []


def test_a_mark_never_goes_back_from_delivered(table: FakeTable) -> None:
    marks = Marks(table, KIND)
    marks.delivered("u", "e", 1)

    marks.tried("u", "e", "unavailable")

    assert marks.of("u").is_delivered("e")
    assert not marks.of("u").is_delivered("another")


def test_what_was_overtaken_is_done_with_and_not_sent(
    users: Callable[..., UserService],
    table: FakeTable,
    counted: Callable[[], Mapping[str, int]],
) -> None:
    newest = confirmed()
    older = replace(newest, id="another", sequence=newest.sequence - 1)
    newer = replace(newest, id="newer", sequence=newest.sequence + 1)
    with FaultServer(CREATED) as server:
        service = users(server)
        outcomes = [service.handle(one, message()) for one in (newest, older, newer)]

    assert all(one.is_done for one in outcomes)
    assert [one.headers["idempotency-key"] for one in server.requests] == [newest.id, "newer"]
    assert mark(table, newest.subject)["eventId"] == "newer"
    assert counted()["DeliveryOutdated"] == 1


def test_the_highest_sequence_stays_noted(table: FakeTable) -> None:
    marks = Marks(table, KIND)
    marks.delivered("u", "newer", 2)

    marks.delivered("u", "older", 1)

    assert marks.of("u").sequence == 2
    assert marks.of("u").is_delivered("newer")


def test_nothing_is_marked_of_somebody_erased(table: FakeTable) -> None:
    marks = Marks(table, KIND)
    erase(table, "u")

    with pytest.raises(PersonErased):
        marks.delivered("u", "e", 1)
    with pytest.raises(PersonErased):
        marks.tried("u", "e", "unavailable")

    assert marks.of("u").erased
    assert len(table.all_items()) == 1


def test_a_dead_letter_that_cannot_be_noted_is_one_all_the_same(table: FakeTable) -> None:
    users = UserService(None, Marks(table, KIND))
    table.fail_next(AwsUnavailable)

    users.buried(confirmed(), users.handle(confirmed(), message()))

    assert table.all_items() == []


def test_the_settings_name_what_is_wrong() -> None:
    assert UserServiceSettings.from_environment({"USER_SERVICE_URL": ""}) is None
    with pytest.raises(SettingsError, match=r"^USER_SERVICE_URL: must be https"):
        UserServiceSettings.from_environment({"USER_SERVICE_URL": "http://users.example"})
    with pytest.raises(SettingsError, match=r"^USER_SERVICE_URL: users.example is not among"):
        UserServiceSettings.from_environment(
            {"USER_SERVICE_URL": "https://users.example", "OUTBOUND_HOSTS": "other.example"}
        )

    settings = UserServiceSettings.from_environment(
        {"USER_SERVICE_URL": "https://users.example/api/v1/users", "USER_SERVICE_SECRET": ""}
    )

    assert settings is not None
    assert (settings.at.path, settings.secret_id) == ("/api/v1/users", None)
