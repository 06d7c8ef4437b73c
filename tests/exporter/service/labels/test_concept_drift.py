"""What the gap between estimate and truth is for: it tells a world that answers differently from inputs that moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.sources.local import Local
from exporter.spec.model import ModelSpec
from scored_log import AT, DAY, ID, LABEL, SCORE, ScoredLog, document, moments

Floats = npt.NDArray[np.float64]
Scores = Callable[[np.random.Generator, int], Floats]
Chances = Callable[[Floats], Floats]

ROWS = 4000
SEEDS = range(6)
KEY = ("loans", "v1", "24h")


def usual(random: np.random.Generator, rows: int) -> Floats:
    return random.beta(1, 4, rows)


def riskier(random: np.random.Generator, rows: int) -> Floats:
    """Another mix of the same inputs: twice as many would come true, and they are harder to tell apart."""
    return random.beta(2, 3, rows)


def as_said(scores: Floats) -> Floats:
    """What has a score of 0.7 comes true seven times in ten."""
    return scores


def no_longer(scores: Floats) -> Floats:
    """As many come true as before, but the scores say half as much of which."""
    return 0.2 + (scores - 0.2) / 2


def rows(random: np.random.Generator, scores: Floats, chances: Floats) -> pd.DataFrame:
    return pd.DataFrame({SCORE: scores, LABEL: random.random(len(scores)) < chances})


def told(folder: Path, seed: int, scores: Scores, chances: Chances, bend: float = 1.0) -> list[Sample]:
    """What is told of two days of predictions whose labels came at once, once the first is mature."""
    random, log = np.random.default_rng(seed), ScoredLog(folder)
    before = usual(random, 4 * ROWS)
    log.put_reference(rows(random, before**bend, before))
    now = scores(random, 2 * ROWS)
    made = rows(random, now**bend, chances(now)).assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made[[ID, AT, SCORE]])
    log.put_labels(made[[ID, AT, LABEL]])
    return log.read(2)


def value(samples: list[Sample], metric: Metric) -> float:
    (found,) = [one.value for one in samples if one.metric == metric and one.labels[:3] == KEY]
    return found


def alarms(samples: list[Sample]) -> set[str]:
    layer = catalogue.Layer.PERFORMANCE
    return {found.alert.name for found in conditions(samples, {"24h"}) if found.alert.layer is layer}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_inputs_with_other_outcomes_are_concept_drift(tmp_path: Path, seed: int) -> None:
    samples = told(tmp_path, seed, usual, no_longer)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    assert value(samples, catalogue.AUROC_ESTIMATED) == pytest.approx(value(samples, catalogue.AUROC), abs=0.2)
    assert value(samples, catalogue.AUROC_ESTIMATED) > value(samples, catalogue.AUROC) + 0.05


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
@pytest.mark.parametrize("scores", [usual, riskier])
@pytest.mark.parametrize("seed", SEEDS)
def test_other_inputs_with_the_same_outcomes_are_none(tmp_path: Path, seed: int, scores: Scores, bend: float) -> None:
    samples = told(tmp_path, seed, scores, as_said, bend)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert abs(value(samples, catalogue.AUROC_ESTIMATED_GAP)) < value(samples, catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)


def test_estimates_follow_the_inputs_before_any_label_has_come(tmp_path: Path) -> None:
    """Not of NannyML, but of what it stands for: scikit-learn on labels that the exporter is never shown."""
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
    samples = told(tmp_path, 1, usual, no_longer)
    for metric in (catalogue.AUROC, catalogue.PRECISION, catalogue.ACCURACY):
        gap, level = (value(samples, each) for each in (metric.estimated_gap(), metric.estimated_gap().threshold()))
        # The days are alike, so what the newest day should have is what the mature one should have had.
        assert gap + value(samples, metric) == pytest.approx(value(samples, metric.estimated()), abs=0.03)
        assert level >= 0.05


def test_the_floor_is_the_spec_s_and_noise_rises_above_it(tmp_path: Path) -> None:
    told(tmp_path, 3, usual, as_said)
    log = ScoredLog(tmp_path)
    level = {
        floor: value(log.read(2, thresholds={"estimated_gap": floor}), catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)
        for floor in (0, 0.3)
    }
    assert level[0.3] == 0.3
    assert 0.02 < level[0] < 0.08


def test_a_regression_is_told_the_errors_that_its_predictions_should_have(tmp_path: Path) -> None:
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
    """Numbers that are predicted, larger ones with larger errors; and what came true."""
    scores = random.beta(*mix, 4 * ROWS)
    errors = (0.2 + scores) * random.normal(size=len(scores))
    return pd.DataFrame({SCORE: scores, LABEL: scores + offset + factor * errors})


def told_of_numbers(folder: Path, seed: int, mix: tuple[float, float], factor: float, offset: float) -> list[Sample]:
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
    samples = told_of_numbers(tmp_path, seed, (1, 4), factor, offset)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    assert value(samples, catalogue.RMSE_ESTIMATED_GAP) < -value(samples, catalogue.RMSE_ESTIMATED_GAP_THRESHOLD)


@pytest.mark.parametrize("mix", [(1, 4), (2, 3)], ids=["usual", "larger"])
@pytest.mark.parametrize("seed", SEEDS)
def test_other_predictions_with_errors_as_usual_are_none(tmp_path: Path, seed: int, mix: tuple[float, float]) -> None:
    samples = told_of_numbers(tmp_path, seed, mix, 1.0, 0.0)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert value(samples, catalogue.CONCEPT_DRIFT) < value(samples, catalogue.CONCEPT_DRIFT_THRESHOLD) == 1


def test_of_a_ranking_nothing_is_expected() -> None:
    """What a list is worth follows from the relevance of its items, which no score promises."""
    columns = {**document()["spec"]["inference"]["columns"], "query": "query"}
    inference = {**document()["spec"]["inference"], "columns": columns}
    body = document(task="ranking", inference=inference, slos=[])
    assert not ModelSpec.model_validate(body).spec.estimated


# ------------------------------------------------------------------------------------------------ several classes

CLASSES = {"cat": "p_cat", "cow": "p_cow", "dog": "p_dog"}
INFERENCE = document()["spec"]["inference"]
OWN = {name: column for name, column in INFERENCE["columns"].items() if name != "score"}
SEVERAL: dict[str, Any] = {
    "task": "multiclass_classification",
    "inference": {**INFERENCE, "columns": {**OWN, "prediction": "animal", "scores": CLASSES}},
}


def animals(random: np.random.Generator, rows: int, mix: list[float], mixed_up: float, bend: float) -> pd.DataFrame:
    """Answers of the likeliest class; a share of what comes true has nothing to do with the scores."""
    chances, names = random.dirichlet(mix, rows), np.array([*CLASSES])
    truths = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    truths = np.where(random.random(rows) < mixed_up, random.permutation(truths), truths)
    scores = chances**bend
    scores = scores / scores.sum(axis=1, keepdims=True)
    table = dict(zip(CLASSES.values(), scores.T, strict=True)) | {"sure": scores.max(axis=1)}
    return pd.DataFrame({**table, "animal": names[chances.argmax(axis=1)], LABEL: names[truths]})


def told_of_classes(
    folder: Path, seed: int, mix: list[float], *, mixed_up: float = 0.0, bend: float = 1.0, **body: Any
) -> list[Sample]:
    random, log = np.random.default_rng(seed), ScoredLog(folder)
    log.put_reference(animals(random, 4 * ROWS, [0.5, 0.5, 0.5], 0.0, bend))
    now = animals(random, 2 * ROWS, mix, mixed_up, bend)
    made = now.assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made.drop(columns=LABEL))
    log.put_labels(made[[ID, AT, LABEL]])
    return log.read(2, **{**SEVERAL, **body})


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
def test_with_a_confidence_the_accuracy_of_several_classes_is_expected(tmp_path: Path, bend: float) -> None:
    """Of another mix than the reference's; what was expected is compared with what the labels say, of the same rows."""
    body = {"inference": {**SEVERAL["inference"], "columns": {**SEVERAL["inference"]["columns"], "score": "sure"}}}
    samples = told_of_classes(tmp_path / "calm", 3, [1.5, 1.0, 0.5], bend=bend, **body)
    expected, seen = (value(samples, each) for each in (catalogue.ACCURACY_ESTIMATED, catalogue.ACCURACY))
    assert expected == pytest.approx(seen, abs=0.03)
    gap, level = catalogue.ACCURACY_ESTIMATED_GAP, catalogue.ACCURACY_ESTIMATED_GAP_THRESHOLD
    assert abs(value(samples, gap)) < value(samples, level)
    assert not {each.metric for each in samples} & {catalogue.F1_SCORE_ESTIMATED, catalogue.RECALL_ESTIMATED}
    samples = told_of_classes(tmp_path / "drifted", 3, [1.5, 1.0, 0.5], mixed_up=0.4, bend=bend, **body)
    assert value(samples, gap) > value(samples, level)
    restarted = ScoredLog(tmp_path / "drifted").read(2, **{**SEVERAL, **body})
    assert value(restarted, gap) == value(samples, gap)


