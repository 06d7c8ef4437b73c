"""Accepted changes: the measured level, and the thresholds that it raises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import catalogue
from exporter.comparison.accepted import (
    NOTHING,
    UNKNOWN,
    AcceptedFeature,
    AcceptedLevel,
    accepted_level,
    beyond_accepted,
    raised_psi,
    raised_ratio,
)
from exporter.comparison.features import Pair
from exporter.statistics.drift import population_stability_index
from profiling import binning, categorical, count

CELLS = binning(categorical("c", "a", "b"))
BEFORE = count(CELLS, c=["a", "b"] * 500)
levels = st.floats(0, 10)


def test_the_level_is_the_greatest_of_the_windows_with_enough_rows() -> None:
    windows = [["a"] * 60 + ["b"] * 40, ["a"] * 80 + ["b"] * 20, ["a"] * 45 + ["b"] * 45 + [None] * 10, ["a"] * 29]
    sides = [Pair(CELLS, BEFORE, count(CELLS, c=rows)).categorical("c") for rows in windows]
    level = accepted_level(sides, 30)
    assert level is not None
    indices = [population_stability_index(before.psi_cells, now.psi_cells) for before, now in sides[:3]]
    assert (level.psi, level.nulls) == (max(indices), 0.1)
    assert accepted_level(sides[3:], 30) is None
    assert accepted_level([], 30) is None


def test_only_new_categories_have_no_psi() -> None:
    sides = [Pair(CELLS, BEFORE, count(CELLS, c=["new"] * 50)).categorical("c")]
    assert accepted_level(sides, 30) == AcceptedLevel(0, 0)


def test_by_hand() -> None:
    assert raised_psi(0.16, 0.04) == pytest.approx(0.36)  # 0.4 and 0.2 standard deviations are 0.6
    assert raised_psi(0, 0.75) == 0.75, "exactly: a published threshold is never below its floor"
    assert raised_ratio(0.2, 0.05, 0.06) == 0.25
    assert raised_ratio(0.99, 0.05, 0.06) == 1
    assert raised_ratio(0, 0.05, 0.06) == 0.06


@given(levels, levels, levels)
def test_a_threshold_is_never_lowered_and_never_at_the_accepted_level(
    accepted: float, more: float, usual: float
) -> None:
    assert raised_psi(accepted, usual) >= max(accepted, usual) * (1 - 1e-9)
    assert raised_psi(accepted + more, usual) >= raised_psi(accepted, usual) * (1 - 1e-9)
    assert raised_ratio(min(accepted, 1), 0.05, usual) >= usual


def test_a_feature_has_the_level_of_the_window_or_none_yet() -> None:
    measured = AcceptedFeature(frozenset({"new"}), {"1h": AcceptedLevel(0.3, 0.1)})
    assert measured.level("1h") == AcceptedLevel(0.3, 0.1, frozenset({"new"}))
    assert not measured.level("24h").known
    assert not measured.muted
    assert AcceptedFeature(levels={}).muted
    assert AcceptedFeature(levels={}).level("1h") == UNKNOWN
    categories = AcceptedFeature().with_categories(["x"])
    assert categories.level("1h") == AcceptedLevel(categories=frozenset({"x"}))
    assert not categories.muted
    assert NOTHING.known


def test_without_a_known_level_there_is_no_threshold() -> None:
    score, threshold = catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD
    values = {score: 0.5, threshold: 0.2}
    assert beyond_accepted(values, score, lambda usual: usual + 1) == {score: 0.5, threshold: 1.2}
    assert beyond_accepted(values, score, lambda _: math.inf) == {score: 0.5}
    assert beyond_accepted({}, score, lambda usual: usual) == {}
