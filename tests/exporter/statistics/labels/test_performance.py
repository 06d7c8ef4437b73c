from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from exporter.labels.sums.labelled import Labelled, Moments, labelled, moments, regression_errors
from exporter.statistics.labels import performance
from exporter.statistics.labels.performance import (
    UNKNOWN,
    Estimate,
    accuracy,
    auroc,
    f1_score,
    macro_average,
    mean,
    precision,
    recall,
    rmse,
    share,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Law = Callable[[np.random.Generator, int], Floats]

BY_CONFUSION = [precision, recall, accuracy, f1_score]


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def is_unknown(estimate: Estimate) -> bool:
    return all(map(math.isnan, estimate))


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.lower <= truth <= estimate.upper


# ------------------------------------------------------------------------------------------------ AUROC

LAWS: dict[str, tuple[Law, Law, float]] = {
    "normal scores": (lambda rng, n: rng.normal(1.19, 1, n), lambda rng, n: rng.normal(0, 1, n), 0.4),
    "few positives far up": (lambda rng, n: rng.beta(2, 5, n), lambda rng, n: rng.beta(1, 20, n), 0.016),
}
"""Of positives and negatives, and the share of positives."""


def million(law: str) -> tuple[Floats, Flags, Floats]:
    """A million scores and labels, and 256 quantiles of the scores."""
    rng = np.random.default_rng(2611)
    positive, negative, share_of_positives = LAWS[law]
    labels = rng.random(1_000_000) < share_of_positives
    scores = np.where(labels, positive(rng, len(labels)), negative(rng, len(labels)))
    return scores, labels, np.quantile(scores, np.arange(1, 256) / 256, method="inverted_cdf")


@pytest.mark.parametrize("law", LAWS)
def test_auroc_of_256_quantiles_is_that_of_scikit_learn_within_a_thousandth(law: str) -> None:
    scores, labels, edges = million(law)
    rows = labelled(scores, labels, scores > 0.5, edges)
    exact = metrics.roc_auc_score(labels, scores)
    assert auroc(rows.positives, rows.negatives).value == pytest.approx(exact, abs=0.001)


def test_auroc_counts_pairs_and_half_the_ties() -> None:
    """The upper positive beats both negatives, then all three; the lower beats one and ties with one."""
    assert auroc(floats(0, 1, 1), floats(1, 1, 0)).value == pytest.approx(3.5 / 4)
    assert auroc(floats(0, 1, 0, 1), floats(1, 1, 1, 0)).value == pytest.approx(4.5 / 6)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60))
def test_auroc_of_distinct_bins_is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    positives, negatives = (np.bincount(scores[side], minlength=10).astype(float) for side in (labels, ~labels))
    if labels.any() and not labels.all():
        assert auroc(positives, negatives).value == pytest.approx(metrics.roc_auc_score(labels, scores))
    else:
        assert is_unknown(auroc(positives, negatives))


sides = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 50), min_size=bins, max_size=bins).filter(any)] * 2)
)


@given(sides)
def test_auroc_of_the_classes_swapped_is_its_complement(classes: tuple[list[int], list[int]]) -> None:
    positives, negatives = floats(*classes[0]), floats(*classes[1])
    one, other = auroc(positives, negatives), auroc(negatives, positives)
    assert one == pytest.approx((1 - other.value, 1 - other.upper, 1 - other.lower), abs=1e-9)
    assert auroc(positives[::-1], negatives[::-1]) == pytest.approx(other, abs=1e-9)


@given(sides)
def test_auroc_lies_in_its_interval_within_0_and_1(classes: tuple[list[int], list[int]]) -> None:
    estimate = auroc(floats(*classes[0]), floats(*classes[1]))
    assert 0 <= estimate.lower <= estimate.value <= estimate.upper <= 1
    assert estimate.lower < estimate.upper


