"""The least shift of a feature that would alarm, from columns of a profile."""

from __future__ import annotations

import numpy as np
import pytest

from exporter import catalogue
from exporter.comparison.sensitivity import sensitivity_values
from exporter.profiles.profile import CategoricalColumn, categorical_column, numeric_column
from exporter.statistics.sensitivity import equivalent_shift
from profiling import binning, categorical, count, quantile_bins

RANDOM = np.random.default_rng(5)
VALUES = {
    "normal": RANDOM.normal(100, 7, 40_000),
    "few values": (RANDOM.random(40_000) < 0.1).astype(float),
    "constant": np.full(40_000, 3.0),
}


def column_of(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    cells = binning(quantile_bins(VALUES[name]))
    before = numeric_column(count(cells, x=values), cells, "x")
    return sensitivity_values(before, 2000, 0.2)[catalogue.FEATURE_DETECTABLE_SHIFT]


def test_a_normal_feature_has_its_shift_in_deviations_whatever_its_unit() -> None:
    assert column_of("normal", VALUES["normal"]) == pytest.approx(equivalent_shift(0.2), rel=0.05)


def test_a_season_of_a_tenth_of_the_spread_lies_in_few_cells_and_is_seen_later() -> None:
    """All rows are in the two middle cells, which end at the median and at 0.25 deviations: 2.5 of its own."""
    season = 100 + RANDOM.normal(0.7, 0.3, 40_000)
    assert column_of("normal", season) > 1.5 * equivalent_shift(0.2)


@pytest.mark.parametrize("name", ["few values", "constant"])
def test_few_values_have_the_shift_of_a_normal_feature(name: str) -> None:
    assert column_of(name, VALUES[name]) == equivalent_shift(0.2)


def test_categories_have_the_shift_of_a_normal_feature() -> None:
    cells = binning(categorical("c", "a", "b"))
    before = categorical_column(count(cells, c=["a"] * 60 + ["b"] * 40), cells, "c")
    assert isinstance(before, CategoricalColumn)
    assert sensitivity_values(before, 50, 7.1) == {catalogue.FEATURE_DETECTABLE_SHIFT: equivalent_shift(7.1)}


def test_missing_and_infinite_values_do_not_move() -> None:
    values = np.where(RANDOM.random(40_000) < 0.5, np.nan, VALUES["normal"])
    values[:100], values[100:200] = np.inf, -np.inf
    assert column_of("normal", values) == pytest.approx(equivalent_shift(0.4), rel=0.1)
