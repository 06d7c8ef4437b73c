from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.times import microseconds
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.validation.checks.zones import outside, quietest_hour, shifted
from exporter.validation.finding import Place
from sampled import HOUR, START, texts

SPAN = Window(START, START + HOUR)
EVERY_MINUTE = microseconds(START) + np.arange(60) * 60_000_000
HOUR_US = 3_600_000_000
UTC_CALENDAR = Calendar("UTC", frozenset(), 6)


def test_the_quietest_hours_are_the_middle_of_the_night() -> None:
    traffic = np.repeat(np.arange(24), [10 if hour >= 22 or hour < 4 else 100 for hour in range(24)])
    assert quietest_hour(traffic * HOUR_US) == 1
    assert quietest_hour(np.arange(24) * HOUR_US) is None


@pytest.mark.parametrize(("shift", "share"), [(0, 0), (30, 0.5), (-15, 0.25), (60, 1)])
def test_the_share_outside_is_half_open(shift: int, share: float) -> None:
    assert outside(EVERY_MINUTE + shift * 60_000_000, SPAN) == share


@given(st.integers(-400, 400))
def test_any_shift_by_whole_hours_is_found(hours: int) -> None:
    found = shifted(Place(), EVERY_MINUTE + hours * HOUR_US, SPAN, UTC_CALENDAR, naive=False)
    if hours == 0:
        assert found is None
    else:
        assert found is not None
        assert f"they are {abs(hours)} h {'after' if hours > 0 else 'before'}" in texts([found])


def test_rows_that_are_late_or_few_or_scattered_are_in_no_other_zone() -> None:
    late = EVERY_MINUTE - 30 * 60_000_000
    scattered = EVERY_MINUTE + np.arange(60) % 5 * HOUR_US
    for times in (late, EVERY_MINUTE[:9] + 5 * HOUR_US, scattered):
        assert shifted(Place(), times, SPAN, UTC_CALENDAR, naive=True) is None
