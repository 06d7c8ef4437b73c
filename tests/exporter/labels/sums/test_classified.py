"""Several classes: each against the rest, the returned one, and all probabilities together."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from exporter.labels.classes import MAX_CLASSES, OTHER
from exporter.labels.sums.classified import Classified, ClassScores, classified, no_probabilities

Floats = npt.NDArray[np.float64]
EDGES = np.linspace(0.1, 0.9, 9)


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def unsure(rows: int) -> Floats:
    return np.full(rows, np.nan)


def test_each_class_is_counted_against_the_rest() -> None:
    rows = classified(floats(1, 1, 2, 2, 3), floats(1, 2, 2, 4, 2), unsure(5))
    assert rows.keys.tolist() == [1, 2, 3, 4]
    assert rows.counts.tolist() == [[1, 2, 1], [1, 2, 3], [0, 1, 0], [0, 0, 1]], "hits, returned, true"
    assert rows.confusion(1).tolist() == [[1, 1], [2, 1]], "[[tn, fp], [fn, tp]]"
    assert rows.confident.rows.sum() == 0, "nobody said how sure the model was"
    assert (dict(rows.against_rest), rows.log_losses.weights) == ({}, 0)


def test_the_returned_classs_probability_is_for_being_right() -> None:
    rows = classified(floats(1, 1, 2), floats(1, 2, 2), floats(0.9, 0.8, np.nan)).confident
    assert (rows.positives.sum(), rows.negatives.sum()) == (1, 1)
    assert rows.score_sums.sum() == pytest.approx(1.7)


def test_losses_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    scores = random.dirichlet([1, 2, 3], 500)
    truths = random.integers(0, 3, 500).astype(np.float64)
    rows = classified(
        scores.argmax(axis=1) * 1.0, truths, unsure(500), ClassScores(scores, floats(0, 1, 2), [EDGES] * 3)
    )
    assert rows.log_losses.values / 500 == pytest.approx(metrics.log_loss(truths, scores), rel=1e-12)
    brier = metrics.brier_score_loss(truths, scores, labels=[0, 1, 2], scale_by_half=True)
    assert rows.squared_errors.values / 500 == pytest.approx(brier, rel=1e-12)
    one = rows.against_rest[1.0]
    assert (one.positives.sum(), one.rows.sum()) == ((truths == 1).sum(), 500)
    assert one.squared_errors.values == pytest.approx(np.square(scores[:, 1] - (truths == 1)).sum())


def test_a_class_that_has_no_score_was_not_expected_at_all() -> None:
    """Of a truth that the model cannot give: (0.7^2 + 0.3^2 + 1) / 2, and the loss of a certain error."""
    rows = classified(floats(1), floats(9), unsure(1), ClassScores(np.array([[0.7, 0.3]]), floats(1, 2), [None, EDGES]))
    assert rows.squared_errors.values == pytest.approx(0.79)
    assert rows.log_losses.values == pytest.approx(34.539, abs=1e-3)
    assert list(rows.against_rest) == [2.0], "of the other the bins are not known"


def test_probabilities_are_from_0_to_1_and_1_together() -> None:
    scores = np.array([[0.2, 0.8], [0.2, 0.805], [0.2, 0.9], [-0.1, 1.1], [0.2, 0.2]])
    assert no_probabilities(scores).tolist() == [False, False, True, True, True]


rows_of_classes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 8)), min_size=1, max_size=40)


def made(rows: list[tuple[int, int, int]]) -> Classified:
    returned, truths, eighths = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    scores = np.column_stack([eighths / 8, 1 - eighths / 8])
    return classified(returned, truths, eighths / 8, ClassScores(scores, floats(0, 1), [EDGES, EDGES]))


def told(value: Classified) -> tuple[object, ...]:
    numbers = value.confident.rows.tolist(), value.confident.positives.tolist(), value.squared_errors.values
    rest = {key: (one.positives.tolist(), one.negatives.tolist()) for key, one in sorted(value.against_rest.items())}
    return value.rows, value.keys.tolist(), value.counts.tolist(), *numbers, rest


@given(rows_of_classes, st.integers(0, 40))
def test_parts_add_up_to_the_whole_in_any_order(rows: list[tuple[int, int, int]], cut: int) -> None:
    one, two = made(rows[:cut]), made(rows[cut:])
    assert told(one + two) == told(made(rows)) == told(two + one)


@given(rows_of_classes)
def test_confusions_agree_with_accuracy_and_rows(rows: list[tuple[int, int, int]]) -> None:
    found = made(rows)
    confusions = np.array([found.confusion(place) for place in range(len(found.keys))])
    assert (confusions >= 0).all()
    assert (confusions.sum(axis=(1, 2)) == len(rows)).all()
    assert confusions[:, 1, 1].sum() == sum(returned == true for returned, true, _ in rows)


def test_a_column_of_ids_is_cut_and_stays_bounded() -> None:
    many = np.arange(2000, dtype=np.float64)
    parts = [classified(many[start::4], np.zeros(500), unsure(500)) for start in range(4)]
    found = reduce(add, parts)
    assert len(found.keys) == MAX_CLASSES + 1
    assert found.keys[0] == OTHER
    assert 0.0 in found.keys, "the most frequent stays"
    assert found.counts.sum(axis=0).tolist() == [1, 2000, 2000]
