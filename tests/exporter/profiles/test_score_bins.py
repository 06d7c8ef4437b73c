"""The score's bins: the bounds of its histogram, and PSI's cells, which equal those of the ordinary bins."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.profiles.binning import edges_above
from exporter.profiles.profile import numeric_column
from exporter.profiles.score_bins import PROBABILITIES, confidence_ends, score_bins
from exporter.spec.sections.task import Task
from profiling import binning, count, quantile_bins

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
RANDOM = np.random.default_rng(5)


def bounds(values: object, task: Task = "regression") -> tuple[float, ...]:
    return score_bins(quantile_bins(values), task).histogram_bounds


class TestBounds:
    @pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification"])
    @pytest.mark.parametrize("values", [RANDOM.beta(1, 30, 1000), [0.0, 1.0], [0.5]])
    def test_a_probability_has_a_bound_at_each_tenth(self, values: object, task: Task) -> None:
        assert bounds(values, task) == PROBABILITIES == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

    @pytest.mark.parametrize("value", [-0.01, 1.01])
    def test_a_classifiers_score_outside_0_to_1_is_not_a_probability(self, value: float) -> None:
        assert bounds([0.25, 0.5, value], "binary_classification") != PROBABILITIES

    @pytest.mark.parametrize("task", ["regression", "ranking"])
    def test_other_scores_have_bounds_at_their_rounded_deciles(self, task: Task) -> None:
        assert bounds(np.arange(1, 1001) / 1000, task) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
        prices = 123_456 + 777.7 * np.arange(101)
        assert bounds(prices, task) == (131200, 139000, 146800, 154600, 162300, 170100, 177900, 185700, 193400)

    def test_few_values_have_a_bound_each(self) -> None:
        assert bounds(np.repeat([1.0, 2, 3, 4, 5], 20)) == (1, 2, 3, 4, 5)

    def test_a_constant_has_its_own_bound(self) -> None:
        assert bounds([7.0] * 50) == (7,)
        assert bounds([0.0] * 50) == (0,)

    @given(st.lists(FLOATS, min_size=1, max_size=40), st.sampled_from(["regression", "binary_classification"]))
    @example([-sys.float_info.max, sys.float_info.max], "regression")
    def test_bounds_are_always_few_finite_and_increasing_edges(self, values: list[float], task: Task) -> None:
        bins = score_bins(quantile_bins(values), task)
        assert 1 <= len(bins.histogram_bounds) <= 20
        assert np.isfinite(bins.histogram_bounds).all()
        assert list(bins.histogram_bounds) == sorted(set(bins.histogram_bounds))
        assert np.isin(edges_above(np.array(bins.histogram_bounds)), bins.edges).all()


class TestConfidence:
    @pytest.mark.parametrize("edges", [(0.5, 0.6, 0.9, 1.0), (0.0, 0.5, 0.9, 1.0)])
    def test_a_probability_has_the_ends_of_its_buckets(self, edges: tuple[float, ...]) -> None:
        ends = confidence_ends(edges)
        bins = score_bins(quantile_bins(RANDOM.random(1000)), "binary_classification", edges)
        assert np.isin(ends[np.isfinite(ends)], bins.edges).all()
        assert np.isfinite(bins.edges).all()

    def test_the_confidence_of_two_classes_is_at_most_c_from_1_minus_c_to_c(self) -> None:
        lower, upper = confidence_ends((0.5, 0.6, 1.0))
        assert lower < 0.4 <= upper
        assert (lower[0], upper[0]) == pytest.approx((0.4, 0.6), rel=1e-6)

    def test_the_confidence_of_more_classes_is_the_score(self) -> None:
        lower, upper = confidence_ends((0.0, 0.6, 1.0))
        assert (lower[0], upper[0]) == (-np.inf, pytest.approx(0.6, rel=1e-6))

    def test_other_scores_have_no_confidence(self) -> None:
        plain, confident = (
            score_bins(quantile_bins([1.0, 2, 3]), "regression", edges) for edges in ((), (0.5, 0.6, 1))
        )
        assert (plain.edges == confident.edges).all()


class TestEdges:
    @given(st.lists(FLOATS, min_size=1, max_size=40), st.lists(FLOATS, min_size=1, max_size=20))
    def test_psis_cells_do_not_change(self, reference: list[float], current: list[float]) -> None:
        plain = quantile_bins(reference)
        before, after = (
            numeric_column(count(binning(bins), x=np.array(current, np.float64)), binning(bins), "x").cells.tolist()
            for bins in (plain, score_bins(plain, "binary_classification"))
        )
        assert before == after

    @pytest.mark.parametrize("kind", [np.float64, np.float32])
    def test_a_score_at_a_bound_is_below_its_edge_even_when_rounded_to_32_bits(self, kind: type) -> None:
        bins = score_bins(quantile_bins(RANDOM.random(1000)), "binary_classification")
        at = np.array(PROBABILITIES, dtype=kind).astype(np.float64)
        ends = edges_above(np.array(PROBABILITIES))
        assert (at <= ends).all()
        assert (at * 1.000001 > ends).all()
        assert np.isin(ends, bins.edges).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(1e-6, 1))
def test_an_edge_separates_positive_scores_from_negative_ones(values: list[float], decision: float) -> None:
    """Also where they were rounded to 32 bits."""
    bins = score_bins(quantile_bins(values), "binary_classification", (), decision)
    first = np.searchsorted(bins.edges, decision)
    rounded = float(np.float32(decision))
    assert np.searchsorted(bins.edges, rounded) >= first
    assert np.searchsorted(bins.edges, decision * (1 - 1e-6)) < first