@given(sides, st.integers(2, 5))
def test_weights_that_are_all_the_same_change_nothing(classes: tuple[list[int], list[int]], weight: int) -> None:
    positives, negatives = floats(*classes[0]), floats(*classes[1])
    weighted = auroc(weight * positives, weight * negatives, weight**2 * positives, weight**2 * negatives)
    assert weighted == pytest.approx(auroc(positives, negatives), abs=1e-9)


def test_the_interval_of_perfect_separation_has_a_width() -> None:
    """With the law of exponential scores: m n / (1 + ((m + n) / 2 - 1) / 2) tosses, all of them won."""
    estimate = auroc(floats(0, 20), floats(2000, 0))
    tosses = 20 * 2000 / (1 + (2020 / 2 - 1) / 2)
    z = stats.norm.ppf(0.975)
    assert estimate == pytest.approx((1, 1 / (1 + z**2 / tosses), 1))
    assert auroc(floats(0, 1), floats(1, 0)).lower < 0.3, "a single pair tells next to nothing"


def test_the_interval_of_many_rows_is_delongs() -> None:
    """Five placements of positives and four of negatives, a thousand times each, where the two are less certain."""
    positives, negatives = floats(2000, 0, 0, 3000), floats(0, 2000, 2000, 0)
    variance = np.repeat([0.0, 1.0], [2000, 3000]).var(ddof=1) / 5000
    estimate = auroc(positives, negatives)
    assert estimate.value == pytest.approx(0.6)
    assert estimate.upper - estimate.lower == pytest.approx(2 * stats.norm.ppf(0.975) * math.sqrt(variance), rel=1e-3)


@pytest.mark.parametrize(("positives", "least"), [(5, 0.84), (20, 0.92), (100, 0.92)])
@pytest.mark.parametrize(
    "upper",
    [
        lambda rng, n: rng.normal(2.3, 1, n),
        lambda rng, n: np.where(rng.random(n) < 0.6, rng.normal(6, 1, n), rng.normal(0, 1, n)),
    ],
    ids=["well apart", "some obvious, others hidden"],
)
def test_the_interval_has_its_coverage(upper: Law, positives: int, least: float) -> None:
    rng = np.random.default_rng(5)
    truth = float(stats.norm.cdf(upper(rng, 400_000)).mean())
    edges = stats.norm.ppf(np.arange(1, 400) / 400)
    count = [np.bincount(np.searchsorted(edges, upper(rng, positives)), minlength=400) for _ in range(600)]
    negative = [np.bincount(np.searchsorted(edges, rng.normal(0, 1, 2000)), minlength=400) for _ in range(600)]
    pairs = zip(count, negative, strict=True)
    held = [holds(auroc(p.astype(float), n.astype(float)), truth) for p, n in pairs]
    assert np.mean(held) >= least


def test_unequal_weights_widen_the_interval() -> None:
    positives, negatives = floats(2, 4, 8), floats(80, 40, 20)
    equal = auroc(positives, negatives)
    unequal = auroc(positives, negatives, 5 * positives, 5 * negatives)
    assert unequal.value == equal.value
    assert unequal.lower < equal.lower < equal.upper < unequal.upper


# ------------------------------------------------------------------------------------------------ decisions


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_ratios_of_decisions_are_those_of_scikit_learn(rows: list[tuple[bool, bool]]) -> None:
    truths, decisions = np.array(rows).T
    confusion = metrics.confusion_matrix(truths, decisions, labels=[False, True]).astype(np.float64)
    expected = (metrics.precision_score, metrics.recall_score, metrics.f1_score)
    for statistic, oracle in zip((precision, recall, f1_score), expected, strict=True):
        value = oracle(truths, decisions, zero_division=np.nan)
        assert statistic(confusion).value == pytest.approx(value, nan_ok=True)
    assert accuracy(confusion).value == pytest.approx(metrics.accuracy_score(truths, decisions))


