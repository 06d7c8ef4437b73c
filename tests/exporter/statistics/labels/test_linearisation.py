"""Performance as a sum over blocks: the influences are derivatives, checked by hand and by leaving blocks out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from exporter.labels.sums.labelled import Moments
from exporter.statistics.labels import linearisation, performance
from exporter.statistics.labels.design_effect import Linearised, Values

Statistic = Callable[[Values], float]


def blocks(seed: int = 0, count: int = 400) -> tuple[Values, Values]:
    """Positives and negatives by block and bin, of which none matters much alone."""
    random = np.random.default_rng(seed)
    chance = np.linspace(0.05, 0.6, 12)
    rows = random.poisson(6, (count, 12))
    positives = random.binomial(rows, chance)
    return positives.astype(float), (rows - positives).astype(float)


def check(history: Linearised | None, whole: Callable[[np.ndarray], float], count: int = 400) -> Linearised:
    """Compare the influence of each block with what leaving it out takes from the value."""
    assert history is not None
    everything = np.ones(count, bool)
    value = whole(everything)
    for place in range(0, count, 57):
        rest = everything.copy()
        rest[place] = False
        assert history.influences[place] == pytest.approx(value - whole(rest), rel=0.02, abs=2e-6)
    assert history.influences.sum() == pytest.approx(0, abs=1e-12)
    assert history.shares.sum() == pytest.approx(1)
    return history


def test_a_share_by_hand() -> None:
    """3 of 10 and 1 of 10: 0.2 in all; the first block has 1 more than its 2, the second 1 less."""
    history = linearisation.of_share(np.array([3.0, 1.0]), np.array([10.0, 10.0]))
    assert history is not None
    assert history.variance == pytest.approx(0.2 * 0.8 / 20)
    assert history.influences == pytest.approx([1 / 20, -1 / 20])
    assert history.shares == pytest.approx([0.5, 0.5])


def test_an_area_by_hand() -> None:
    """A positive above both negatives and one between them: placements 1 and 0.5, the area 0.75."""
    positives, negatives = np.array([[0, 0, 0, 1], [0, 1, 0, 0.0]]), np.array([[1, 0, 0, 0], [0, 0, 1, 0.0]])
    history = linearisation.of_auroc(positives, negatives)
    assert history is not None
    by_positives, by_negatives = (0.25**2 + 0.25**2) / 4, (0.25**2 + 0.25**2) / 4
    assert history.variance == pytest.approx(by_positives + by_negatives)
    assert history.influences == pytest.approx([0.25 / 2 + 0.25 / 2, -0.25 / 2 - 0.25 / 2])
    assert history.shares == pytest.approx([0.5, 0.5])


class TestAgainstLeavingOut:
    def test_area(self) -> None:
        positives, negatives = blocks()
        history = check(
            linearisation.of_auroc(positives, negatives),
            lambda kept: performance.auroc(positives[kept].sum(axis=0), negatives[kept].sum(axis=0)).value,
        )
        interval = performance.auroc(positives.sum(axis=0), negatives.sum(axis=0))
        assert math.sqrt(history.variance) == pytest.approx((interval.upper - interval.lower) / 3.92, rel=0.05)

    def test_f1_score(self) -> None:
        true, false = blocks()
        hits, relevant = true[:, 6:].sum(axis=1), true.sum(axis=1) + false[:, 6:].sum(axis=1)
        history = check(
            linearisation.of_f1_score(hits, relevant),
            lambda kept: 2 * hits[kept].sum() / (hits[kept].sum() + relevant[kept].sum()),
        )
        index = hits.sum() / relevant.sum()
        expected = index * (1 - index) / relevant.sum() * (2 / (1 + index) ** 2) ** 2
        assert history.variance == pytest.approx(expected)

    def test_mean_and_root_mean(self) -> None:
        random = np.random.default_rng(1)
        values = random.exponential(2.0, (400, 9))
        rows, sums, squares = np.full(400, 9.0), values.sum(axis=1), np.square(values).sum(axis=1)
        history = check(linearisation.of_mean(rows, sums, squares), lambda kept: float(values[kept].mean()))
        own = performance.mean(Moments(3600, 3600, values.sum(), values.sum(), np.square(values).sum()))
        assert math.sqrt(history.variance) == pytest.approx((own.upper - own.lower) / 3.92, rel=1e-3)
        check(linearisation.of_root_mean(rows, sums, squares), lambda kept: math.sqrt(values[kept].mean()))

    def test_average(self) -> None:
        parts = [blocks(1), blocks(2)]
        check(
            linearisation.average([linearisation.of_auroc(*part) for part in parts]),
            lambda kept: float(
                np.mean([performance.auroc(*(side[kept].sum(axis=0) for side in part)).value for part in parts])
            ),
        )


class TestCalibration:
    def test_by_hand(self) -> None:
        """Two cells of 10 rows twice, with the scores 0.5 and 0.1: the counts have variances of 5.0 and 1.8."""
        rows, labels = np.array([[10.0, 10.0], [10.0, 10.0]]), np.array([[8.0, 2.0], [2.0, 0.0]])
        scores = rows * np.array([0.5, 0.1])
        result = linearisation.of_calibration(labels, scores, rows)
        assert result is not None
        common, own = result
        assert common.variance == pytest.approx((5.0 + 1.8) / 1600)
        assert common.influences == pytest.approx([(3 + 1) / 20 / 2, (-3 - 1) / 20 / 2])
        part = 5.0 / 6.8
        assert own.influences == pytest.approx(
            np.array([[3, 1], [-3, -1]]) / 40 - np.outer([0.1, -0.1], [part, 1 - part])
        )
        assert own.variance == pytest.approx((5.0 + 1.8) / 1600 * 2 * part * (1 - part))

    def test_one_step_on_the_scale_of_log_odds_leaves_little_besides(self) -> None:
        """All cells move in proportion to their variance, to the first order."""
        chance = np.linspace(0.1, 0.9, 10)
        rows, step = np.full((2, 10), 1e6), np.array([[0.02], [-0.02]])
        labels = rows / (1 + np.exp(-(np.log(chance / (1 - chance)) + step)))
        result = linearisation.of_calibration(labels, rows * chance, rows)
        assert result is not None
        common, own = result
        assert common.influences == pytest.approx(
            [0.5 * 0.02 * (chance * (1 - chance)).mean(), -0.5 * 0.02 * (chance * (1 - chance)).mean()], rel=1e-2
        )
        assert np.abs(own.influences).max() < 0.03 * common.influences[0]


@pytest.mark.parametrize(
    "history",
    [
        linearisation.of_share(np.zeros(3), np.zeros(3)),
        linearisation.of_f1_score(np.zeros(3), np.zeros(3)),
        linearisation.of_mean(np.zeros(3), np.zeros(3), np.zeros(3)),
        linearisation.of_root_mean(np.ones(3), np.zeros(3), np.zeros(3)),
        linearisation.of_auroc(np.ones((3, 4)), np.zeros((3, 4))),
        linearisation.average([]),
        linearisation.average([None, linearisation.of_share(np.ones(3), np.full(3, 2.0))]),
        linearisation.of_calibration(np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 4))),
        linearisation.of_calibration(np.ones((3, 4)), np.ones((3, 4)), np.ones((3, 4))),
    ],
)
def test_what_is_not_defined_is_none(history: object) -> None:
    assert history is None
