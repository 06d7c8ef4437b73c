"""Population stability index: numbers by hand, and its law for simulated counts without drift."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from binned import count, sides
from exporter.statistics.drift import (
    effective_cells,
    population_stability_index,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def counts(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def decile_edges(reference: Floats) -> Floats:
    return np.unique(np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf"))


def textbook_psi(reference: Ints, current: Ints) -> float:
    """Half a row in each cell of both sides, as in textbooks."""
    cells, n, m = len(reference), reference.sum(), current.sum()
    total = 0.0
    for r, c in zip(reference.tolist(), current.tolist(), strict=True):
        p, q = (r + 0.5) / (n + cells / 2), (c + 0.5) / (m + cells / 2)
        total += (q - p) * math.log(q / p)
    return total


def test_psi_by_hand() -> None:
    # p = 1/2, 1/2 and q = 150.5/201, 50.5/201. Both differ from p by d = 50/201, so PSI = d ln(q1/p) - d ln(q2/p)
    # = d ln(q1/q2) = 50/201 ln(301/101) = 0.271639...
    result = population_stability_index(counts(100, 100), counts(150, 50))
    assert result == pytest.approx(50 / 201 * math.log(301 / 101), rel=1e-12)
    assert result == pytest.approx(0.271639, abs=1e-6)


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)),
        (counts(700, 200, 80, 20), counts(50, 40, 0, 10)),
        (counts(5, 0, 4), counts(300, 100, 200)),
    ],
)
def test_psi_adds_half_a_row_to_each_cell(reference: Ints, current: Ints) -> None:
    assert population_stability_index(reference, current) == pytest.approx(textbook_psi(reference, current), rel=1e-12)


def test_a_cell_without_rows_is_ignored() -> None:
    deciles, window = counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)
    expected = population_stability_index(deciles, window)
    assert population_stability_index(np.append(deciles, 0), np.append(window, 0)) == expected


def test_a_rare_cell_does_not_inflate_a_small_window() -> None:
    deciles, window = counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)
    expected = population_stability_index(deciles, window)
    with_nulls = np.append(deciles, 3), np.append(window, 0)
    assert population_stability_index(*with_nulls) == pytest.approx(expected, abs=1e-3)
    assert textbook_psi(*with_nulls) > expected + 0.06


def test_nulls_that_the_reference_lacks_raise_psi() -> None:
    # A fifth of the window: the cell alone gives about 0.2 ln(0.2 / 1.5e-6) = 2.4.
    deciles = counts(*[100_000] * 10, 0)
    assert population_stability_index(deciles, counts(*[80] * 10, 200)) > 2


def law_of_psi(shares: Floats, n: int, m: int, draws: int = 2000) -> tuple[Floats, Floats]:
    """PSI in units of its noise and its degrees of freedom, over draws in which nothing has drifted."""
    rng = np.random.default_rng(2018)
    pairs = list(zip(rng.multinomial(n, shares, draws), rng.multinomial(m, shares, draws), strict=True))
    psi = [population_stability_index(r, c) for r, c in pairs]
    cells = [effective_cells(r, c) for r, c in pairs]
    return np.array(psi) / (1 / n + 1 / m), np.array(cells) - 1


DECILES = np.full(10, 0.1)
LONG_TAIL = 1 / np.arange(1, 21) / (1 / np.arange(1, 21)).sum()


@pytest.mark.parametrize(
    ("shares", "n", "m"),
    [
        (DECILES, 1_000_000, 1000),
        (DECILES, 3000, 1000),
        (DECILES, 1000, 1000),
        (np.append(0.999 * DECILES, 0.001), 1_000_000, 2000),
        (np.append(DECILES * (1 - 1e-6), 1e-6), 1_000_000, 1000),
        (LONG_TAIL, 1_000_000, 5000),
        (LONG_TAIL, 5000, 5000),
    ],
)
def test_without_drift_psi_follows_chi_squared(shares: Floats, n: int, m: int) -> None:
    scaled, freedom = law_of_psi(shares, n, m)
    assert scaled.mean() == pytest.approx(freedom.mean(), rel=0.03)
    assert stats.kstest(np.asarray(stats.chi2.sf(scaled, freedom)), "uniform").pvalue > 0.01


@pytest.mark.parametrize("shares", [DECILES, np.append(0.999 * DECILES, 0.001), LONG_TAIL, 0.5 ** np.arange(1, 13)])
@pytest.mark.parametrize(("n", "m"), [(1_000_000, 50), (1_000_000, 200), (1_000_000, 2000), (500, 200), (300, 10_000)])
def test_without_drift_psi_is_not_high_more_often_than_its_law(shares: Floats, n: int, m: int) -> None:
    scaled, freedom = law_of_psi(shares / shares.sum(), n, m)
    alarms = np.mean(stats.chi2.sf(scaled, freedom) < 0.01)
    assert alarms < 0.01 + 3 * math.sqrt(0.01 * 0.99 / len(scaled))


def test_one_extreme_row_does_not_hide_a_shift() -> None:
    rng = np.random.default_rng(7)
    reference, current = rng.normal(size=10_000), rng.normal(0.5, size=1000)
    edges = decile_edges(reference)
    plain = population_stability_index(count(reference, edges), count(current, edges))
    wild = population_stability_index(count(reference, edges), count(np.append(current, 1e6), edges))
    assert plain > 0.2
    assert wild == pytest.approx(plain, rel=0.05)


@given(sides())
def test_psi_is_never_negative_and_always_finite(both: tuple[Ints, Ints]) -> None:
    assert 0 <= population_stability_index(*both) < math.inf


@given(sides(1), st.integers(2, 1000))
def test_psi_of_proportional_counts_is_below_the_noise(side: tuple[Ints], factor: int) -> None:
    rows = side[0].sum()
    noise = np.count_nonzero(side[0]) * (1 / rows + 1 / (factor * rows))
    assert population_stability_index(side[0], factor * side[0]) <= noise / 2


def test_effective_cells_by_hand() -> None:
    # The window of 50 expects 25, 24.95 and 0.05 rows: two whole cells and a tenth of one. Seen from a window of 5,000,
    # which expects 5 in the last, all three are whole.
    assert effective_cells(counts(500_000, 499_000, 1000), counts(25, 25, 0)) == pytest.approx(2.1, rel=1e-3)
    assert effective_cells(counts(500_000, 499_000, 1000), counts(2500, 2495, 5)) == 3
    assert effective_cells(counts(7, 0), counts(3, 0)) == 1


@given(sides())
def test_effective_cells_are_at_most_those_with_rows(both: tuple[Ints, Ints]) -> None:
    assert 1 - 1e-12 <= effective_cells(*both) <= np.count_nonzero(both[0] + both[1])
