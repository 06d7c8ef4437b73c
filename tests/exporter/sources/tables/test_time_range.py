from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.tables.time_range import TimeRange, merged_ranges

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_it_is_written_as_a_half_open_range() -> None:
    assert str(TimeRange(NOON, NOON + HOUR)) == "[2026-11-22T12:00:00Z, 2026-11-22T13:00:00Z)"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=12))
def test_merged_ranges_have_the_same_hours_and_do_not_touch(spans: list[tuple[int, int]]) -> None:
    merged = merged_ranges(TimeRange(NOON + first * HOUR, NOON + (first + length) * HOUR) for first, length in spans)
    hours = [
        NOON + hour * HOUR for each in merged for hour in range(-1, 40) if each.start <= NOON + hour * HOUR < each.end
    ]
    assert hours == sorted({NOON + hour * HOUR for first, length in spans for hour in range(first, first + length)})
    assert all(left.end < right.start for left, right in pairwise(merged))
