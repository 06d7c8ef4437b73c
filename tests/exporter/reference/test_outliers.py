"""Times of a reference that cannot be right are left out, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.reference.outliers import ALL_HOURS, HourRange, hours_in, merge_hours, plausible_hours
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window

FIRST = 490_000
"""The first hour of these data sets, in November 2025."""
YEAR_2042 = 631_152
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    return EPOCH + hour * HOUR


def steady(hours: int, rows: int = 40) -> dict[int, int]:
    return dict.fromkeys(range(FIRST, FIRST + hours), rows)


class TestDataSets:
    """2,016 hours of 40 rows are 80,640 rows, so a stretch of at most 80 is one row in a thousand."""

    ROWS = steady(2016)
    WHOLE = HourRange(FIRST, FIRST + 2016)
    LATER = at(700_000)

    @pytest.mark.parametrize("hour", [YEAR_2042, FIRST + 2015 + 169, FIRST - 169, 70_389_527])
    @pytest.mark.parametrize("count", [1, 80])
    def test_a_few_rows_that_are_more_than_a_week_away_are_left_out(self, hour: int, count: int) -> None:
        rows = {**self.ROWS, hour: count}
        found = plausible_hours(rows, self.LATER)
        assert found == self.WHOLE
        assert found.outside(rows) == count

    def test_more_rows_or_nearer_ones_count(self) -> None:
        assert plausible_hours({**self.ROWS, YEAR_2042: 81}, self.LATER).end == YEAR_2042 + 1
        near = FIRST + 2015 + 168
        assert plausible_hours({**self.ROWS, near: 1}, self.LATER).end == near + 1

    def test_rows_after_now_are_left_out_however_near_they_are(self) -> None:
        now = at(FIRST + 2015) + HOUR / 2
        assert plausible_hours({**self.ROWS, FIRST + 2016: 806}, now) == self.WHOLE

    def test_a_data_set_that_is_newer_than_now_counts(self) -> None:
        assert plausible_hours(self.ROWS, at(FIRST - 1)) == self.WHOLE
        now = at(FIRST + 2015) + HOUR / 2
        assert plausible_hours({**self.ROWS, FIRST + 2016: 815}, now).end == FIRST + 2017, "more than 1 in 100"

    def test_a_gap_with_many_rows_on_both_sides_is_part_of_the_data(self) -> None:
        second = {hour + 5000: rows for hour, rows in self.ROWS.items()}
        assert plausible_hours({**self.ROWS, **second}, self.LATER) == HourRange(FIRST, FIRST + 5000 + 2016)

    def test_sparse_rows_are_no_outliers(self) -> None:
        sparse = {FIRST + 400 * place: 1 for place in range(30)}
        assert plausible_hours(sparse, self.LATER) == HourRange(FIRST, FIRST + 400 * 29 + 1)
        assert plausible_hours({FIRST: 50, YEAR_2042: 1}, self.LATER).end == YEAR_2042 + 1, "1 of 51 is no accident"

    def test_rows_without_a_time_are_outside(self) -> None:
        rows = {**self.ROWS, -1: 7}
        assert plausible_hours(rows, self.LATER).outside(rows) == 7
        assert plausible_hours({-1: 7}, self.LATER) == ALL_HOURS
        assert plausible_hours({}, self.LATER) == ALL_HOURS


@given(
    st.integers(1200, 2500),
    st.lists(st.integers(HOURS_OF_WEEK + 1, 10**5), max_size=10),
    st.integers(1, 10**6),
)
def test_wrong_clocks_never_change_the_hours_that_count(hours: int, gaps: list[int], later: int) -> None:
    rows, now = steady(hours, 2), at(FIRST + hours - 1 + later)
    after = {FIRST + hours - 1 + away: 1 for away in accumulate(gaps)}
    assert plausible_hours(merge_hours([rows, after]), now) == plausible_hours(rows, now)


def test_a_window_has_the_hours_that_it_touches() -> None:
    window = Window(at(FIRST) + HOUR / 2, at(FIRST + 3))
    assert hours_in(window) == HourRange(FIRST, FIRST + 3)
    assert hours_in(Window(at(FIRST), at(FIRST + 1) + HOUR / 60)) == HourRange(FIRST, FIRST + 2)
    assert hours_in(Window(EPOCH - HOUR, EPOCH + HOUR)) == HourRange(0, 1)
