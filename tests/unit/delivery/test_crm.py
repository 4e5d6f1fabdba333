"""A CRM raises whom it knows, and nobody it must not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import FixedPolicies, activities
from fakes.fault_server import FaultServer, answer, hang_up
from fakes.interruptions import before_each_write
from fakes.people import address, keep, profile
from fakes.table import FakeTable
from vestibule.delivery import events
from vestibule.delivery.crm import AnswerUnfit, Crm, read
from vestibule.delivery.crm_peer import CrmPeer
from vestibule.delivery.secrets import SecretValue
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.operations import Reason, TransactionRefused
from vestibule.platform.values import replace
from vestibule.policy.model import Policy
from vestibule.profiles import items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule.delivery.outcomes import Outcome
    from vestibule.profiles.model import Profile

    Asking = Callable[..., Crm]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ORDER = ("guest", "user", "auditor", "manager")
POLICY = Policy(
    roles=frozenset({"admin", "manager", "user", "guest", "auditor", "outside"}),
    raised_by_crm=ORDER,
)
NOW = "2026-11-20T09:41:00.123456Z"


class Secrets:
    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0
        self.raises: Exception | None = None

    def call(self, operation: str, _payload: object) -> dict[str, Any]:
        self.reads += 1
        if self.raises is not None:
            raise self.raises
        if self.text is None:
            raise AwsRefused("secretsmanager", operation, code="ResourceNotFoundException")
        return {"SecretString": self.text}


def secret(secrets: Secrets) -> SecretValue:
    return SecretValue(secrets, "crm", "CRM_SECRET")  # type: ignore[arg-type]


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def asking(table: FakeTable) -> Iterator[Asking]:
    """Make one that asks the CRM on a port."""
    peers: list[CrmPeer] = []

    def make(port: int, policy: Policy = POLICY, *, is_certain: bool = True, **more: str) -> Crm:
        told = {"url": f"http://127.0.0.1:{port}/lookup", **more}
        peers.append(CrmPeer(secret(Secrets(json.dumps(told)))))
        return Crm(peers[-1], table, FixedPolicies(policy, is_certain=is_certain))

    yield make
    for peer in peers:
        peer.close()


def somebody(table: FakeTable, **fields: Any) -> Profile:
    known = {"email": address(), "email_verified": True, **fields}
    return keep(table, profile(**known))


def confirmed(who: Profile) -> events.Event:
    return events.make("user.confirmed", who.user_id, NOW, {"userId": who.user_id})


def standing(table: FakeTable, who: Profile) -> Profile:
    item = table.get(items.person_key(who.user_id), items.PROFILE)
    assert item is not None
    return items.to_profile(item)


def says(**word: Any) -> Any:
    return answer(word, checksum=False)


def test_a_role_and_an_account_type_are_raised_once_and_written_down(
    asking: Asking, table: FakeTable
) -> None:
    who = somebody(table)
    with FaultServer(says(role="manager", accountType="enterprise")) as crm:
        asked = asking(crm.port, apiKey="k1")

        assert asked.confirmed(confirmed(who)).is_done
        assert asked.confirmed(confirmed(who)).is_done

        assert json.loads(crm.requests[0].body) == {"email": who.email}
        assert crm.requests[0].headers["x-api-key"] == "k1"
        # Nothing is left to gain: nobody is asked again.
        assert len(crm.requests) == 1
    after = standing(table, who)
    assert (after.role, after.role_source, after.account_type) == ("manager", "crm", "enterprise")
    assert after.version == who.version + 1
    (entry,) = activities(table, who.user_id, "role_change")
    assert entry["details"] == {"by": "crm", "role": "manager", "accountType": "enterprise"}


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        ("default", "manager"),
        ("domain", "manager"),
        ("crm", "manager"),
        ("admin", "user"),
        ("operator", "user"),
        ("admin_list", "user"),
        ("invitation", "user"),
    ],
)
def test_what_somebody_decided_stays(
    asking: Asking, table: FakeTable, source: str, becomes: str
) -> None:
    who = somebody(table, role_source=source)
    with FaultServer(says(role="manager")) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert standing(table, who).role == becomes


@pytest.mark.parametrize(
    ("role", "said", "becomes"),
    [
        ("user", "guest", "user"),
        ("manager", "user", "manager"),
        ("auditor", "auditor", "auditor"),
        ("guest", "auditor", "auditor"),
        ("user", "admin", "user"),
        ("user", "outside", "user"),
        ("outside", "manager", "outside"),
        ("user", None, "user"),
    ],
)
def test_a_role_only_rises_along_the_policys_order(
    asking: Asking, table: FakeTable, role: str, said: str | None, becomes: str
) -> None:
    who = somebody(table, role=role)
    with FaultServer(says(role=said)) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert standing(table, who).role == becomes


def test_nobody_becomes_admin_unless_the_policy_says_so(asking: Asking, table: FakeTable) -> None:
    who = somebody(table)
    with FaultServer(says(role="admin")) as crm:
        allowing = replace(POLICY, raised_by_crm=(*ORDER, "admin"))
        asking(crm.port, allowing).confirmed(confirmed(who))

    assert standing(table, who).role == "admin"


def test_without_an_order_account_types_rise_alone(asking: Asking, table: FakeTable) -> None:
    who = somebody(table)
    with FaultServer(says(role="manager", accountType="business")) as crm:
        asking(crm.port, replace(POLICY, raised_by_crm=())).confirmed(confirmed(who))

    after = standing(table, who)
    assert (after.role, after.role_source, after.account_type) == ("user", "default", "business")
    assert activities(table, who.user_id, "role_change") == []
    assert len(activities(table, who.user_id, "profile_update")) == 1


def test_an_account_type_never_falls(asking: Asking, table: FakeTable) -> None:
    who = somebody(table, account_type="enterprise")
    with FaultServer(says(accountType="standard")) as crm:
        asking(crm.port).confirmed(confirmed(who))

    assert standing(table, who) == who


@pytest.mark.parametrize(
    "fields",
    [
        {"email_verified": False},
        {"status": "suspended"},
        {"role": "manager", "account_type": "enterprise"},
        {"role_source": "admin", "account_type": "enterprise"},
    ],
    ids=["unproven", "suspended", "at the top", "decided"],
)
def test_nobody_is_asked_about_who_cannot_gain(
    asking: Asking, table: FakeTable, fields: dict[str, Any]
) -> None:
    who = somebody(table, **fields)
    with FaultServer(says(role="manager")) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done
        assert crm.requests == []


def test_somebody_erased_or_without_a_profile_is_passed_over(asking: Asking) -> None:
    with FaultServer(says(role="manager")) as crm:
        assert asking(crm.port).confirmed(confirmed(profile())).is_done
        assert crm.requests == []


@pytest.mark.parametrize("step", [answer(b"", 204, checksum=False), answer({}, 404), says(more=1)])
def test_a_crm_that_knows_nothing_changes_nothing(
    asking: Asking, table: FakeTable, step: Any
) -> None:
    who = somebody(table)
    with FaultServer(step) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert standing(table, who) == who


@pytest.mark.parametrize("word", [{"role": "king"}, {"role": 3}, {"accountType": "gold"}])
def test_an_answer_that_does_not_fit_is_a_dead_letter_that_says_what_would(
    asking: Asking, table: FakeTable, word: dict[str, Any]
) -> None:
    who = somebody(table)
    with FaultServer(says(**word)) as crm:
        outcome = asking(crm.port).confirmed(confirmed(who))

    assert outcome.is_never
    assert outcome.reason == "answer_unfit"
    assert outcome.detail.startswith(f"{next(iter(word))}: must be one of ")
    assert "king" not in outcome.detail
    assert standing(table, who) == who


@pytest.mark.parametrize(
    ("step", "is_never"),
    [
        (answer(b"[]", checksum=False), True),
        (answer(b"<html>", checksum=False), True),
        (answer({}, 302), True),
        (answer({}, 400), True),
        (answer({}, 503), False),
        (answer({}, 429, {"Retry-After": "7"}), False),
        (hang_up, False),
    ],
)
def test_trouble_is_classified_as_everywhere(
    asking: Asking, table: FakeTable, step: Any, *, is_never: bool
) -> None:
    who = somebody(table)
    with FaultServer(step) as crm:
        outcome = asking(crm.port).confirmed(confirmed(who))

    assert not outcome.is_done
    assert outcome.is_never is is_never
    assert standing(table, who) == who


def test_an_open_breaker_leaves_the_crm_alone(asking: Asking, table: FakeTable) -> None:
    with FaultServer(answer({}, 500)) as crm:
        asked = asking(crm.port)
        outcomes: list[Outcome] = [asked.confirmed(confirmed(somebody(table))) for _ in range(8)]

        assert len(crm.requests) == 5
        assert [one.is_deferred for one in outcomes] == [*[False] * 5, *[True] * 3]


def test_rules_that_were_never_read_decide_nothing(asking: Asking, table: FakeTable) -> None:
    with FaultServer(says(role="manager")) as crm:
        outcome = asking(crm.port, is_certain=False).confirmed(confirmed(somebody(table)))

        assert outcome.reason == "policy_unread"
        assert crm.requests == []


def test_a_change_meanwhile_is_read_anew(asking: Asking, table: FakeTable) -> None:
    who = somebody(table)

    def slow(visit: Any) -> bool:
        key = items.person_key(who.user_id)
        table.update(key, items.PROFILE, changes={"bio": "new"}, increment={"version": 1})
        return bool(says(role="manager")(visit))

    with FaultServer(slow) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    after = standing(table, who)
    assert (after.bio, after.role, after.version) == ("new", "manager", who.version + 2)


def test_an_admin_who_was_quicker_is_not_overridden(asking: Asking, table: FakeTable) -> None:
    who = somebody(table)

    def slow(visit: Any) -> bool:
        key = items.person_key(who.user_id)
        given = {"role": "guest", "roleSource": "admin"}
        table.update(key, items.PROFILE, changes=given, increment={"version": 1})
        return bool(says(role="manager")(visit))

    with FaultServer(slow) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert standing(table, who).role == "guest"


@pytest.mark.parametrize("secrets", [None, Secrets(None), Secrets(""), Secrets("  ")])
def test_without_a_secret_nobody_is_asked(table: FakeTable, secrets: Secrets | None) -> None:
    peer = CrmPeer(None if secrets is None else secret(secrets))
    asked = Crm(peer, table, FixedPolicies(POLICY))

    for _ in range(3):
        assert asked.confirmed(confirmed(somebody(FakeTable()))).is_done

    assert table.calls == []
    assert secrets is None or secrets.reads == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "must be a JSON object"),
        ("{}", 'must hold a "url"'),
        ('{"url": "http://crm.example/lookup"}', '"url" must be https'),
        ('{"url": "https://crm.example/lookup?key=1"}', '"url" must be https'),
    ],
)
def test_a_malformed_secret_is_named_and_waits_for_its_mending(
    table: FakeTable, text: str, said: str
) -> None:
    asked = Crm(CrmPeer(secret(Secrets(text))), table, FixedPolicies(POLICY))

    outcome = asked.confirmed(confirmed(somebody(table)))

    assert not outcome.is_done
    assert not outcome.is_never
    assert "what CRM_SECRET names" in outcome.detail
    assert said in outcome.detail


def test_a_secret_that_cannot_be_read_now_is_not_taken_for_none(table: FakeTable) -> None:
    secrets = Secrets("")
    secrets.raises = AwsUnavailable("secretsmanager", "GetSecretValue")
    asked = Crm(CrmPeer(secret(secrets)), table, FixedPolicies(POLICY))

    assert asked.confirmed(confirmed(somebody(table))).reason == "crm_unknown"


def test_somebody_erased_while_the_crm_thinks_stays_erased(
    asking: Asking, table: FakeTable
) -> None:
    who = somebody(table)

    def slow(visit: Any) -> bool:
        table.delete(items.person_key(who.user_id), items.PROFILE)
        return bool(says(role="manager")(visit))

    with FaultServer(slow) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert table.get(items.person_key(who.user_id), items.PROFILE) is None


def test_a_lost_race_is_tried_again_with_what_stands_by_then(
    asking: Asking, table: FakeTable
) -> None:
    who, turns = somebody(table), iter(range(4))

    def quicker() -> None:
        table.update(
            *items.profile_key(who.user_id),
            changes={"bio": f"change {next(turns)}"},
            increment={"version": 1},
        )

    before_each_write(table, quicker, times=4)
    with FaultServer(says(role="manager")) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

        assert len(crm.requests) == 1
    after = standing(table, who)
    assert (after.bio, after.role, after.version) == ("change 3", "manager", who.version + 5)
    assert len(activities(table, who.user_id, "role_change")) == 1


def test_an_admin_who_is_quicker_at_the_last_moment_is_not_overridden(
    asking: Asking, table: FakeTable
) -> None:
    who = somebody(table)

    def quicker() -> None:
        given = {"role": "guest", "roleSource": "admin"}
        table.update(*items.profile_key(who.user_id), changes=given, increment={"version": 1})

    before_each_write(table, quicker, times=1)
    with FaultServer(says(role="manager")) as crm:
        assert asking(crm.port).confirmed(confirmed(who)).is_done

    assert standing(table, who).role == "guest"
    assert activities(table, who.user_id, "role_change") == []


def test_who_is_changed_at_every_try_waits(
    asking: Asking, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_operations: object) -> None:
        raise TransactionRefused((Reason("ConditionalCheckFailed"), Reason("None")))

    monkeypatch.setattr(table, "transact", refused)
    with FaultServer(says(role="manager")) as crm:
        outcome = asking(crm.port).confirmed(confirmed(somebody(table)))

    assert (outcome.is_never, outcome.reason) == (False, "raced")


@pytest.mark.parametrize("body", [b"{", b"3", b"[" * 5000])
def test_what_is_no_object_says_what_it_must_be(body: bytes) -> None:
    with pytest.raises(AnswerUnfit, match="must be"):
        read(body, POLICY)


def test_an_address_that_changes_is_asked_at_its_new_place(table: FakeTable) -> None:
    def told(server: FaultServer) -> str:
        return json.dumps({"url": f"http://127.0.0.1:{server.port}/"})

    with FaultServer(says()) as old, FaultServer(says()) as new:
        secrets = Secrets(told(old))
        value = secret(secrets)
        peer = CrmPeer(value)
        asked = Crm(peer, table, FixedPolicies(POLICY))
        asked.confirmed(confirmed(somebody(table)))
        secrets.text = told(new)
        assert value.renewed()
        asked.confirmed(confirmed(somebody(table)))
        peer.close()

        assert (len(old.requests), len(new.requests)) == (1, 1)


def test_a_crm_at_another_host_than_the_allowed_ones_is_not_asked(table: FakeTable) -> None:
    secrets = Secrets('{"url": "https://crm.example/lookup"}')
    peer = CrmPeer(secret(secrets), allowed_hosts=["users.example"])

    outcome = Crm(peer, table, FixedPolicies(POLICY)).confirmed(confirmed(somebody(table)))

    assert outcome.reason == "crm_unknown"
    assert "crm.example is not among the allowed hosts" in outcome.detail
