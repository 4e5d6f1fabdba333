from __future__ import annotations

import time as timing

import pytest

from vestibule.delivery.breaker import Breaker


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def breaker(time: Time, opened: list[str]) -> Breaker:
    return Breaker("service", failures=5, open_seconds=30, clock=time, opened=opened.append)


def fail(breaker: Breaker, times: int = 5) -> None:
    for _ in range(times):
        assert breaker.permits()
        breaker.failed()


def test_it_opens_after_five_failures_in_a_row(breaker: Breaker, opened: list[str]) -> None:
    fail(breaker, 4)
    assert breaker.permits()
    assert opened == []

    breaker.failed()

    assert breaker.is_open
    assert not breaker.permits()
    assert breaker.remaining() == 30
    assert opened == ["service"]


def test_a_success_between_begins_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, 4)
    breaker.succeeded()
    fail(breaker, 4)

    assert not breaker.is_open


def test_after_its_time_it_permits_one_request(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += 29.9
    assert not breaker.permits()

    time.now += 0.1

    assert breaker.remaining() == 0
    assert breaker.permits()
    assert not breaker.permits()


def test_that_request_closes_it_or_opens_it_again(
    breaker: Breaker, time: Time, opened: list[str]
) -> None:
    fail(breaker)
    time.now += 30
    fail(breaker, 1)
    assert not breaker.permits()
    assert breaker.remaining() == 30
    assert opened == ["service"]

    time.now += 30
    assert breaker.permits()
    breaker.succeeded()

    assert not breaker.is_open
    fail(breaker, 4)
    assert breaker.permits()


def test_a_request_whose_end_nobody_told_does_not_block_it(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += 30
    assert breaker.permits()

    time.now += 30

    assert breaker.permits()


def test_a_service_that_is_down_hears_less_than_one_request_in_ten_seconds(
    breaker: Breaker, time: Time
) -> None:
    fail(breaker)
    requests = 0
    for _ in range(6000):
        time.now += 0.1
        if breaker.permits():
            requests += 1
            breaker.failed()

    assert requests <= 600 / 10


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [(3_000.0, 30.0), (3_005.0, 25.0), (3_019.5, 10.5), (3_021.0, 39.0), (3_029.0, 31.0)],
)
def test_in_step_all_workers_try_again_at_the_same_time_and_not_at_once(
    time: Time, moment: float, seconds: float
) -> None:
    breaker = Breaker("service", in_step=True, clock=time)
    time.now = moment
    fail(breaker)
    assert breaker.remaining() == pytest.approx(seconds)

    time.now += seconds + 2.0
    assert breaker.permits()
    assert breaker.remaining() == pytest.approx(28.0)
    time.now += 5.0
    breaker.failed()

    assert breaker.remaining() == pytest.approx(23.0)


def test_a_worker_that_was_frozen_has_waited_all_the_same() -> None:
    """A monotonic clock may stand still meanwhile."""
    assert Breaker("service")._clock is timing.time


def test_a_clock_that_is_set_back_does_not_keep_it_open(breaker: Breaker, time: Time) -> None:
    fail(breaker)

    time.now -= 3600

    assert breaker.permits()
