from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.delivery import backoff

fractions = st.floats(0, 1, exclude_max=True)


@given(attempts=st.integers(-3, 10_000), fraction=fractions)
def test_a_pause_is_never_none_and_never_over_its_ceiling(attempts: int, fraction: float) -> None:
    pause = backoff.seconds(attempts, lambda: fraction)

    assert 1 <= pause <= min(900, 2 * 2 ** (min(max(attempts, 1), 20) - 1))


@pytest.mark.parametrize(
    ("attempts", "longest"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 512), (10, 900), (100, 900)]
)
def test_the_ceiling_doubles_from_two_seconds_to_a_quarter_of_an_hour(
    attempts: int, longest: int
) -> None:
    assert backoff.seconds(attempts, lambda: 0.999999) == longest
    assert backoff.seconds(attempts, lambda: 0.5) == longest / 2
    assert backoff.seconds(attempts, lambda: 0.0) == 1


@given(wait=st.floats(0, 3600), fraction=fractions)
def test_a_wait_that_was_asked_for_is_kept_and_little_more(wait: float, fraction: float) -> None:
    assert wait <= backoff.after(wait, lambda: fraction) <= wait + 4 or wait < 1


@given(wait=st.floats(0, 30), receives=st.integers(1, 20), fraction=fractions)
def test_who_was_not_tried_is_back_when_the_breaker_may_close(
    wait: float, receives: int, fraction: float
) -> None:
    assert wait <= backoff.deferred(wait, receives, lambda: fraction) <= wait + 4


@given(receives=st.integers(21, 200), fraction=fractions)
def test_who_came_back_often_comes_back_less_often(receives: int, fraction: float) -> None:
    pause = backoff.deferred(30, receives, lambda: fraction)

    assert 30 <= pause <= 900
    assert receives < 26 or pause >= 450


def test_a_day_without_the_service_does_not_use_up_what_the_queue_gives() -> None:
    """100 receives: after that the redrive policy moves a message without a word."""
    waited = sum(backoff.deferred(30, receives, lambda: 0.5) for receives in range(1, 100))

    assert waited > 12 * 3600