def test_wilsons_interval_is_that_of_scipy() -> None:
    confusion = floats(90, 3, 2, 5).reshape(2, 2)
    for statistic, successes, trials in ((precision, 5, 8), (recall, 5, 7), (accuracy, 95, 100)):
        interval = stats.binomtest(successes, trials).proportion_ci(method="wilson")
        assert statistic(confusion) == pytest.approx((successes / trials, interval.low, interval.high))


def test_the_interval_of_f1_is_that_of_jaccards_index() -> None:
    interval = stats.binomtest(5, 10).proportion_ci(method="wilson")
    expected = [2 * index / (1 + index) for index in (0.5, interval.low, interval.high)]
    assert f1_score(floats(90, 3, 2, 5).reshape(2, 2)) == pytest.approx(expected)


def test_the_interval_of_f1_has_its_coverage() -> None:
    rng = np.random.default_rng(11)
    shares = floats(0.9, 0.03, 0.02, 0.05)
    drawn = rng.multinomial(1000, shares, size=1000).astype(np.float64)
    held = [holds(f1_score(confusion.reshape(2, 2)), 2 * 0.05 / (2 * 0.05 + 0.05)) for confusion in drawn]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_without_rows_a_value_is_unknown_and_not_0() -> None:
    nothing = np.zeros((2, 2))
    assert all(is_unknown(statistic(nothing)) for statistic in BY_CONFUSION)
    no_positives, none_decided = floats(9, 1, 0, 0).reshape(2, 2), floats(9, 0, 1, 0).reshape(2, 2)
    assert is_unknown(recall(no_positives))
    assert is_unknown(precision(none_decided))
    assert f1_score(none_decided).value == 0, "a positive that was missed is a known failure"


def test_weights_count_as_their_effective_number() -> None:
    """Nine rows that weigh 1, one that weighs 9: 18^2 / 90 = 3.6 rows."""
    confusion, squares = floats(0, 9, 0, 9).reshape(2, 2), floats(0, 81, 0, 9).reshape(2, 2)
    z = stats.norm.ppf(0.975)
    half = z * math.sqrt(0.25 / 3.6 + (z / 7.2) ** 2) / (1 + z**2 / 3.6)
    for statistic in (precision, accuracy):
        assert statistic(confusion, squares) == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    assert f1_score(confusion, squares).value == pytest.approx(2 / 3)
    assert recall(confusion, squares).value == 1


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_lies_in_its_interval_within_0_and_1(part: int, rest: int) -> None:
    estimate = share(part, floats(part, rest))
    assert 0 <= estimate.lower <= estimate.value <= estimate.upper <= 1


# ------------------------------------------------------------------------------------------------ means


def test_brier_score_and_log_loss_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    scores, weights = rng.random(500), rng.uniform(0.5, 4, 500)
    labels = rng.random(500) < scores
    rows = labelled(scores, labels, scores > 0.5, floats(0.5), weights)
    brier = metrics.brier_score_loss(labels, scores, sample_weight=weights)
    assert mean(rows.squared_errors).value == pytest.approx(brier)
    log_loss = metrics.log_loss(labels, scores, sample_weight=weights)
    assert mean(rows.log_losses).value == pytest.approx(log_loss)


def test_regression_errors_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    truths = rng.normal(100, 20, 500)
    predictions = truths + rng.normal(1, 5, 500)
    errors = regression_errors(predictions, truths)
    assert rmse(errors.squared_errors).value == pytest.approx(metrics.root_mean_squared_error(truths, predictions))
    assert mean(errors.absolute_errors).value == pytest.approx(metrics.mean_absolute_error(truths, predictions))


def test_the_interval_of_a_mean_is_the_normal_laws() -> None:
    """Values 1, 2, 3, 6: mean 3, variance 14/3."""
    half = stats.norm.ppf(0.975) * math.sqrt(14 / 3 / 4)
    assert mean(moments(floats(1, 2, 3, 6))) == pytest.approx((3, 3 - half, 3 + half))
    assert rmse(moments(floats(1, 2, 3, 6))) == pytest.approx([math.sqrt(x) for x in (3, 3 - half, 3 + half)])


