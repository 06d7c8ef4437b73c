"""The least shift that is seen: by hand, against scipy's laws, and growing with the threshold."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter.statistics.drift import population_stability_index
from exporter.statistics.sensitivity import LARGEST, Shape, detectable_shift, equivalent_shift

Values = npt.NDArray[np.float64]


def law_of(law: stats.rv_continuous | object, rows: float = 1e9) -> tuple[Values, Values, Values]:
    """The ends and the rows of 256 bins of equal mass of a law, and its deciles."""
    ends = law.ppf(np.clip(np.linspace(0, 1, 257), 1e-9, 1 - 1e-9))  # type: ignore[attr-defined]
    return ends, np.full(256, rows / 256), law.ppf(np.arange(1, 10) / 10)  # type: ignore[attr-defined]


def shift_of(law: object, level: float, size: float = 1e9, scale: float = 1.0) -> float:
    ends, rows, deciles = law_of(law)
    deviation = float(law.std())  # type: ignore[attr-defined]
    return detectable_shift(Shape(scale * ends, rows, scale * deciles, np.zeros(11), scale * deviation), size, level)


class TestDetectableShift:
    def test_by_hand(self) -> None:
        """Uniform on 0 to 1 in two equal cells: a shift by d leaves 0.5 - d on one side.

        The index is d ln((0.5 + d) / (0.5 - d)): 0.1 ln(0.6 / 0.4) at d = 0.1, in deviations 0.1 sqrt(12).
        """
        level = 0.1 * math.log(0.6 / 0.4)
        shape = Shape(np.array([0.0, 0.5, 1.0]), np.full(2, 1e9), np.array([0.5]), np.zeros(3), 1 / math.sqrt(12))
        found = detectable_shift(shape, 1e9, level)
        assert found == pytest.approx(0.1 * math.sqrt(12), rel=0.02)

    @pytest.mark.parametrize("shift", [0.1, 0.3, 1.0, 2.0])
    def test_a_normal_feature_is_seen_when_its_index_exceeds_the_level(self, shift: float) -> None:
        below = stats.norm.cdf(stats.norm.ppf(np.arange(1, 10) / 10) - shift)
        level = population_stability_index(np.full(10, 1e8), 1e9 * np.diff(below, prepend=0, append=1))
        assert shift_of(stats.norm, level) == pytest.approx(shift, rel=0.03)
        assert equivalent_shift(level) == pytest.approx(shift, rel=0.02)

    @pytest.mark.parametrize("law", [stats.expon(), stats.lognorm(0.7)])
    def test_of_a_skewed_feature_both_directions_are_seen(self, law: object) -> None:
        ends, rows, deciles = law_of(law)
        level, deviation = 0.2, float(law.std())  # type: ignore[attr-defined]
        found = shift_of(law, level)
        indices = []
        for sign in (-1, 1):
            below = np.interp(deciles - sign * found * deviation, ends, np.concatenate([[0], np.cumsum(rows)]))
            cells = np.diff(below, prepend=0, append=1e9)
            indices.append(population_stability_index(np.full(10, 1e8), cells))
        assert min(indices) == pytest.approx(level, rel=0.05)
        assert max(indices) > level

    def test_rows_that_do_not_move_hide_a_shift(self) -> None:
        """Where 90 % are missing a shift of the others moves a tenth of the rows."""
        ends, rows, deciles = law_of(stats.norm)
        others = np.append(np.zeros(10), 9e9)
        found = detectable_shift(Shape(ends, rows, deciles, others, 1.0), 1e9, 0.05)
        assert found == pytest.approx(equivalent_shift(0.5), rel=0.05)

    def test_few_rows_bound_what_can_be_seen(self) -> None:
        assert shift_of(stats.norm, 3.0, size=1e9) < LARGEST
        assert shift_of(stats.norm, 8.0, size=30) == LARGEST

    @pytest.mark.parametrize(("deviation", "size"), [(0.0, 100), (math.nan, 100), (1.0, 0)])
    def test_without_spread_or_rows_it_is_unknown(self, deviation: float, size: float) -> None:
        shape = Shape(np.array([0.0, 1, 2]), np.ones(2), np.array([1.0]), np.zeros(3), deviation)
        found = detectable_shift(shape, size, 0.1)
        assert math.isnan(found)

    @given(st.floats(0.001, 5), st.floats(0.001, 5), st.floats(1e-3, 1e3))
    def test_it_grows_with_the_level_and_has_no_unit(self, level: float, other: float, scale: float) -> None:
        low, high = sorted((level, other))
        assert 0 < shift_of(stats.norm, low) <= shift_of(stats.norm, high) <= LARGEST
        assert shift_of(stats.norm, level, scale=scale) == pytest.approx(shift_of(stats.norm, level), rel=1e-6)


class TestEquivalentShift:
    @pytest.mark.parametrize(("level", "shift"), [(0.05, 0.23), (0.2, 0.46), (0.926, 1.0)])
    def test_of_usual_thresholds(self, level: float, shift: float) -> None:
        assert equivalent_shift(level) == pytest.approx(shift, abs=0.01)

    def test_it_is_bounded(self) -> None:
        assert equivalent_shift(1000) == LARGEST
        assert equivalent_shift(0) == 0
