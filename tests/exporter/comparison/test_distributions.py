"""The distributions of drifted features: by hand, and both sides add up for any rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import catalogue
from exporter.comparison.distributions import CATEGORIES_NAMED, distribution, most_drifted
from exporter.comparison.features import Pair
from exporter.profiles.binning import Binning, categorical_bins
from exporter.spec.model import Feature
from profiling import binning, categorical, count, numeric, quantile_bins

NOW, USUAL = catalogue.FEATURE_BIN_RATIO, catalogue.FEATURE_BIN_RATIO_REFERENCE


def shares_of(cells: Binning, before: Any, now: Any) -> dict[str, tuple[float, float]]:
    """The shares of each bin, for the window and the reference."""
    name = cells.columns[0].name
    pair = Pair(cells, count(cells, **{name: before}), count(cells, **{name: now}))
    return {labels[catalogue.BIN]: (values[NOW], values[USUAL]) for labels, values in distribution(name, pair)}


def test_a_numeric_features_bins_lie_between_the_references_deciles() -> None:
    found = shares_of(
        binning(numeric("x", (0.0, 12.5, 1e6))), [-1.0, 1, 2, 20], [-1.0, 20, 30, math.inf, 5, 6, None, math.nan]
    )
    assert found == {
        "01 up to 0": (0.125, 0.25),
        "02 0 to 12.5": (0.25, 0.5),
        "03 12.5 to 1e+06": (0.25, 0.25),
        "04 above 1e+06": (0.125, 0.0),
        "05 missing": (0.25, 0.0),
    }


def test_a_categorical_features_bins_are_its_categories_new_ones_and_missing_ones() -> None:
    found = shares_of(binning(categorical("c", "b", "a")), ["b", "b", "b", "a"], ["a", "z", "y", None])
    assert found == {"01 b": (0.0, 0.75), "02 a": (0.25, 0.25), "03 (new)": (0.5, 0.0), "04 (missing)": (0.25, 0.0)}


def test_many_categories_share_a_bin() -> None:
    names = [f"k{number:02}" for number in range(CATEGORIES_NAMED + 5)]
    bins = categorical_bins("c", {name: 100 - place for place, name in enumerate(names)}, 100)
    found = shares_of(binning(bins), names, [names[-1]] * 3 + ["new"])
    assert len(found) == CATEGORIES_NAMED + 3 <= 23
    assert list(found)[-3:] == ["21 (others)", "22 (new)", "23 (missing)"]
    assert found["21 (others)"] == (0.75, pytest.approx(5 / 25))


ROWS = st.lists(st.sampled_from([0.0, 0.25, 1.0, 7.5, -3.0, None, math.inf]), min_size=1, max_size=40)


@given(ROWS, ROWS, st.integers(0, 5))
def test_both_sides_add_up_to_1_and_the_bins_are_in_order(before: Any, now: Any, seed: int) -> None:
    sample = np.random.default_rng(seed).choice([0.0, 0.5, 2.0, 9.0], 50)
    found = shares_of(binning(quantile_bins(sample, "x")), before, now)
    assert list(found) == sorted(found)
    assert len(found) <= 23
    for side in zip(*found.values(), strict=True):
        assert sum(side) == pytest.approx(1)
        assert min(side) >= 0


def test_the_most_drifted_features_have_the_highest_psi_relative_to_their_threshold() -> None:
    index, level = catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD
    features = [Feature(name=name, type="numeric") for name in "abcde"]
    scores = [
        {index: 0.1, level: 0.1},
        {index: 0.4, level: 1.0},
        {index: 0.1, level: 0.05},
        {},
        {index: 0.2, level: 0.2},
    ]
    found = dict(zip(features, scores, strict=True))
    assert [feature.name for feature in most_drifted(found, 3)] == ["c", "a", "e"]
    assert most_drifted(found, 0) == []
    assert [feature.name for feature in most_drifted(found, 9)] == ["c", "a", "e", "b"]
