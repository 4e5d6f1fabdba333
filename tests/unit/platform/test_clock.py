from datetime import UTC, datetime, timedelta, timezone

import pytest

from vestibule.platform import clock


def test_now_is_aware_and_in_utc() -> None:
    moment = clock.now()

    assert moment.tzinfo is UTC
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 20, 9, 41, 0, 123456, UTC), "2026-11-20T09:41:00.123456Z"),
        (datetime(2026, 11, 20, 9, 41, tzinfo=UTC), "2026-11-20T09:41:00.000000Z"),
        (
            datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31T23:30:00.000000Z",
        ),
    ],
)
def test_a_timestamp_is_in_utc_with_microseconds(moment: datetime, text: str) -> None:
    assert clock.timestamp(moment) == text


def test_timestamps_sort_as_their_moments_do() -> None:
    first = datetime(2026, 11, 20, 9, 59, 59, 999999, UTC)
    moments = [first + timedelta(microseconds=step) for step in range(3)]

    texts = [clock.timestamp(moment) for moment in moments]

    assert texts == sorted(texts)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        clock.timestamp(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("Fri, 20 Nov 2026 11:00:00 GMT", 11),
        ("Fri, 20 Nov 2026 09:00:59 GMT", 9),
        ("yesterday", 9),
    ],
)
def test_a_services_time_is_taken_over_where_ours_is_far_from_it(date: str, hour: int) -> None:
    told = clock.ServiceTime(lambda: datetime(2026, 11, 20, 9, tzinfo=UTC))

    assert told.learn({"date": date}) is (hour != 9)
    assert told() == datetime(2026, 11, 20, hour, tzinfo=UTC)
    # Once it is right, the fault is another.
    assert not told.learn({"date": date})
