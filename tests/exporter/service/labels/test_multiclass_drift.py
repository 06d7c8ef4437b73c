"""Concept drift of multiclass models, and their estimates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.sources.stores.local import Local
from performance_samples import alarms, value
from scored_log import AT, ID, LABEL, ScoredLog, document, moments

ROWS = 4000
SEEDS = range(6)

CLASSES = {"cat": "p_cat", "cow": "p_cow", "dog": "p_dog"}
INFERENCE = document()["spec"]["inference"]
OWN = {name: column for name, column in INFERENCE["columns"].items() if name != "score"}
MULTICLASS: dict[str, Any] = {
    "task": "multiclass_classification",
    "inference": {**INFERENCE, "columns": {**OWN, "prediction": "animal", "scores": CLASSES}},
}


def animals(random: np.random.Generator, rows: int, mix: list[float], unrelated: float, bend: float) -> pd.DataFrame:
    """Predictions of the likeliest class; a share of the labels is independent of the scores."""
    chances, names = random.dirichlet(mix, rows), np.array([*CLASSES])
    truths = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    truths = np.where(random.random(rows) < unrelated, random.permutation(truths), truths)
    scores = chances**bend
    scores = scores / scores.sum(axis=1, keepdims=True)
    table = dict(zip(CLASSES.values(), scores.T, strict=True)) | {"sure": scores.max(axis=1)}
    return pd.DataFrame({**table, "animal": names[chances.argmax(axis=1)], LABEL: names[truths]})


def multiclass_samples(
    folder: Path, seed: int, mix: list[float], *, unrelated: float = 0.0, bend: float = 1.0, **body: Any
) -> list[Sample]:
    random, log = np.random.default_rng(seed), ScoredLog(folder)
    log.put_reference(animals(random, 4 * ROWS, [0.5, 0.5, 0.5], 0.0, bend))
    now = animals(random, 2 * ROWS, mix, unrelated, bend)
    made = now.assign(**{ID: np.arange(2 * ROWS), AT: moments(random, 2 * ROWS, 2)})
    log.put_predictions(made.drop(columns=LABEL))
    log.put_labels(made[[ID, AT, LABEL]])
    return log.read(2, **{**MULTICLASS, **body})


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
def test_with_a_confidence_the_accuracy_of_a_multiclass_model_is_estimated(tmp_path: Path, bend: float) -> None:
    """The mix is not the reference's; the estimate and the labels are of the same rows."""
    body = {
        "inference": {**MULTICLASS["inference"], "columns": {**MULTICLASS["inference"]["columns"], "score": "sure"}}
    }
    samples = multiclass_samples(tmp_path / "calm", 3, [1.5, 1.0, 0.5], bend=bend, **body)
    expected, seen = (value(samples, each) for each in (catalogue.ACCURACY_ESTIMATED, catalogue.ACCURACY))
    assert expected == pytest.approx(seen, abs=0.03)
    gap, level = catalogue.ACCURACY_ESTIMATED_GAP, catalogue.ACCURACY_ESTIMATED_GAP_THRESHOLD
    assert abs(value(samples, gap)) < value(samples, level)
    assert not {each.metric for each in samples} & {catalogue.F1_SCORE_ESTIMATED, catalogue.RECALL_ESTIMATED}
    samples = multiclass_samples(tmp_path / "drifted", 3, [1.5, 1.0, 0.5], unrelated=0.4, bend=bend, **body)
    assert value(samples, gap) > value(samples, level)
    restarted = ScoredLog(tmp_path / "drifted").read(2, **{**MULTICLASS, **body})
    assert value(restarted, gap) == value(samples, gap)


def test_without_a_confidence_there_is_no_estimated_accuracy(tmp_path: Path) -> None:
    computed = {each.metric for each in multiclass_samples(tmp_path, 3, [0.5, 0.5, 0.5])}
    assert catalogue.ACCURACY in computed
    assert computed.isdisjoint({catalogue.ACCURACY_ESTIMATED, catalogue.ACCURACY_ESTIMATED_GAP})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_classes_with_other_outcomes_are_concept_drift(tmp_path: Path, seed: int) -> None:
    samples = multiclass_samples(tmp_path, seed, [0.5, 0.5, 0.5], unrelated=0.4)
    assert catalogue.CONCEPT_DRIFT_ALERT.name in alarms(samples)
    gap = value(samples, catalogue.AUROC_ESTIMATED_GAP)
    expected, seen = (value(samples, each) for each in (catalogue.AUROC_ESTIMATED, catalogue.AUROC))
    assert gap == pytest.approx(expected - seen, abs=0.03), "the two days are alike"


@pytest.mark.parametrize("bend", [1.0, 0.5], ids=["probabilities", "scores that need calibration"])
@pytest.mark.parametrize("mix", [[0.5, 0.5, 0.5], [1.5, 1.0, 0.5]], ids=["usual", "harder"])
@pytest.mark.parametrize("seed", SEEDS)
def test_another_mix_of_classes_with_the_same_outcomes_is_no_concept_drift(
    tmp_path: Path, seed: int, mix: list[float], bend: float
) -> None:
    samples = multiclass_samples(tmp_path, seed, mix, bend=bend)
    assert catalogue.CONCEPT_DRIFT_ALERT.name not in alarms(samples)
    assert abs(value(samples, catalogue.AUROC_ESTIMATED_GAP)) < value(samples, catalogue.AUROC_ESTIMATED_GAP_THRESHOLD)


def test_a_restart_fits_the_same_multiclass_estimator_and_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = value(multiclass_samples(tmp_path, 1, [0.5, 0.5, 0.5]), catalogue.AUROC_ESTIMATED)
    monkeypatch.setattr(Local, "profile", lambda *_: pytest.fail("the reference was read again"))
    assert value(ScoredLog(tmp_path).read(2, **MULTICLASS), catalogue.AUROC_ESTIMATED) == before
