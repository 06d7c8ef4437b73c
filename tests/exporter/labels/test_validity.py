"""Predictions that cannot be judged: how many, why, and when the others are not judged either."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.labels.truths import INVALID
from exporter.labels.validity import Invalid, invalid_scores, judged


def test_one_in_a_hundred_is_few() -> None:
    assert not Invalid(labels=1).too_many(99)
    assert Invalid(labels=2).too_many(98)
    assert Invalid(labels=1, scores=1, percentages=1).too_many(98)
    assert not Invalid().too_many(0)


def test_the_share_is_of_all_that_have_a_label() -> None:
    assert Invalid(labels=2, scores=1).ratio(3) == 0.5
    assert Invalid(labels=1).ratio(0) == 1
    assert Invalid().ratio(0) == 0


def test_scores_are_counted_by_what_they_look_like() -> None:
    found = invalid_scores(np.array([-0.1, 0.0, 0.5, 1.0, 1.5, 100.0, 100.5]))
    assert found == Invalid(scores=4, percentages=2)
    assert found + Invalid(1, 2, 3) == Invalid(1, 6, 5)


@pytest.mark.parametrize(
    ("invalid", "expected"),
    [
        (Invalid(labels=40), "40 of 100 labels are no finite number"),
        (
            Invalid(scores=40, percentages=40),
            "40 of 100 scores are no probabilities from 0 to 1; they look like percent",
        ),
        (Invalid(scores=40, percentages=20), "40 of 100 scores are no probabilities from 0 to 1: divide them"),
    ],
)
def test_a_message_says_what_is_wrong(invalid: Invalid, expected: str) -> None:
    assert invalid.reason(60, "no finite number").startswith(expected)


def test_a_message_names_both() -> None:
    reason = Invalid(1, 1, 1).reason(8, "no finite number")
    assert reason.startswith("1 of 10 labels are no finite number; 1 of 10 scores")


def test_only_a_label_with_a_proper_score_is_judged() -> None:
    labels, scores = np.array([1, 0, 1, INVALID, math.nan]), np.array([0.0, 1.0, 1.5, 0.5, 0.5])
    np.testing.assert_array_equal(judged(labels, scores, probabilities=True), [1, 0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(judged(labels, scores, probabilities=False), [1, 0, 1, np.nan, np.nan])
