"""Oracles: numbers by hand, scikit-learn, and simulated models with known calibration."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from exporter.labels.sums.labelled import Labelled, empty, labelled
from exporter.statistics.labels import calibration
from exporter.statistics.labels.calibration import (
    Reliability,
    debiased_error,
    debiased_squared_error,
    equal_mass,
    expected_error,
    expected_error_noise,
    maximal_error,
    reliability,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EDGES = np.arange(1, 256) / 256


def of(scores: Floats, labels: Flags, weights: Floats | None = None, edges: Floats = EDGES) -> Labelled:
    return labelled(scores, labels, scores >= 0.5, edges, weights)


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def perfect(rng: np.random.Generator, rows: int) -> Reliability:
    """The diagram of a model whose scores are the true probabilities."""
    scores = rng.random(rows)
    return reliability(of(scores, rng.random(rows) < scores))


def by_hand() -> Reliability:
    """Two bins: four rows at 0.25 with two positives, and four rows at 0.75 that are all positive."""
    scores, labels = np.repeat([0.25, 0.75], 4), np.repeat([True, False, True], [2, 2, 4])
    return reliability(of(scores, labels, edges=floats(0.5)), bins=2)


# ------------------------------------------------------------------------------------------------ the diagram


def test_a_diagram_by_hand() -> None:
    diagram = by_hand()
    assert diagram.rows.tolist() == [4, 4]
    assert diagram.predicted.tolist() == [0.25, 0.75]
    assert diagram.observed.tolist() == [0.5, 1]
    assert diagram.observed_variance.tolist() == pytest.approx([0.25 / 3, 0])
    assert diagram.predicted_variance.tolist() == pytest.approx([0.1875 / 4] * 2)


def test_a_diagram_of_distinct_scores_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    scores = rng.permutation(1000) / 1000
    labels = rng.random(1000) < scores**2
    diagram = reliability(of(scores, labels, edges=np.arange(1000) / 1000))
    observed, predicted = calibration_curve(labels, scores, n_bins=10, strategy="quantile")
    assert diagram.observed == pytest.approx(observed)
    assert diagram.predicted == pytest.approx(predicted)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 12))
def test_bins_of_equal_mass_are_whole_cells_in_order(masses: list[int], bins: int) -> None:
    group = equal_mass(floats(*masses), bins)
    steps = np.diff(group)
    assert group[0] == 0
    assert ((steps == 0) | (steps == 1)).all()
    assert group[-1] < bins
    if len(set(masses)) == 1 and len(masses) % bins == 0:
        assert set(np.bincount(group)) == {len(masses) // bins}


def test_a_heavy_cell_is_a_bin_of_its_own() -> None:
    assert equal_mass(floats(1, 1, 8, 1, 1), 4).tolist() == [0, 0, 1, 2, 2]


def test_weights_change_the_diagram_and_its_noise() -> None:
    """Weights 3 and 1 in one bin: 16 / 10 effective rows, whose Bessel factor is 1.6 / 0.6."""
    diagram = reliability(of(floats(0.2, 0.6), np.array([True, False]), floats(3, 1)), bins=1)
    assert diagram.observed.tolist() == [0.75]
    assert diagram.predicted == pytest.approx([0.3])
    assert diagram.rows.tolist() == [2]
    assert diagram.observed_variance == pytest.approx([(9 * 0.0625 + 0.5625) / 16 * 1.6 / 0.6])
    assert diagram.predicted_variance == pytest.approx([(9 * 0.16 + 0.24) / 16])


# ------------------------------------------------------------------------------------------------ errors


def test_errors_by_hand() -> None:
    assert expected_error(by_hand()) == pytest.approx(0.25)
    assert maximal_error(by_hand()) == pytest.approx(0.25)
    assert debiased_squared_error(by_hand()) == pytest.approx((0.0625 - 0.25 / 3 + 0.0625) / 2)
    assert debiased_error(by_hand()) == pytest.approx(math.sqrt(0.0625 - 0.125 / 3))


def test_only_the_debiased_error_of_a_perfect_model_is_near_0_with_few_labels() -> None:
    rng = np.random.default_rng(2)
    diagrams = [perfect(rng, 200) for _ in range(2000)]
    squared = np.array([debiased_squared_error(diagram) for diagram in diagrams])
    assert np.mean([expected_error(diagram) for diagram in diagrams]) == pytest.approx(0.07, abs=0.01)
    assert abs(squared.mean()) < 0.0003, "against 0.075 squared, which is 0.0056"
    assert np.mean([debiased_error(diagram) for diagram in diagrams]) < 0.03
    assert np.median([debiased_error(diagram) for diagram in diagrams]) < 0.01


def test_the_debiased_error_does_not_depend_on_the_number_of_labels() -> None:
    """Scores of a model whose true probability is a tenth lower."""
    rng = np.random.default_rng(3)

    def diagram(rows: int) -> Reliability:
        scores = rng.uniform(0.2, 0.9, rows)
        return reliability(of(scores, rng.random(rows) < scores - 0.1))

    assert debiased_error(diagram(400_000)) == pytest.approx(0.1, abs=0.003)
    assert expected_error(diagram(400_000)) == pytest.approx(0.1, abs=0.003)
    few = [debiased_squared_error(diagram(200)) for _ in range(2000)]
    assert math.sqrt(np.mean(few)) == pytest.approx(0.1, abs=0.005)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=80))
def test_errors_stay_within_their_bounds(rows: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([row[0] / 20 for row in rows]), np.array([row[1] for row in rows])
    diagram = reliability(of(scores, labels))
    assert 0 <= expected_error(diagram) <= maximal_error(diagram) <= 1
    assert math.isnan(debiased_error(diagram)) == bool((diagram.rows < 2).any())
    if (diagram.rows > 1).all():
        assert debiased_squared_error(diagram) <= maximal_error(diagram) ** 2
        assert 0 <= debiased_error(diagram) <= 1


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=80))
def test_errors_are_symmetric_in_the_classes(rows: list[tuple[int, bool]]) -> None:
    """No edge divides the scores differently when they are inverted."""
    scores, labels = np.array([row[0] / 20 for row in rows]), np.array([row[1] for row in rows])
    edges = np.arange(20) / 20 + 0.025
    left = reliability(of(scores, labels, edges=edges), bins=1)
    right = reliability(of(1 - scores, ~labels, edges=edges), bins=1)
    for statistic in (expected_error, maximal_error, debiased_error):
        assert statistic(left) == pytest.approx(statistic(right), nan_ok=True, abs=1e-7)
    assert expected_error_noise(left, 0.05) == pytest.approx(expected_error_noise(right, 0.05))


# ------------------------------------------------------------------------------------------------ the noise


@pytest.mark.parametrize("rows", [100, 200, 1000])
def test_a_perfect_model_exceeds_the_noise_level_with_its_probability(rows: int) -> None:
    rng = np.random.default_rng(4)
    diagrams = [perfect(rng, rows) for _ in range(4000)]
    for q, tolerance in ((0.5, 0.05), (0.05, 0.02), (0.005, 0.004)):
        left = np.mean([expected_error(diagram) > expected_error_noise(diagram, q) for diagram in diagrams])
        assert left == pytest.approx(q, abs=tolerance)


def test_the_noise_of_one_bin_is_nearly_that_of_a_normal_gap() -> None:
    """A quarter is the variance at a score of a half: the gap's deviation is 0.05 with 100 rows."""
    diagram = reliability(of(np.full(100, 0.5), np.arange(100) < 50))
    assert expected_error_noise(diagram, 0.05) == pytest.approx(1.96 * 0.05, rel=0.005)


