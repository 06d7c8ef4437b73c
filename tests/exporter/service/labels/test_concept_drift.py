"""The gap between estimates and labels: it separates concept drift from a shift of the inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from performance_samples import alarms, value
from scored_log import AT, DAY, ID, LABEL, SCORE, ScoredLog, document, moments

Floats = npt.NDArray[np.float64]
Scores = Callable[[np.random.Generator, int], Floats]
Chances = Callable[[Floats], Floats]

ROWS = 4000
SEEDS = range(6)


def usual(random: np.random.Generator, rows: int) -> Floats:
    return random.beta(1, 4, rows)


def riskier(random: np.random.Generator, rows: int) -> Floats:
    """Another mix of the same inputs: twice as many are positive, and they are harder to separate."""
    return random.beta(2, 3, rows)


def calibrated(scores: Floats) -> Floats:
    """Of the predictions with a score of 0.7, seven in ten are positive."""
    return scores


def less_separated(scores: Floats) -> Floats:
    """As many are positive as before, but the scores separate them half as well."""
    return 0.2 + (scores - 0.2) / 2


def rows(random: np.random.Generator, scores: Floats, chances: Floats) -> pd.DataFrame:
    return pd.DataFrame({SCORE: scores, LABEL: random.random(len(scores)) < chances})


def drift_samples(folder: Path, seed: int, scores: Scores, chances: Chances, bend: float = 1.0) -> list[Sample]:
    """The samples of two days of predictions with immediate labels, when the first day is mature."""
    random, log = np.random.default_rng(seed), ScoredLog(folder)
    before = usual(random, 4 * ROWS)
    log.put_reference(rows(random, before**bend, before))
    now = scores(random, 2 * ROWS)
    made = rows(random, now**bend, chances(now)).assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made[[ID, AT, SCORE]])
    log.put_labels(made[[ID, AT, LABEL]])
    return log.read(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_inputs_with_other_outcomes_are_concept_drift(tmp_path: Path, seed: int) -> None:
    samples = drift_samples(tmp_path, seed, usual, less_separated)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    assert value(samples, catalogue.AUROC_ESTIMATED) == pytest.approx(value(samples, catalogue.AUROC), abs=0.2)
    assert value(samples, catalogue.AUROC_ESTIMATED) > value(samples, catalogue.AUROC) + 0.05


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
@pytest.mark.parametrize("scores", [usual, riskier])
@pytest.mark.parametrize("seed", SEEDS)
def test_other_inputs_with_the_same_outcomes_are_no_concept_drift(
    tmp_path: Path, seed: int, scores: Scores, bend: float
) -> None:
    samples = drift_samples(tmp_path, seed, scores, calibrated, bend)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert abs(value(samples, catalogue.AUROC_ESTIMATED_GAP)) < value(samples, catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)


def test_estimates_follow_the_inputs_before_any_label_has_come(tmp_path: Path) -> None:
    """They are compared with scikit-learn on labels that the exporter does not read."""
    random, log = np.random.default_rng(7), ScoredLog(tmp_path)
    before, now = usual(random, 40_000), riskier(random, 40_000)
    log.put_reference(rows(random, before, before))
    made = rows(random, now, now).assign(**{ID: np.arange(len(now)), AT: moments(random, len(now), 1)})
    log.put_predictions(made[[ID, AT, SCORE]])
    samples = log.read(1, labels=None)
    decided = made[SCORE] >= 0.5
    exact = {
        catalogue.AUROC_ESTIMATED: metrics.roc_auc_score(made[LABEL], made[SCORE]),
        catalogue.F1_SCORE_ESTIMATED: metrics.f1_score(made[LABEL], decided),
        catalogue.PRECISION_ESTIMATED: metrics.precision_score(made[LABEL], decided),
        catalogue.RECALL_ESTIMATED: metrics.recall_score(made[LABEL], decided),
        catalogue.ACCURACY_ESTIMATED: metrics.accuracy_score(made[LABEL], decided),
    }
    assert {metric: value(samples, metric) for metric in exact} == pytest.approx(exact, abs=0.015)


def test_a_gap_is_what_was_expected_minus_what_was_seen(tmp_path: Path) -> None:
    samples = drift_samples(tmp_path, 1, usual, less_separated)
    for metric in (catalogue.AUROC, catalogue.PRECISION, catalogue.ACCURACY):
        gap, level = (value(samples, each) for each in (metric.estimated_gap(), metric.estimated_gap().threshold()))
        # The days are alike, so what the newest day should have is what the mature one should have had.
        assert gap + value(samples, metric) == pytest.approx(value(samples, metric.estimated()), abs=0.03)
        assert level >= 0.05


def test_the_floor_is_the_spec_s_and_noise_rises_above_it(tmp_path: Path) -> None:
    drift_samples(tmp_path, 3, usual, calibrated)
    log = ScoredLog(tmp_path)
    level = {
        floor: value(log.read(2, thresholds={"estimated_gap": floor}), catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)
        for floor in (0, 0.3)
    }
    assert level[0.3] == 0.3
    assert 0.02 < level[0] < 0.08


def test_the_errors_of_a_regression_are_estimated(tmp_path: Path) -> None:
    """Errors grow with the prediction, and the newest predictions are larger."""
    random, log = np.random.default_rng(5), ScoredLog(tmp_path)

    def drawn(low: float, number: int) -> pd.DataFrame:
        scores = low + random.random(number)
        return pd.DataFrame({SCORE: scores, LABEL: scores + scores * random.normal(size=number)})

    log.put_reference(pd.concat([drawn(0, 20_000), drawn(1, 20_000)]))
    made = pd.concat([drawn(0, ROWS), drawn(1, ROWS)], ignore_index=True)
    made = made.assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made[[ID, AT, SCORE]])
    log.put_labels(made[[ID, AT, LABEL]])
    samples = log.read(2, task="regression")
    newest = made[made[AT] >= made[AT].min().normalize() + DAY]
    error = newest[LABEL] - newest[SCORE]
    assert value(samples, catalogue.RMSE_ESTIMATED) == pytest.approx(np.sqrt((error**2).mean()), rel=0.05)
    assert value(samples, catalogue.MAE_ESTIMATED) == pytest.approx(error.abs().mean(), rel=0.05)
    assert abs(value(samples, catalogue.RMSE_ESTIMATED_GAP)) < value(samples, catalogue.RMSE_ESTIMATED_GAP_THRESHOLD)
    assert abs(value(samples, catalogue.MAE_ESTIMATED_GAP)) < value(samples, catalogue.MAE_ESTIMATED_GAP_THRESHOLD)


def predicted(random: np.random.Generator, mix: tuple[float, float], factor: float, offset: float) -> pd.DataFrame:
    """Predicted numbers, larger ones with larger errors, and their labels."""
    scores = random.beta(*mix, 4 * ROWS)
    errors = (0.2 + scores) * random.normal(size=len(scores))
    return pd.DataFrame({SCORE: scores, LABEL: scores + offset + factor * errors})


def regression_samples(folder: Path, seed: int, mix: tuple[float, float], factor: float, offset: float) -> list[Sample]:
    random, log = np.random.default_rng(seed), ScoredLog(folder)
    log.put_reference(predicted(random, (1, 4), 1.0, 0.0))
    made = predicted(random, mix, factor, offset).iloc[: 2 * ROWS]
    made = made.assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made[[ID, AT, SCORE]])
    log.put_labels(made[[ID, AT, LABEL]])
    return log.read(2, task="regression")


@pytest.mark.parametrize(("factor", "offset"), [(1.25, 0.0), (1.0, 0.3)], ids=["other errors", "another level"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_predictions_with_other_truths_are_concept_drift(
    tmp_path: Path, seed: int, factor: float, offset: float
) -> None:
    samples = regression_samples(tmp_path, seed, (1, 4), factor, offset)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    assert value(samples, catalogue.RMSE_ESTIMATED_GAP) < -value(samples, catalogue.RMSE_ESTIMATED_GAP_THRESHOLD)


@pytest.mark.parametrize("mix", [(1, 4), (2, 3)], ids=["usual", "larger"])
@pytest.mark.parametrize("seed", SEEDS)
def test_other_predictions_with_the_usual_errors_are_no_concept_drift(
    tmp_path: Path, seed: int, mix: tuple[float, float]
) -> None:
    samples = regression_samples(tmp_path, seed, mix, 1.0, 0.0)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert value(samples, catalogue.CONCEPT_DRIFT) < value(samples, catalogue.CONCEPT_DRIFT_THRESHOLD) == 1


def test_a_ranking_has_no_estimates() -> None:
    """The gain of a list depends on the relevance of its items, which scores do not estimate."""
    columns = {**document()["spec"]["inference"]["columns"], "query": "query"}
    inference = {**document()["spec"]["inference"], "columns": columns}
    body = document(task="ranking", inference=inference, slos=[])
    assert not ModelSpec.model_validate(body).spec.estimated