def test_answers_without_a_confidence_have_no_expected_accuracy(tmp_path: Path) -> None:
    metrics_told = {each.metric for each in told_of_classes(tmp_path, 3, [0.5, 0.5, 0.5])}
    assert catalogue.ACCURACY in metrics_told
    assert metrics_told.isdisjoint({catalogue.ACCURACY_ESTIMATED, catalogue.ACCURACY_ESTIMATED_GAP})


@pytest.mark.parametrize("seed", SEEDS)
def test_several_classes_that_come_to_other_ends_are_concept_drift(tmp_path: Path, seed: int) -> None:
    samples = told_of_classes(tmp_path, seed, [0.5, 0.5, 0.5], mixed_up=0.4)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    gap = value(samples, catalogue.AUROC_ESTIMATED_GAP)
    expected, seen = (value(samples, each) for each in (catalogue.AUROC_ESTIMATED, catalogue.AUROC))
    assert gap == pytest.approx(expected - seen, abs=0.03), "the two days are alike"


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
@pytest.mark.parametrize("mix", [[0.5, 0.5, 0.5], [1.5, 1.0, 0.5]], ids=["usual", "harder"])
@pytest.mark.parametrize("seed", SEEDS)
def test_another_mix_of_classes_that_come_to_the_same_ends_is_none(
    tmp_path: Path, seed: int, mix: list[float], bend: float
) -> None:
    samples = told_of_classes(tmp_path, seed, mix, bend=bend)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert abs(value(samples, catalogue.AUROC_ESTIMATED_GAP)) < value(samples, catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)


def test_a_restart_learns_the_same_of_several_classes_and_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = value(told_of_classes(tmp_path, 1, [0.5, 0.5, 0.5]), catalogue.AUROC_ESTIMATED)
    monkeypatch.setattr(Local, "profile", lambda *_: pytest.fail("the reference was read again"))
    assert value(ScoredLog(tmp_path).read(2, **SEVERAL), catalogue.AUROC_ESTIMATED) == before
