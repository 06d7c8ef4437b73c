"""Counts by bin equal the profile of the labelled rows themselves, each with its weight."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.labels.sums import labelled as rows_of
from exporter.labels.sums.by_score import (
    ByScore,
    against_rest,
    by_score,
    merged,
    predicted_positive,
    rebinned,
    unweighted,
    weighted_errors,
    weighted_labelled,
)

Floats = npt.NDArray[np.float64]
EDGES = np.array([0.1, 0.25, 0.5, 0.75])


def drawn(seed: int, rows: int = 200) -> tuple[Floats, Floats]:
    """Scores, some of them at an edge, and labels, a third of which have not come."""
    random = np.random.default_rng(seed)
    scores = np.where(random.random(rows) < 0.2, random.choice(EDGES, rows), random.random(rows))
    labels = (random.random(rows) < scores).astype(np.float64)
    return scores, np.where(random.random(rows) < 1 / 3, np.nan, labels)


def same(one: Any, other: Any) -> bool:
    """Whether two profiles agree, field by field."""
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if hasattr(left, "weights"):
            left, right = ([getattr(each, part.name) for part in fields(each)] for each in (left, right))
        if not np.allclose(left, right):
            return False
    return True


def test_counts_by_hand() -> None:
    found = by_score(np.array([0.1, 0.1, 0.2, 0.9]), np.array([1, np.nan, 0, 1]), np.array([0.1, 0.5]), binary=True)
    assert found.made.tolist() == [2, 1, 1]
    assert found.known.tolist() == [1, 1, 1]
    assert found.labels.tolist() == [1, 0, 1]
    assert found.scores.tolist() == [0.1, 0.2, 0.9]
    assert found.squared_errors == pytest.approx([0.81, 0.04, 0.01])
    assert found.losses == pytest.approx(-np.log([0.1, 0.8, 0.9]))
    assert found.loss_squares == pytest.approx(np.log([0.1, 0.8, 0.9]) ** 2)


@given(st.integers(0, 100), st.lists(st.floats(0, 20), min_size=10, max_size=10))
def test_weighed_bins_are_weighed_rows(seed: int, weights: list[float]) -> None:
    """Two parts of five bins; each row weighs what its part and bin do."""
    parts, matrix = [drawn(seed), drawn(seed + 1000)], np.array(weights).reshape(2, 5)
    known = [np.isfinite(labels) for _, labels in parts]
    own = [matrix[part, np.searchsorted(EDGES, scores)][known[part]] for part, (scores, _) in enumerate(parts)]
    scores, labels = (np.concatenate([each[i][known[n]] for n, each in enumerate(parts)]) for i in (0, 1))
    counted = [by_score(*part, EDGES, binary=True) for part in parts]
    expected = rows_of.labelled(scores, labels, scores > 0.25, EDGES, np.concatenate(own))
    assert same(weighted_labelled(counted, matrix, predicted_positive(EDGES, 0.2500001)), expected)
    numbers = [by_score(*part, EDGES, binary=False) for part in parts]
    assert same(weighted_errors(numbers, matrix), rows_of.regression_errors(scores, labels, np.concatenate(own)))


@given(st.integers(0, 100))
def test_plain_bins_are_rows_that_weigh_one(seed: int) -> None:
    scores, labels = drawn(seed)
    known = np.isfinite(labels)
    own, truths = scores[known], labels[known]
    found = unweighted(by_score(scores, labels, EDGES, binary=True), rows_of.confusion(truths > 0, own > 0.3))
    assert same(found, rows_of.labelled(own, truths, own > 0.3, EDGES))


@given(st.integers(0, 100), st.integers(0, 200))
def test_parts_add_up_to_the_whole(seed: int, cut: int) -> None:
    scores, labels = drawn(seed)
    halves = [by_score(scores[piece], labels[piece], EDGES, binary=True) for piece in (slice(cut), slice(cut, None))]
    assert same(merged(halves), by_score(scores, labels, EDGES, binary=True))


def test_a_bin_is_accepted_from_the_edge_below_the_threshold_on() -> None:
    below = np.nextafter(0.5, 0)
    assert predicted_positive(np.array([0.1, below, 0.75]), 0.5).tolist() == [False, False, True, True]
    assert predicted_positive(np.array([]), 0.5).tolist() == [True]


def test_no_rows_are_nothing() -> None:
    none = by_score(np.zeros(0), np.zeros(0), EDGES, binary=True)
    assert not any(getattr(none, field.name).any() for field in fields(ByScore))


def test_bins_are_moved_by_their_mean_scores() -> None:
    """By hand: scores of 0.1 and 0.3 stand at 0.2; the one of 0.6 at 0.6. A row without a label is left out."""
    part = by_score(np.array([0.1, 0.3, 0.6, 0.6]), np.array([1, 0, 1, np.nan]), np.array([0.5]), binary=True)
    found = rebinned(part, np.array([0.15, 0.25, 0.55]))
    assert found.made.tolist() == found.known.tolist() == [0, 2, 0, 1]
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.scores == pytest.approx([0, 0.4, 0, 0.6])
    assert found.losses == pytest.approx([0, -np.log(0.1) - np.log(0.7), 0, -np.log(0.6)])


@given(st.integers(0, 100))
def test_moving_bins_loses_nothing_and_passes_no_common_edge(seed: int) -> None:
    scores, labels = drawn(seed)
    part = by_score(scores, labels, EDGES, binary=True)
    found = rebinned(part, np.array([0.05, 0.25, 0.4]))
    for name in (each.name for each in fields(ByScore) if each.name != "made"):
        ours, theirs = getattr(found, name), getattr(part, name)
        assert ours[:2].sum() == pytest.approx(theirs[:2].sum())
        assert ours[2:].sum() == pytest.approx(theirs[2:].sum())


def test_one_class_against_the_rest_is_counted_as_if_it_were_one_of_two() -> None:
    scores, labels = drawn(5)
    known = np.isfinite(labels)
    exact = by_score(scores[known], labels[known], EDGES, binary=True)
    found = against_rest(rows_of.labelled(scores[known], labels[known], labels[known] > 0, EDGES))
    for name in ("made", "known", "labels"):
        assert getattr(found, name).tolist() == getattr(exact, name).tolist()
    assert found.scores == pytest.approx(exact.scores)
