"""Chi-squared test: numbers by hand, SciPy on the same counts, and its false alarm rate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from binned import sides
from exporter.statistics.drift import (
    ChiSquared,
    chi_squared,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LONG_TAIL = 1 / np.arange(1, 21) / (1 / np.arange(1, 21)).sum()


def counts(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def contingency(reference: Ints, current: Ints) -> tuple[float, float, int]:
    result = stats.chi2_contingency(np.array([reference, current]), correction=False)
    return float(result.statistic), float(result.pvalue), int(result.dof)


def test_chi_squared_by_hand() -> None:
    # Every cell expects 15 and is off by 5: 4 x 25/15 = 20/3, with one degree of freedom p = erfc(sqrt(10/3)).
    result = chi_squared(counts(10, 20), counts(20, 10))
    assert result == pytest.approx((20 / 3, math.erfc(math.sqrt(10 / 3)), 1), rel=1e-12)


@given(st.integers(2, 12), st.data())
def test_chi_squared_is_that_of_scipy(cells: int, data: st.DataObject) -> None:
    column = st.lists(st.integers(100, 1000), min_size=cells, max_size=cells)  # each cell expects 18 rows or more
    reference, current = np.array(data.draw(column)), np.array(data.draw(column))
    assert chi_squared(reference, current) == pytest.approx(contingency(reference, current), rel=1e-9, abs=1e-12)


def test_chi_squared_pools_rare_cells() -> None:
    # The last two expect 3.5 and 2.5 rows on either side, together 6.
    result = chi_squared(counts(60, 33, 4, 3), counts(50, 45, 3, 2))
    assert result == pytest.approx(contingency(counts(60, 33, 7), counts(50, 45, 5)), rel=1e-12)


def test_chi_squared_adds_the_next_smallest_cell_to_a_pool_that_is_rare_itself() -> None:
    # The last two expect 1.5 and 1, so the second joins them. (60, 40) against (50, 50), which expect 55 and 45:
    # 2 x 25/55 + 2 x 25/45 = 200/99.
    result = chi_squared(counts(60, 37, 2, 1), counts(50, 48, 1, 1))
    assert result.statistic == pytest.approx(200 / 99, rel=1e-12)
    assert result.degrees_of_freedom == 1


def test_chi_squared_pools_below_5_expected_rows() -> None:
    # 4.5 expected rows are too few, and 5 are not.
    assert chi_squared(counts(60, 36, 4), counts(50, 45, 5)).degrees_of_freedom == 1
    enough = counts(60, 35, 5), counts(50, 45, 5)
    assert chi_squared(*enough) == pytest.approx(contingency(*enough), rel=1e-12)


@pytest.mark.parametrize(
    ("reference", "current", "pooled_reference", "pooled_current"),
    [
        # Of two cells of 40 rows: the one that deviates against the pool of (3, 1), the one that deviates less.
        (counts(3, 25, 15, 57), counts(1, 15, 25, 59), counts(18, 25, 57), counts(26, 15, 59)),
        (counts(2, 15, 21, 62), counts(2, 25, 19, 54), counts(23, 15, 62), counts(21, 25, 54)),
    ],
)
def test_chi_squared_chooses_among_cells_of_equal_rows_whatever_their_order(
    reference: Ints, current: Ints, pooled_reference: Ints, pooled_current: Ints
) -> None:
    expected = pytest.approx(contingency(pooled_reference, pooled_current), rel=1e-12)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        assert chi_squared(reference[order], current[order]) == expected
        assert chi_squared(current[order], reference[order]) == expected


def test_chi_squared_rejects_a_new_category_that_the_reference_makes_rare() -> None:
    # 20 rows of 50 where a million had none: the cell expects 0.001 rows, and is compared as part of its pool.
    assert chi_squared(counts(500_000, 400_000, 100_000, 0), counts(15, 12, 3, 20)).p_value < 1e-9


def test_chi_squared_leaves_out_empty_cells() -> None:
    assert chi_squared(counts(10, 0, 20), counts(20, 0, 10)) == chi_squared(counts(10, 20), counts(20, 10))


@pytest.mark.parametrize("reference", [counts(3, 1), counts(1000, 2), counts(50, 0), counts(50)])
def test_chi_squared_needs_two_cells(reference: Ints) -> None:
    assert all(math.isnan(value) for value in chi_squared(reference, reference))


def test_chi_squared_has_its_false_alarm_rate() -> None:
    rng = np.random.default_rng(5)
    draws = zip(rng.multinomial(1000, LONG_TAIL, 4000), rng.multinomial(400, LONG_TAIL, 4000), strict=True)
    p_values = [chi_squared(reference, current).p_value for reference, current in draws]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


@given(sides())
def test_chi_squared_has_a_statistic_and_a_probability(both: tuple[Ints, Ints]) -> None:
    result = chi_squared(*both)
    assert isinstance(result, ChiSquared)
    if not math.isnan(result.statistic):
        assert result.statistic >= 0
        assert 0 <= result.p_value <= 1
        assert 1 <= result.degrees_of_freedom < len(both[0])
