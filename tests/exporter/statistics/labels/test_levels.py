"""Levels of labels: numbers worked out by hand, and how often chance alone moves them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.labels.levels import Level, error_change, mean_error, rate_change, rate_gap
from exporter.statistics.thresholds import normal_noise

Q = 0.0005
FLOOR = 0.2
Z = 3.4808
"""The normal quantile of half of it: both directions."""


def of(observed: float, predicted: float, rows: float = 1_000_000) -> Level:
    """A classifier's level; its squared differences are not used for rates."""
    return Level(rows, observed * rows, predicted * rows, math.nan)


def test_the_levels_of_four_rows() -> None:
    level = Level(rows=4, labels=1, predictions=2, squares=1.5)
    assert (level.observed, level.predicted, level.gap) == (0.25, 0.5, -0.25)
    # Mean square 0.375 less 0.0625, over three degrees of freedom.
    assert level.error_variance == pytest.approx(0.3125 / 3)


def test_the_mean_error_is_prediction_minus_label() -> None:
    # Errors of 1, 3, 1 and 3: mean 2, deviation root 4/3, standard error root 1/3.
    value, lower, upper = mean_error(Level(4, 0, 8, 20))
    assert value == 2
    assert (lower, upper) == pytest.approx((2 - 1.96 * math.sqrt(1 / 3), 2 + 1.96 * math.sqrt(1 / 3)), abs=1e-4)
    assert math.isnan(mean_error(Level(1, 0, 8, 64)).lower)


def test_a_gap_is_measured_from_that_of_the_reference() -> None:
    """Scores that always were twice too high are no news; that 0.09 became 0.23 is."""
    usual = of(0.09, 0.18)
    assert rate_gap(of(0.09, 0.18), usual, FLOOR, Q, normal_noise).value == pytest.approx(0)
    late = rate_gap(of(0.23, 0.18), usual, FLOOR, Q, normal_noise)
    assert late.value == pytest.approx(0.14)
    # Expected are 0.18 - 0.09; a fifth of that is the floor.
    assert late.threshold == pytest.approx(0.018)
    assert late.multiple == pytest.approx(0.14 / 0.018)


def test_without_a_reference_scores_are_taken_at_their_word() -> None:
    shift = rate_gap(of(0.05, 0.1), None, FLOOR, Q, normal_noise)
    assert (shift.value, shift.threshold) == pytest.approx((-0.05, 0.02))
    assert shift.multiple == pytest.approx(2.5), "in either direction"


def test_a_change_is_measured_from_the_rate_of_the_reference() -> None:
    shift = rate_change(of(0.23, 0.23), of(0.09, 0.09), FLOOR, Q, normal_noise)
    assert (shift.value, shift.threshold) == pytest.approx((0.14, 0.018))


def test_the_floor_is_a_part_of_the_rarer_side() -> None:
    assert rate_change(of(0.9, 0.9), of(0.95, 0.9), FLOOR, Q, normal_noise).threshold == pytest.approx(0.01)


def test_few_rows_raise_the_threshold() -> None:
    shift = rate_change(of(0.3, 0.3, 100), of(0.5, 0.5, 400), FLOOR, Q, normal_noise)
    assert shift.threshold == pytest.approx(Z * 0.5 * math.sqrt(1 / 100 + 1 / 400), rel=1e-3)


def test_no_threshold_is_beyond_the_greatest_difference() -> None:
    """After a single labelled day nobody knows how far days differ, and the noise may be of any size."""
    window, reference = of(0.2, 0.1, 100), of(0.1, 0.1)
    assert rate_gap(window, reference, 0.2, 0.0005, lambda _error, _q: 6e7).threshold == 2
    assert rate_change(window, reference, 0.2, 0.0005, lambda _error, _q: 6e7).threshold == 1


def test_days_that_have_something_in_common_raise_it_more() -> None:
    wide = rate_change(of(0.3, 0.3, 100), of(0.5, 0.5, 400), FLOOR, Q, lambda error, q: 3 * normal_noise(error, q))
    assert wide.threshold == pytest.approx(3 * Z * 0.5 * math.sqrt(1 / 100 + 1 / 400), rel=1e-3)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.09, 0.5, 0.93])
@pytest.mark.parametrize("rows", [30, 300, 10_000])
def test_chance_alone_rarely_moves_a_rate(rate: float, rows: int) -> None:
    """The law of rare positives: at most two in a thousand windows where one in two thousand was asked for."""
    positives = np.random.default_rng(1).binomial(rows, rate, 40_000)
    reference = of(rate, rate)
    values, counts = np.unique(positives, return_counts=True)
    shifts = {
        int(count): max(
            rate_gap(of(count / rows, rate, rows), reference, 0, Q, normal_noise).multiple,
            rate_change(of(count / rows, rate, rows), reference, 0, Q, normal_noise).multiple,
        )
        for count in values
    }
    moved = sum(number for count, number in zip(values, counts, strict=True) if shifts[int(count)] > 1)
    assert moved / 40_000 <= 0.002


def test_a_bias_is_measured_in_mean_absolute_errors() -> None:
    """A million errors of +2 with a deviation of 1: the whole mean absolute error is bias."""
    rows = 1e6
    biased = Level(rows, 10 * rows, 12 * rows, 5 * rows, absolute=2 * rows)
    shift = error_change(biased, None, FLOOR, Q, normal_noise)
    assert (shift.value, shift.threshold) == pytest.approx((2, 0.4))
    assert error_change(biased, biased, FLOOR, Q, normal_noise).value == 0


def test_the_noise_of_a_bias_is_that_of_both_sides() -> None:
    window, reference = Level(101, 0, 0, 101, absolute=0), Level(401, 0, 0, 401, absolute=0)
    shift = error_change(window, reference, FLOOR, Q, normal_noise)
    assert shift.threshold == pytest.approx(Z * math.sqrt(1 / 100 + 1 / 400), rel=1e-3)


@given(st.integers(2, 500), st.floats(0, 1), st.floats(0, 1))
def test_positives_and_negatives_are_alike(rows: int, observed: float, predicted: float) -> None:
    one = rate_gap(of(observed, predicted, rows), None, FLOOR, Q, normal_noise)
    other = rate_gap(of(1 - observed, 1 - predicted, rows), None, FLOOR, Q, normal_noise)
    assert other.value == pytest.approx(-one.value, abs=1e-9)
    assert other.threshold == pytest.approx(one.threshold, abs=1e-6)
