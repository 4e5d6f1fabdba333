from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from vestibule_cli.local.completions import limits
from vestibule_cli.local.completions.limits import Limit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_may_so_many_times() -> None:
    limit = Limit(2, 60, Clock())

    assert [limit.take("ann") for _ in range(3)] == [True, True, False]
    assert limit.take("bob")


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    clock = Clock()
    limit = Limit(1, 60, clock)
    limit.take("ann")

    clock.now += 59
    assert not limit.take("ann")
    clock.now += 1

    assert limit.take("ann")


def test_what_is_given_back_did_not_count() -> None:
    limit = Limit(1, 60, Clock())
    limit.take("ann")

    limit.give_back("ann")
    limit.give_back("nobody")

    assert limit.take("ann")


def test_many_at_once_get_no_more() -> None:
    limit = Limit(5, 60, Clock())

    with ThreadPoolExecutor(8) as crowd:
        taken = list(crowd.map(lambda _: limit.take("ann"), range(100)))

    assert sum(taken) == 5


def test_whose_time_is_over_is_forgotten() -> None:
    clock = Clock()
    limit = Limit(1, 60, clock)
    for number in range(limits.REMEMBERED + 1):
        limit.take(number)

    clock.now += 60
    limit.take("ann")

    assert len(limit._done) == 1
