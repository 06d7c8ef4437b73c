from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.windows import Window, newest_end, partition_number, window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)

instants = st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))
grains = st.sampled_from([timedelta(minutes=5), timedelta(minutes=15), HOUR, 6 * HOUR, DAY, 7 * DAY])
delays = st.timedeltas(timedelta(0), timedelta(days=3))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 11, 22, 10, 9, 59, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)),
        (datetime(2026, 11, 22, 10, 10, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)),
        (datetime(2026, 11, 22, 0, 5, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC)),
        (datetime(2026, 11, 22, 5, 40, tzinfo=timezone(-5 * HOUR)), datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ],
)
def test_the_newest_hour_ends_at_least_the_delay_ago(now: datetime, end: datetime) -> None:
    assert newest_end(now, TEN_MINUTES, HOUR) == end


def test_days_begin_at_midnight_in_utc() -> None:
    assert newest_end(datetime(2026, 11, 23, 12, tzinfo=UTC), HOUR, DAY) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_window_is_half_open_and_lists_its_partitions_oldest_first() -> None:
    found = window(datetime(2026, 11, 22, 10, 30, tzinfo=UTC), 3 * HOUR, TEN_MINUTES, HOUR)
    assert found == Window(datetime(2026, 11, 22, 7, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert found.partitions(HOUR) == tuple(datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (7, 8, 9))


@pytest.mark.parametrize("length", [timedelta(minutes=30), timedelta(minutes=90), timedelta(0), -HOUR])
def test_a_window_is_a_whole_number_of_partitions(length: timedelta) -> None:
    with pytest.raises(ValueError, match="is not a whole number of partitions of 1:00:00"):
        window(datetime(2026, 11, 22, tzinfo=UTC), length, TEN_MINUTES, HOUR)


def test_an_empty_window_has_no_partitions() -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    assert Window(start, start).partitions(HOUR) == ()


@given(instants, delays, grains, st.integers(1, 200))
def test_a_window_is_the_newest_complete_one(now: datetime, delay: timedelta, grain: timedelta, count: int) -> None:
    found = window(now, count * grain, delay, grain)
    assert found.end <= now - delay < found.end + grain
    assert found.length == count * grain
    assert found.end.tzinfo is UTC


@given(instants, delays, grains, st.integers(1, 200))
def test_partitions_are_adjacent_and_fill_the_window(
    now: datetime, delay: timedelta, grain: timedelta, count: int
) -> None:
    found = window(now, count * grain, delay, grain)
    starts = found.partitions(grain)
    assert len(starts) == count
    assert [start + grain for start in starts] == [*starts[1:], found.end]
    assert starts[0] == found.start


@given(instants, delays, grains, st.integers(1, 50))
def test_one_grain_later_the_window_has_moved_by_one_partition(
    now: datetime, delay: timedelta, grain: timedelta, count: int
) -> None:
    earlier, later = (window(moment, count * grain, delay, grain) for moment in (now, now + grain))
    assert later.partitions(grain)[:-1] == earlier.partitions(grain)[1:]
    assert later.partitions(grain)[-1] == earlier.end


def test_partitions_side_by_side_have_numbers_that_differ_by_one() -> None:
    assert partition_number(datetime(1970, 1, 1, tzinfo=UTC), HOUR) == 0
    assert partition_number(datetime(1970, 1, 2, 1, tzinfo=UTC), HOUR) == 25
    assert partition_number(datetime(1969, 12, 31, tzinfo=UTC), DAY) == -1
