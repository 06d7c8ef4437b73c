"""The scale of a numeric column against its reference: by hand, laws, and what must not move it."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.profile import NumericColumn, numeric_column
from exporter.statistics.scale import scale_ratio
from profiling import binning, count, quantile_bins

GENERATOR = np.random.default_rng(5)
AMOUNTS = GENERATOR.lognormal(3, 1, 20_000)


def column(reference: Any, values: Any) -> NumericColumn:
    cells = binning(quantile_bins(reference))
    return numeric_column(count(cells, x=np.asarray(values, np.float64)), cells, "x")


def ratio(reference: Any, values: Any) -> float:
    before, now = column(reference, reference), column(reference, values)
    return scale_ratio(before.bins, before.sums, now.bins, now.sums)


def test_by_hand() -> None:
    # Magnitudes 1, 2, 4, 8 and 10, 20, 80, 160: quartiles 1, 2, 4 and 10, 20, 80; the least factor is 10.
    rows, before, now = np.ones(4), np.array([1.0, -2, 4, -8]), np.array([-10.0, 20, -80, 160])
    assert scale_ratio(rows, before, rows, now) == pytest.approx(10)
    assert scale_ratio(rows, now, rows, before) == pytest.approx(1 / 10)
    # Quartiles 1, 2, 4 and 2, 2, 2: one rises, one stays, one falls.
    assert scale_ratio(rows, before, np.array([4.0]), np.array([8.0])) == 1


def test_a_factor_beyond_the_range_of_floats_is_the_greatest() -> None:
    rows, small, large = np.ones(1), np.array([0.5]), np.array([sys.float_info.max])
    assert scale_ratio(rows, small, rows, large) == pytest.approx(sys.float_info.max)
    assert scale_ratio(rows, large, rows, small) == pytest.approx(1 / sys.float_info.max)


def test_zeros_have_no_unit() -> None:
    rows, sums = np.array([96.0, 4.0]), np.array([0.0, 8.0])
    assert scale_ratio(rows, sums, rows, 100 * sums) == pytest.approx(100)
    for left, right in ((rows, np.zeros(2)), (np.zeros(2), np.zeros(2))):
        assert math.isnan(scale_ratio(rows, sums, left, right))
        assert math.isnan(scale_ratio(left, right, rows, sums))


@pytest.mark.parametrize("factor", [0.001, 0.01, 100, 1000])
@pytest.mark.parametrize("share", [1.0, 0.05])
def test_a_change_of_unit_is_seen_also_where_most_rows_are_zero(factor: float, share: float) -> None:
    values = np.where(GENERATOR.random(len(AMOUNTS)) < share, AMOUNTS, 0)
    # Below the reference's smallest value all magnitudes count as their mean, so small ones look larger than they are.
    assert abs(math.log(ratio(values, factor * values) / factor)) < math.log(1.5 if factor > 1 else 4)


def test_neither_outliers_nor_another_spread_change_the_scale() -> None:
    assert ratio(AMOUNTS, np.append(AMOUNTS[:1000], [1e12] * 100)) < 1.3
    assert ratio(AMOUNTS, GENERATOR.lognormal(3, 3, 5000)) == pytest.approx(1, abs=0.1)
    # Half are 1 and half are 1000: the median alone may be either.
    both = np.array([1.0, 1000.0] * 500)
    assert ratio(both, np.append(both, [1000.0] * 50)) == 1


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0.001, 1000)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(1, 50), st.floats(0.001, 1000)), min_size=1, max_size=20),
    st.floats(1e-3, 1e3),
)
def test_swapping_the_sides_inverts_it_and_the_unit_of_both_does_not_matter(
    left: list[tuple[int, float]], right: list[tuple[int, float]], unit: float
) -> None:
    (n, a), (m, b) = ((np.array([r for r, _ in side]), np.array([r * v for r, v in side])) for side in (left, right))
    found = scale_ratio(n, a, m, b)
    assert found > 0
    assert scale_ratio(m, b, n, a) == pytest.approx(1 / found)
    assert scale_ratio(n, a * unit, m, b * unit) == pytest.approx(found)
    assert scale_ratio(n, a, n, a) == 1
