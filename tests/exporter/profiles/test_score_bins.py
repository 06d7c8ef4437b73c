"""The score's bins: where its distribution is told, and that PSI's cells are those of the ordinary bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.binning import edges_above
from exporter.profiles.profile import numeric_column
from exporter.profiles.score_bins import PROBABILITIES, confidence_ends, score_bins
from exporter.spec.sections.task import Task
from profiling import binning, count, quantile_bins

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
RANDOM = np.random.default_rng(5)


def marks(values: object, task: Task = "regression") -> tuple[float, ...]:
    return score_bins(quantile_bins(values), task).histogram_bounds


class TestMarks:
    @pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification"])
    @pytest.mark.parametrize("values", [RANDOM.beta(1, 30, 1000), [0.0, 1.0], [0.5]])
    def test_a_probability_is_told_at_each_tenth(self, values: object, task: Task) -> None:
        assert marks(values, task) == PROBABILITIES == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

    @pytest.mark.parametrize("value", [-0.01, 1.01])
    def test_a_classifiers_score_that_leaves_0_to_1_is_no_probability(self, value: float) -> None:
        assert marks([0.25, 0.5, value], "binary_classification") != PROBABILITIES

    @pytest.mark.parametrize("task", ["regression", "ranking"])
    def test_other_scores_are_told_at_their_deciles_in_round_numbers(self, task: Task) -> None:
        assert marks(np.arange(1, 1001) / 1000, task) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
        prices = 123_456 + 777.7 * np.arange(101)
        assert marks(prices, task) == (131200, 139000, 146800, 154600, 162300, 170100, 177900, 185700, 193400)

    def test_few_values_are_told_each(self) -> None:
        assert marks(np.repeat([1.0, 2, 3, 4, 5], 20)) == (1, 2, 3, 4, 5)

    def test_a_constant_is_told_as_it_is(self) -> None:
        assert marks([7.0] * 50) == (7,)
        assert marks([0.0] * 50) == (0,)

    @given(st.lists(FLOATS, min_size=1, max_size=40), st.sampled_from(["regression", "binary_classification"]))
    def test_whatever_the_values_marks_are_few_finite_and_increasing_and_have_edges(
        self, values: list[float], task: Task
    ) -> None:
        bins = score_bins(quantile_bins(values), task)
        assert 1 <= len(bins.histogram_bounds) <= 20
        assert np.isfinite(bins.histogram_bounds).all()
        assert (np.diff(bins.histogram_bounds) > 0).all()
        assert np.isin(edges_above(np.array(bins.histogram_bounds)), bins.edges).all()


class TestConfidence:
    @pytest.mark.parametrize("edges", [(0.5, 0.6, 0.9, 1.0), (0.0, 0.5, 0.9, 1.0)])
    def test_a_probability_has_the_ends_of_its_buckets(self, edges: tuple[float, ...]) -> None:
        ends = confidence_ends(edges)
        bins = score_bins(quantile_bins(RANDOM.random(1000)), "binary_classification", edges)
        assert np.isin(ends[np.isfinite(ends)], bins.edges).all()
        assert np.isfinite(bins.edges).all()

    def test_of_two_classes_a_confidence_is_at_most_c_from_1_minus_c_to_c(self) -> None:
        lower, upper = confidence_ends((0.5, 0.6, 1.0))
        assert lower < 0.4 <= upper
        assert (lower[0], upper[0]) == pytest.approx((0.4, 0.6), rel=1e-6)

    def test_of_more_it_is_the_score(self) -> None:
        lower, upper = confidence_ends((0.0, 0.6, 1.0))
        assert (lower[0], upper[0]) == (-np.inf, pytest.approx(0.6, rel=1e-6))

    def test_what_is_no_probability_has_none(self) -> None:
        plain, confident = (
            score_bins(quantile_bins([1.0, 2, 3]), "regression", edges) for edges in ((), (0.5, 0.6, 1))
        )
        assert (plain.edges == confident.edges).all()


class TestEdges:
    @given(st.lists(FLOATS, min_size=1, max_size=40), st.lists(FLOATS, min_size=1, max_size=20))
    def test_psis_cells_stay_what_they_were(self, reference: list[float], current: list[float]) -> None:
        plain = quantile_bins(reference)
        before, after = (
            numeric_column(count(binning(bins), x=np.array(current, np.float64)), binning(bins), "x").cells.tolist()
            for bins in (plain, score_bins(plain, "binary_classification"))
        )
        assert before == after

    @pytest.mark.parametrize("kind", [np.float64, np.float32])
    def test_a_score_at_a_mark_is_below_its_edge_also_when_it_was_rounded_to_32_bits(self, kind: type) -> None:
        bins = score_bins(quantile_bins(RANDOM.random(1000)), "binary_classification")
        at = np.array(PROBABILITIES, dtype=kind).astype(np.float64)
        ends = edges_above(np.array(PROBABILITIES))
        assert (at <= ends).all()
        assert (at * 1.000001 > ends).all()
        assert np.isin(ends, bins.edges).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(1e-6, 1))
def test_an_edge_parts_the_scores_that_are_taken_for_positive_from_the_others(
    values: list[float], decision: float
) -> None:
    """Also where they were rounded to 32 bits."""
    bins = score_bins(quantile_bins(values), "binary_classification", (), decision)
    first = np.searchsorted(bins.edges, decision)
    rounded = float(np.float32(decision))
    assert np.searchsorted(bins.edges, rounded) >= first
    assert np.searchsorted(bins.edges, decision * (1 - 1e-6)) < first