def test_weights_that_repeat_rows_give_their_mean() -> None:
    assert mean(moments(floats(1, 5), floats(3, 1))).value == 2


@pytest.mark.parametrize("scale", [1, 7])
def test_the_interval_of_a_weighted_mean_has_its_coverage(scale: int) -> None:
    rng = np.random.default_rng(8)
    held = []
    for _ in range(1000):
        values = rng.exponential(1, 400)
        weights = scale * np.where(rng.random(400) < 0.2, 5.0, 1.0)
        held.append(holds(mean(moments(values, weights)), 1))
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_the_interval_of_a_mean_stays_within_the_range_of_values() -> None:
    assert mean(moments(floats(0, 0, 0, 1)), highest=1).lower == 0
    assert mean(moments(floats(1, 1, 1, 0)), highest=1).upper == 1
    assert mean(moments(floats(0.3, 0.3))) == pytest.approx((0.3, 0.3, 0.3))


def test_a_mean_without_rows_is_unknown_and_one_row_has_no_interval() -> None:
    assert is_unknown(mean(Moments()))
    assert is_unknown(rmse(Moments()))
    alone = mean(moments(floats(4)))
    assert alone.value == 4
    assert math.isnan(alone.lower)
    assert math.isnan(alone.upper)


# ------------------------------------------------------------------------------------------------ classes


def test_each_class_against_the_rest_and_the_average_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    truths = rng.integers(0, 3, 400)
    scores = rng.dirichlet([1, 1, 1], 400) + np.eye(3)[truths] / 2
    scores /= scores.sum(axis=1, keepdims=True)
    decisions = scores.argmax(axis=1)
    edges = np.unique(scores)

    def against_the_rest(kind: int) -> Labelled:
        return labelled(scores[:, kind], truths == kind, decisions == kind, edges)

    classes = [against_the_rest(kind) for kind in range(3)]
    average = macro_average([auroc(rows.positives, rows.negatives) for rows in classes])
    assert average.value == pytest.approx(metrics.roc_auc_score(truths, scores, multi_class="ovr"))
    assert average.lower < average.value < average.upper
    average = macro_average([f1_score(rows.confusion) for rows in classes])
    assert average.value == pytest.approx(metrics.f1_score(truths, decisions, average="macro"))
    hits = sum(float(rows.confusion[1, 1]) for rows in classes)
    rows = classes[0].rows.sum()
    assert share(hits, floats(rows)).value == pytest.approx(metrics.accuracy_score(truths, decisions))


def test_the_average_of_classes_is_unknown_when_one_is() -> None:
    assert macro_average([Estimate(0.2, 0.1, 0.4), Estimate(0.4, 0.3, 0.8)]) == pytest.approx((0.3, 0.2, 0.6))
    assert is_unknown(macro_average([Estimate(0.2, 0.1, 0.4), UNKNOWN]))
    assert is_unknown(macro_average([]))


class TestStretched:
    @pytest.mark.parametrize(("part", "whole"), [(40, 100), (99, 100), (100, 100), (0, 100)])
    def test_of_a_share_it_is_wilsons_interval_of_fewer_rows(self, part: int, whole: int) -> None:
        """Twice as wide: a quarter of the rows."""
        wide = performance.stretched(performance.share(part, np.array([float(whole)])), 2.0, ratio=True)
        assert wide == pytest.approx(performance.share(part / 4, np.array([whole / 4])), abs=1e-12)

    def test_of_a_number_both_sides_are_longer_and_none_is_below_0(self) -> None:
        assert performance.stretched(Estimate(10.0, 8.0, 13.0), 3.0, ratio=False) == (10, 4, 19)
        assert performance.stretched(Estimate(1.0, 0.5, 2.0), 3.0, ratio=False) == (1, 0, 4)

    def test_unknown_ends_stay_unknown(self) -> None:
        for ratio in (True, False):
            assert all(map(math.isnan, performance.stretched(performance.UNKNOWN, 2.0, ratio=ratio)))
