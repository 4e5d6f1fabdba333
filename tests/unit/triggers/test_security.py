"""Security events have a severity, a line and counts, and name nobody's address."""

from __future__ import annotations

import json

import pytest

from fakes.arrivals import event
from vestibule.platform import metrics
from vestibule.triggers import security

HIGH = ("signup_blocked_suspicious", "multiple_failed_validations", "invalid_token_detected")
MEDIUM = (
    "invite_code_invalid",
    "domain_restriction_triggered",
    "unusual_signup_pattern",
    "identity_linked",
)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        *((kind, "HIGH") for kind in HIGH),
        *((kind, "MEDIUM") for kind in MEDIUM),
        ("sign_in_suspended", "LOW"),
        ("anything_else", "LOW"),
    ],
)
def test_an_event_is_one_line_with_its_severity_and_two_counts(
    kind: str, severity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.forget()
    of = event("PreSignUp_SignUp", attributes={"email": "jo@example.test"})

    security.report(kind, of, reason="why")
    metrics.flush()

    line, counts = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (line["securityEvent"], line["severity"]) == (kind, severity)
    assert (line["source"], line["reason"], line["userId"]) == (of.source, "why", of.user_id)
    assert (line["level"] == "INFO") is (severity == "LOW")
    assert "jo@example.test" not in json.dumps(line)
    assert counts[f"SecurityEvents{severity.capitalize()}"] == 1
    assert counts["Security" + kind.title().replace("_", "")] == 1


def test_a_user_name_that_somebody_typed_is_not_written_down(
    capsys: pytest.CaptureFixture[str],
) -> None:
    security.report("sign_in_suspended", event("PreSignUp_SignUp", user_id="jo"))

    assert json.loads(capsys.readouterr().out)["userId"] is None
