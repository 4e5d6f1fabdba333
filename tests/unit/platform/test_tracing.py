from __future__ import annotations

import pytest

from vestibule.platform.tracing import trace_id

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Root={TRACE};Parent=53995c3f;Sampled=1", TRACE),
        (f"Sampled=0;Root={TRACE}", TRACE),
        ("", None),
        ("Root=", None),
        ("Parent=1", None),
        ('Root=1-"}\n{', None),
        (f"Root={'1' * 500}", None),
    ],
)
def test_the_trace_is_the_root_that_lambda_names(
    header: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert trace_id() == found


def test_outside_lambda_there_is_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)

    assert trace_id() is None
