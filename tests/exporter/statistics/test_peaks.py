"""The highest share of any stretch of time: by hand, its memory, and what does not alert."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.peaks import ENOUGH, Past, Usual, highest_share
from exporter.statistics.thresholds import ratio_noise

DAY, WEEK = 24, 168
NONE_USUAL = Usual(0, 1_000_000, min_rows=30, rate=1e-5)


def past(new: np.ndarray, rows: float = 1000.0, floor: float = 0.01) -> Past:
    return Past(new.astype(float), np.full(len(new), rows), np.full(len(new), floor))


def hours(*blocks: tuple[int, float]) -> np.ndarray:
    """New rows of each hour: blocks of so many hours with so many rows."""
    return np.concatenate([np.full(count, rows) for count, rows in blocks])


def alerts(new: np.ndarray, rows: float = 1000.0, usual: Usual = NONE_USUAL) -> bool:
    found = highest_share(past(new, rows), [1, DAY, WEEK], WEEK, usual)
    assert found is not None
    return found[0] > found[1]


def test_by_hand() -> None:
    # The last hour has 30 % of new rows, its day 1.25 % and its week 0.18 %: the hour is furthest above the floor.
    share, level = highest_share(past(hours((167, 0), (1, 300))), [1, DAY, WEEK], WEEK, NONE_USUAL) or (0, 0)
    assert (share, level) == (0.3, 0.01)


def test_a_renamed_category_is_seen_in_its_first_hour() -> None:
    assert alerts(hours((167, 0), (1, 300)))
    assert alerts(hours((167, 0), (1, 15)), rows=50)


def test_a_category_of_saturdays_is_remembered_until_the_next() -> None:
    week = hours((6 * DAY, 0), (DAY, 15))
    series = np.concatenate([np.zeros(WEEK), week, week, week])
    states = [alerts(series[end - WEEK : end]) for end in range(WEEK, len(series) + 1)]
    first = states.index(True)
    assert first == 6 * DAY + 1  # in the first hour of the first Saturday
    assert all(states[first:])


def test_a_category_that_went_is_forgotten_after_a_week() -> None:
    series = np.concatenate([np.zeros(WEEK), hours((1, 300), (2 * WEEK, 0))])
    states = [alerts(series[end - WEEK : end]) for end in range(WEEK, len(series) + 1)]
    assert sum(states[1:DAY]) == DAY - 1
    assert states.index(True) == 1
    assert sum(states) == WEEK
    assert not any(states[1 + WEEK :])


def test_a_longer_memory_does_not_hold_longer_than_a_week() -> None:
    month = np.concatenate([hours((1, 300)), np.zeros(4 * WEEK - 1)])
    found = highest_share(past(month), [1, 4 * WEEK], WEEK, NONE_USUAL)
    assert found == (300 / (4 * WEEK * 1000), 0.01)


def test_few_rows_are_no_category() -> None:
    assert not alerts(hours((167, 0), (1, ENOUGH)), rows=50)
    assert alerts(hours((167, 0), (1, ENOUGH + 1)), rows=50)


def test_a_share_that_the_reference_has_is_usual() -> None:
    usual = Usual(5_000, 100_000, min_rows=30, rate=1e-5)
    assert not alerts(hours((WEEK, 50)), usual=usual)
    assert not alerts(hours((167, 50), (1, 75)), usual=usual)  # above 6 %, and still within the noise of an hour
    assert ratio_noise(5_000, 100_000, 1000, 1e-5) > 0.075
    assert alerts(hours((WEEK, 65)), usual=usual)  # the day and the week know better


def test_the_floor_is_that_of_the_day_on_which_a_stretch_ends() -> None:
    saturday = Past(np.array([0.0, 20.0]), np.full(2, 1000.0), np.array([0.01, 0.05]))
    assert highest_share(saturday, [1], 2, NONE_USUAL) == (0.02, 0.05)
    assert highest_share(saturday, [2], 2, NONE_USUAL) == (0.01, 0.05)


def test_without_enough_rows_there_is_no_share() -> None:
    assert highest_share(past(np.zeros(3), rows=9), [1, 3], 3, NONE_USUAL) is None
    assert highest_share(past(np.zeros(3), rows=10), [1, 3], 3, NONE_USUAL) == (0, max(0.01, ENOUGH / 30))
    assert highest_share(past(np.zeros(3)), [5, 3], 3, NONE_USUAL) == (0, 0.01)


def test_a_floor_of_1_never_alerts() -> None:
    found = highest_share(past(hours((WEEK, 1000)), floor=1.0), [1, WEEK], WEEK, NONE_USUAL)
    assert found == (1, 1)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=60),
    st.integers(0, 50),
    st.floats(0, 0.2),
    st.floats(1e-6, 1e-2),
)
def test_it_alerts_when_any_stretch_is_above_its_threshold(
    new: list[int], usual: int, floor: float, rate: float
) -> None:
    reference = Usual(usual, 1000, min_rows=30, rate=rate)
    given_past, lengths = past(np.array(new), 50.0, floor), [1, 5, len(new)]
    found = highest_share(given_past, lengths, 20, reference)

    def level(size: float) -> float:
        share = reference.share
        return max(min(share + floor, 1), share + ENOUGH / size, ratio_noise(usual, 1000, int(size), rate))

    counts = [
        (sum(new[end - length : end]), 50.0 * length)
        for length in set(lengths)
        for end in range(max(length, len(new) - 19), len(new) + 1)
        if length <= len(new)
    ]
    expected = any(part / size > level(size) for part, size in counts if size >= 30)
    assert found is not None
    if found[0] > found[1]:
        assert expected
    elif len(counts) <= 4:  # else only the likeliest are tried
        assert not expected


@pytest.mark.parametrize("scale", [1, 7])
def test_unusual_rows_never_lower_the_share(scale: int) -> None:
    less, more = (
        highest_share(past(hours((100, 1), (68, rows))), [1, DAY], WEEK, NONE_USUAL) for rows in (2, 2 + scale)
    )
    assert less is not None
    assert more is not None
    assert more[0] > less[0]