def test_a_miscalibrated_model_exceeds_the_noise() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random(1000)
    diagram = reliability(of(scores, rng.random(1000) < scores**2))
    assert expected_error(diagram) > expected_error_noise(diagram, 1e-6)


def test_scores_of_0_and_1_have_no_noise() -> None:
    diagram = reliability(of(floats(0, 0, 1, 1), np.array([False, False, True, True])))
    assert expected_error(diagram) == expected_error_noise(diagram, 0.05) == 0


def test_without_rows_every_error_is_nan() -> None:
    diagram = reliability(empty(EDGES))
    assert not len(diagram.rows)
    for statistic in (expected_error, maximal_error, debiased_squared_error, debiased_error):
        assert math.isnan(statistic(diagram))
    assert math.isnan(expected_error_noise(diagram, 0.05))


class TestOutcomesInCommon:
    """The band where a step on the scale of log odds moves all bins at once."""

    @staticmethod
    def diagram(rows: int) -> Reliability:
        chance = np.linspace(0.02, 0.7, 10)
        variance = chance * (1 - chance) / rows
        return Reliability(np.full(10, rows), np.full(10, float(rows)), chance, chance, variance, variance)

    @pytest.mark.parametrize("rows", [20, 2000])
    @pytest.mark.parametrize("common", [0.001, 0.01, 0.05])
    def test_it_is_left_as_often_as_intended(self, rows: int, common: float) -> None:
        random, diagram = np.random.default_rng(0), self.diagram(rows)
        scale = diagram.shares * np.sqrt(diagram.predicted_variance)
        part = np.square(scale) / np.square(scale).sum()
        steps = random.normal(0, common, (200_000, 1))
        errors = np.abs(steps * part + random.normal(0, 1, (200_000, 10)) * scale).sum(axis=1)
        for q in (0.05, 0.0025):
            band = calibration.expected_error_noise(diagram, q, common**2)
            assert (errors > band).mean() == pytest.approx(q, rel=0.15)

    def test_without_a_step_it_is_that_of_independent_labels(self) -> None:
        diagram = self.diagram(200)
        plain = calibration.expected_error_noise(diagram, 0.001)
        assert calibration.expected_error_noise(diagram, 0.001, 1e-14) == pytest.approx(plain, rel=1e-3)
        assert calibration.expected_error_noise(diagram, 0.001, own=4.0) == pytest.approx(2 * plain)

    @pytest.mark.parametrize("common", [0.09, 1.0, 1e28, 1e40])
    def test_it_is_at_most_1_where_days_hardly_say_how_far_they_differ(self, common: float) -> None:
        """The two-sided normal quantile at 0.0005 is 3.48, so a step with a deviation of 0.3 is above 1 as often."""
        assert calibration.expected_error_noise(self.diagram(200), 0.0005, common) == 1

    def test_scores_of_0_and_1_have_no_noise(self) -> None:
        sure = np.array([0.0, 1.0])
        certain = Reliability(np.array([5, 5]), np.array([5.0, 5.0]), sure, sure, np.zeros(2), np.zeros(2))
        assert calibration.expected_error_noise(certain, 0.01, 0.1) == 0
        assert calibration.labels_variance(certain) == (0, 0)

    def test_the_variances_by_hand(self) -> None:
        """Two bins of one half with variances 0.04 and 0.12: parts of 0.01 and 0.03 of the whole's 0.04."""
        half = np.array([0.5, 0.5])
        diagram = Reliability(np.array([1, 1]), half, half, half, half, np.array([0.04, 0.12]))
        whole, besides = calibration.labels_variance(diagram)
        assert whole == pytest.approx(0.04)
        assert besides == pytest.approx(0.04 - (0.0001 + 0.0009) / 0.04)


@pytest.mark.parametrize("certain", [1e-3, 1e-9, 1e-30])
def test_a_common_step_far_beyond_the_noise_of_a_bin_is_the_error_itself(certain: float) -> None:
    """All bins move by one step: the error is its absolute value, of which a normal variable exceeds 1.96 with 5 %."""
    scale = np.array([1.0, 0.5]) * certain
    with np.errstate(all="raise", under="ignore"):
        found = calibration._mixed_quantile(scale, 2.0, 0.05)
    assert found == pytest.approx(2 * 1.96, rel=0.03)  # the grid of steps is this coarse


def test_folded_cumulants_agree_with_their_numbers() -> None:
    """Those of the absolute value of a standard normal variable, and of one so far from 0 that it never folds."""
    first, second, third = calibration._folded_cumulants(np.array([[0.0, 1e6]]), np.array([1.0, 2.0]))
    assert first[0] == pytest.approx(math.sqrt(2 / math.pi) + 1e6)
    assert second[0] == pytest.approx(1 - 2 / math.pi + 4)
    assert third[0] == pytest.approx(math.sqrt(2 / math.pi) * (4 / math.pi - 1))
