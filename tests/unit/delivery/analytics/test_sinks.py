"""The secret that describes the sinks: taken whole, or refused with the member and the rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vestibule.delivery.analytics.sinks import SinksBroken, parse

PLAIN = {"name": "warehouse", "kind": "plain", "url": "https://collect.example/v1/events"}


def text(*sinks: Any) -> str:
    return json.dumps({"sinks": list(sinks)})


def test_sinks_are_read_with_consent_required_unless_said_otherwise() -> None:
    mixpanel = {
        "name": "mixpanel-eu",
        "kind": "mixpanel",
        "url": "https://api-eu.mixpanel.com/import?strict=1&project_id=7",
        "key": " token ",
        "requiresConsent": False,
        "pseudonymKey": "k",
    }

    plain, other = parse(text(PLAIN, mixpanel))

    assert (plain.name, plain.kind, plain.key, plain.requires_consent) == (
        *("warehouse", "plain", None),
        True,
    )
    assert (plain.at.endpoint.host, plain.at.path, plain.query) == (
        *("collect.example", "/v1/events"),
        "",
    )
    assert (other.at.path, other.query, other.key) == (
        *("/import", "?strict=1&project_id=7"),
        "token",
    )
    assert not other.requires_consent


@pytest.mark.parametrize("nothing", ["", "  ", '{"sinks": []}'])
def test_none_named_means_none(nothing: str) -> None:
    assert parse(nothing) == ()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("{", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[]", "sinks"),
        ('{"sinks": {}}', "sinks"),
        (text(*[{**PLAIN, "name": f"n{n}"} for n in range(11)]), "at most 10"),
        (text(3), "sinks[0]: must be an object"),
        (text(PLAIN, PLAIN), "a name of its own"),
        (text({**PLAIN, "name": "Ware House"}), "sinks[0].name"),
        (text({**PLAIN, "name": ""}), "sinks[0].name"),
        (text({**PLAIN, "kind": "segment"}), "sinks[0].kind: must be one of mixpanel"),
        (text({**PLAIN, "kind": []}), "sinks[0].kind"),
        (text({**PLAIN, "kind": "amplitude"}), "sinks[0].key: amplitude needs one"),
        (text({**PLAIN, "url": "http://collect.example/"}), "sinks[0].url"),
        (text({**PLAIN, "url": "https://u:p@collect.example/"}), "sinks[0].url"),
        (text({**PLAIN, "url": "https://collect.example/x?a=b c"}), "sinks[0].url"),
        (text({**PLAIN, "url": None}), "sinks[0].url"),
        (text({**PLAIN, "key": "two\nlines"}), "sinks[0].key"),
        (text({**PLAIN, "key": " "}), "sinks[0].key"),
        (text({**PLAIN, "pseudonymKey": 3}), "sinks[0].pseudonymKey"),
        (text({**PLAIN, "requiresConsent": "no"}), "sinks[0].requiresConsent"),
        (text({**PLAIN, "requireConsent": False}), "no member 'requireConsent'"),
    ],
)
def test_what_is_wrong_is_named_with_its_rule(given: str, named: str) -> None:
    with pytest.raises(SinksBroken) as broken:
        parse(given)

    assert named in str(broken.value)


def test_no_key_is_ever_quoted() -> None:
    with pytest.raises(SinksBroken) as broken:
        parse(text({**PLAIN, "key": "very-secret\n", "kind": "plain", "pseudonymKey": "\n"}))

    assert "very-secret" not in str(broken.value)


def test_a_pseudonym_is_stable_and_no_other_sinks() -> None:
    one, two, open_one = parse(
        text(
            {**PLAIN, "name": "a", "pseudonymKey": "k1"},
            {**PLAIN, "name": "b", "pseudonymKey": "k2"},
            {**PLAIN, "name": "c"},
        )
    )

    assert one.known_as("sub") == one.known_as("sub")
    assert len({one.known_as("sub"), two.known_as("sub"), open_one.known_as("sub")}) == 3
    assert open_one.known_as("sub") == "sub"
    assert len(one.known_as("sub")) == 32


def test_a_sink_at_another_host_than_the_allowed_ones_is_refused() -> None:
    assert parse(text(PLAIN), [".example"])[0].at.endpoint.host == "collect.example"
    with pytest.raises(SinksBroken, match=r"collect\.example is not among the allowed hosts"):
        parse(text(PLAIN), ["mixpanel.com"])
