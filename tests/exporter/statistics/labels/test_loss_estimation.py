"""Oracles: numbers by hand, a regression tree's means of the same groups, and a law with a known loss."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from exporter.statistics.labels.loss_estimation import GROUPS, Expected, estimate, fit, root

Floats = npt.NDArray[np.float64]


def counted(bins: npt.NDArray[np.int64], losses: Floats, size: int) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    return (
        np.bincount(bins, minlength=size),
        np.bincount(bins, losses, size),
        np.bincount(bins, np.square(losses), size),
    )


def test_two_groups_by_hand() -> None:
    """30 rows that lose 1, then 30 of which half lose 1 and half 3."""
    rows, losses, squares = np.array([30, 0, 30, 0]), np.array([30.0, 0, 60, 0]), np.array([30.0, 0, 150, 0])
    curve = fit(rows, losses, squares)
    assert curve is not None
    assert curve.group.tolist() == [0, 0, 1, 1], "a bin without rows is as the next lower one"
    assert (curve.means.tolist(), curve.rows.tolist()) == ([1, 2], [30, 30])
    assert curve.variances == pytest.approx([0, 30 / 29])
    found = estimate(curve, np.array([10, 0, 20, 10]))
    assert found.value == pytest.approx((10 * 1 + 30 * 2) / 40)
    assert found.error == pytest.approx(math.sqrt(30 / 29 * (0.75 / 40 + 0.75**2 / 30)))


def test_means_are_those_of_a_regression_tree_with_the_same_leaves() -> None:
    random = np.random.default_rng(1)
    bins = np.sort(random.integers(0, 40, 6000))
    losses = random.exponential(1 + bins / 10)
    curve = fit(*counted(bins, losses, 40))
    assert curve is not None
    leaves = curve.group[bins]
    tree = DecisionTreeRegressor(min_samples_leaf=1).fit(leaves[:, None], losses)
    now = random.integers(0, 40, 500)
    expected = tree.predict(curve.group[now][:, None]).mean()
    assert estimate(curve, np.bincount(now, minlength=40)).value == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_that_grows_with_the_prediction_follows_a_shift_of_predictions(seed: int) -> None:
    """Errors are normal, with a deviation of the prediction's own size: their mean square is the prediction's."""
    random = np.random.default_rng(seed)
    edges = np.linspace(0, 1, 257)[1:-1]
    before, now = random.random(50_000), np.sqrt(random.random(20_000))
    squared = np.square(before * random.normal(size=len(before)))
    curve = fit(*counted(np.searchsorted(edges, before), squared, 256))
    assert curve is not None
    found = root(estimate(curve, np.bincount(np.searchsorted(edges, now), minlength=256)))
    truth = math.sqrt(float((now**2).mean()))
    assert abs(found.value - truth) < 3 * found.error
    assert found.value == pytest.approx(truth, rel=0.03)
    assert math.sqrt(float((before**2).mean())) < 0.85 * truth


def test_errors_have_the_size_of_the_noise() -> None:
    random = np.random.default_rng(3)
    off = []
    for _ in range(300):
        before, now = (random.integers(0, 10, size) for size in (2000, 400))
        losses, seen = (random.exponential(1 + each) for each in (before, now))
        curve = fit(*counted(before, losses, 10))
        assert curve is not None
        found = estimate(curve, np.bincount(now, minlength=10))
        off.append((found.value - seen.mean()) / found.error)
    assert np.std(off) == pytest.approx(1, abs=0.15)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=300))
def test_the_estimate_for_the_reference_is_its_own_mean(rows: list[int]) -> None:
    number, losses = np.array(rows), np.array(rows) * np.arange(1.0, len(rows) + 1)
    curve = fit(number, losses, losses * np.arange(1.0, len(rows) + 1))
    if curve is None:
        assert not number.any()
    else:
        assert len(curve.rows) <= GROUPS
        assert estimate(curve, number).value == pytest.approx(losses.sum() / number.sum())


def test_without_rows_there_is_no_loss() -> None:
    assert fit(np.zeros(3, np.int64), np.zeros(3), np.zeros(3)) is None
    curve = fit(np.array([1]), np.array([2.0]), np.array([4.0]))
    assert curve is not None
    assert all(map(math.isnan, estimate(curve, np.array([0]))))
    assert estimate(curve, np.array([5])) == Expected(2.0, 0.0)


def test_a_root_mean_square_by_hand() -> None:
    assert root(Expected(4.0, 0.4)) == Expected(2.0, 0.1)
    assert root(Expected(0.0, 0.0)).value == 0
    assert math.isnan(root(Expected(0.0, 0.0)).error)
