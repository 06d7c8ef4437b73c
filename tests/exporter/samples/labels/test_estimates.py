"""Which estimates and gaps have samples; `test_concept_drift` shows that the values are right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.by_score import by_score
from exporter.profiles.binning import Binning, NumericBins
from exporter.profiles.group import Group
from exporter.profiles.profile import Profile, empty_profile
from exporter.samples.labels.estimates import estimate_samples, gap_samples
from exporter.samples.labels.estimators import Estimator, fit_single_score
from exporter.samples.labels.labels import MatureWindow
from exporter.samples.windows import WindowProfile
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from fraud_log import labelled_spec_document
from random_outcomes import EDGES, END, ROWS, hour_outcome, outcome_of

SCORE = "predicted_score"
BINNING = Binning((NumericBins(SCORE, EDGES, np.array([1, 5]), 0.5),))
GAPS = {metric.estimated_gap() for metric in (catalogue.AUROC, catalogue.F1_SCORE, catalogue.PRECISION)} | {
    catalogue.RECALL_ESTIMATED_GAP,
    catalogue.ACCURACY_ESTIMATED_GAP,
}


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(**{"windows": ["24h"], **body}))


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    random = np.random.default_rng(9)
    scores = random.random(20_000)
    found = fit_single_score(
        by_score(scores, (random.random(20_000) < scores).astype(np.float64), EDGES, binary=True),
        EDGES,
        0.05,
        binary=True,
    )
    assert found is not None
    return found


def profile(rows: int) -> Profile:
    """Rows in the middle of each bin."""
    none = empty_profile(BINNING)
    counts, sums = none.counts.copy(), none.sums.copy()
    counts[: len(EDGES) + 1] = rows // (len(EDGES) + 1)
    sums[: len(EDGES) + 1] = counts[: len(EDGES) + 1] * (np.arange(len(EDGES) + 1) + 0.5) / 20
    return Profile(rows, counts, sums, none.squares, none.lows, none.highs)


def estimates(estimator: Estimator, model: ModelSpec, **versions: Profile) -> dict[tuple[Metric, str], float]:
    groups = {Group(version): profile for version, profile in versions.items()}
    window = WindowProfile("24h", Window(END - timedelta(days=1), END), groups, {})
    return {(one.metric, one.labels[1]): one.value for one in estimate_samples(model, estimator, BINNING, [window])}


def test_a_window_has_its_estimates(estimator: Estimator) -> None:
    found = estimates(estimator, spec(), v=profile(2000))
    assert {metric for metric, _ in found} == {
        metric.estimated()
        for metric in (catalogue.AUROC, catalogue.F1_SCORE, catalogue.PRECISION, catalogue.RECALL, catalogue.ACCURACY)
    }
    assert found[catalogue.AUROC_ESTIMATED, "v"] == pytest.approx(5 / 6, abs=0.01), "of uniform probabilities"


def test_too_few_rows_and_too_many_versions_have_none(estimator: Estimator) -> None:
    assert estimates(estimator, spec(), v=profile(20)) == {}
    found = estimates(estimator, spec(limits={"versions": 1}), a=profile(40), b=profile(2000))
    assert {version for _, version in found} == {"b"}


def test_each_role_has_its_own_estimates(estimator: Estimator) -> None:
    groups = {Group("v", "champion"): profile(2000), Group("v", "challenger"): profile(400)}
    window = WindowProfile("24h", Window(END - timedelta(days=1), END), groups, {})
    samples = list(estimate_samples(spec(), estimator, BINNING, [window]))
    assert {one.labels[3] for one in samples} == {"champion", "challenger"}
    alone = estimates(estimator, spec(), v=profile(400))
    assert {(one.metric, "v"): one.value for one in samples if one.labels[3] == "challenger"} == alone
    outcomes = {Group("v", "champion"): hour_outcome(1, 1.0), Group("v", "challenger"): hour_outcome(2, 1.0)}
    found = list(gap_samples(spec(), estimator, [MatureWindow("24h", END, outcomes)]))
    for group, outcome in outcomes.items():
        assert {one.metric: one.value for one in found if one.labels[3] == group.role} == gaps(estimator, outcome)


def gaps(
    estimator: Estimator, outcome: Outcome, model: ModelSpec | None = None, window: str = "24h"
) -> dict[Metric, float]:
    windows = [MatureWindow(window, END, {Group("v"): outcome})]
    return {one.metric: one.value for one in gap_samples(model or spec(), estimator, windows)}


def test_each_gap_has_its_threshold(estimator: Estimator) -> None:
    found = gaps(estimator, hour_outcome(1, 1.0))
    scores_with_threshold = GAPS | {catalogue.CONCEPT_DRIFT}
    assert set(found) == scores_with_threshold | {metric.threshold() for metric in scores_with_threshold}
    multiple = found[catalogue.AUROC_ESTIMATED_GAP] / found[catalogue.AUROC_ESTIMATED_GAP_THRESHOLD]
    assert found[catalogue.CONCEPT_DRIFT] == multiple
    assert found[catalogue.CONCEPT_DRIFT_THRESHOLD] == 1
    assert abs(found[catalogue.AUROC_ESTIMATED_GAP]) < found[catalogue.AUROC_ESTIMATED_GAP_THRESHOLD] < 0.1


def test_missing_labels_do_not_make_a_gap(estimator: Estimator) -> None:
    """Only confident scores have labels. They rank better, and so does the estimate."""
    random = np.random.default_rng(3)
    scores = random.random(ROWS)
    truths = (random.random(ROWS) < scores).astype(np.float64)
    found = gaps(estimator, outcome_of(scores, np.where(np.abs(scores - 0.5) > 0.3, truths, np.nan)))
    assert abs(found[catalogue.AUROC_ESTIMATED_GAP]) < 0.02


def test_too_few_labels_have_no_gap(estimator: Estimator) -> None:
    assert gaps(estimator, hour_outcome(1, 0.01)) == {}


def test_an_undefined_gap_is_absent(estimator: Estimator) -> None:
    """No positives: there is no AUROC and no recall to compare with."""
    found = gaps(estimator, outcome_of(np.full(100, 0.02), np.zeros(100)))
    assert found.keys().isdisjoint({catalogue.AUROC_ESTIMATED_GAP, catalogue.RECALL_ESTIMATED_GAP})
    assert found.keys().isdisjoint({catalogue.CONCEPT_DRIFT, catalogue.CONCEPT_DRIFT_THRESHOLD})


def test_the_floor_of_an_error_is_relative() -> None:
    random = np.random.default_rng(5)
    scores = random.random(200_000)
    estimator = fit_single_score(
        by_score(scores, scores + 10 * random.normal(size=200_000), EDGES, binary=False), EDGES, 0.5, binary=False
    )
    assert estimator is not None
    now = random.random(100_000)
    outcome = outcome_of(now, now + 10 * random.normal(size=100_000), binary=False)
    found = gaps(estimator, outcome, spec(task="regression", thresholds={"estimated_gap": 0.2}))
    assert found[catalogue.RMSE_ESTIMATED_GAP_THRESHOLD] == pytest.approx(2, rel=0.02)
    assert abs(found[catalogue.RMSE_ESTIMATED_GAP]) < 0.2


def test_the_greater_relative_error_of_a_regression_counts() -> None:
    """By hand: errors of 1 are expected; half of them are 3 and half are 0, so the MAE is 1.5 and the RMSE 2.12."""
    scores = np.tile(np.arange(20) / 20, 100) + 0.025
    estimator = fit_single_score(by_score(scores, scores + 1, EDGES, binary=False), EDGES, 0.5, binary=False)
    assert estimator is not None
    outcome = outcome_of(scores, scores + np.where(np.arange(2000) % 40 < 20, 3.0, 0.0), binary=False)
    found = gaps(estimator, outcome, spec(task="regression", thresholds={"estimated_gap": 0.25}))
    assert found[catalogue.MAE_ESTIMATED_GAP] == pytest.approx(-0.5)
    assert found[catalogue.RMSE_ESTIMATED_GAP] == pytest.approx(1 - np.sqrt(4.5))
    assert found[catalogue.RMSE_ESTIMATED_GAP_THRESHOLD] == pytest.approx(0.25)
    assert found[catalogue.CONCEPT_DRIFT] == pytest.approx((np.sqrt(4.5) - 1) / 0.25)
    better = gaps(estimator, outcome_of(scores, scores, binary=False), spec(task="regression"))
    assert better[catalogue.CONCEPT_DRIFT] < -1, "smaller errors than expected are no drift"


def test_a_few_large_errors_with_the_same_mean_are_no_drift() -> None:
    """By hand: errors of 1 are expected; of 1,000 one is 20 and the rest 0.981: the MAE is 1 and the RMSE 1.17."""
    scores = np.tile(np.arange(20) / 20, 50) + 0.025
    estimator = fit_single_score(by_score(scores, scores + 1, EDGES, binary=False), EDGES, 0.5, binary=False)
    assert estimator is not None
    now = np.where(np.arange(1000) == 500, 20.0, 980 / 999)
    found = gaps(estimator, outcome_of(scores, scores + now, binary=False), spec(task="regression"))
    assert found[catalogue.RMSE_ESTIMATED_GAP] < -2 * found[catalogue.RMSE_ESTIMATED_GAP_THRESHOLD]
    assert found[catalogue.MAE_ESTIMATED_GAP] == pytest.approx(0)
    assert found[catalogue.CONCEPT_DRIFT] == pytest.approx(0)


@pytest.mark.parametrize(("window", "part"), [("1h", 1), ("24h", 1), ("4d", 0.5), ("30d", 0.25)])
def test_a_longer_window_has_a_smaller_floor(window: str, part: float) -> None:
    scores = np.tile(np.arange(20) / 20, 100) + 0.025
    estimator = fit_single_score(by_score(scores, scores + 1, EDGES, binary=False), EDGES, 0.5, binary=False)
    assert estimator is not None
    found = gaps(estimator, outcome_of(scores, scores + 1, binary=False), spec(task="regression"), window)
    assert found[catalogue.MAE_ESTIMATED_GAP_THRESHOLD] == pytest.approx(0.05 * part)
