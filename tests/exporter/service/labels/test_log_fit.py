"""Estimators that are fitted on the log itself detect concept drift like those of a labelled data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.service.labels.log_fit import open_log_fit
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from labelled_weeks import estimated, weeks
from scored_log import AT, DAY, ID, LABEL, START, ScoredLog, after, document, moments

TRAILING: Final[dict[str, Any]] = {"reference": {"trailing": "2w"}}
PERIOD: Final[dict[str, Any]] = {"reference": {"period": {"from": "2026-03-02", "to": "2026-03-15"}}}


def alarms(samples: list[Sample]) -> bool:
    return catalogue.CONCEPT_DRIFT_ALERT in {found.alert for found in conditions(samples, {"24h"})}


def value(samples: list[Sample], metric: Metric) -> float:
    (found,) = [one.value for one in samples if one.metric == metric]
    return found


@pytest.mark.parametrize("reference", [TRAILING, PERIOD], ids=["trailing", "period"])
@pytest.mark.parametrize("task", ["binary_classification", "regression"])
def test_the_same_predictions_with_other_outcomes_are_concept_drift(
    tmp_path: Path, task: str, reference: dict[str, Any]
) -> None:
    """From their second mature day on: two weeks of days do not exclude that one differs as much."""
    weeks(tmp_path, 24, others_from=21, regression=task == "regression")
    reader = ScoredLog(tmp_path).reader(task=task, **reference)
    assert not alarms(reader.read(after(22)))
    assert alarms(reader.read(after(24)))


@pytest.mark.parametrize(
    ("metric", "reference", "excluded"),
    [
        (catalogue.CONCEPT_DRIFT, TRAILING, 2),
        (catalogue.BASE_RATE_SHIFT, TRAILING, 2),
        (catalogue.CALIBRATION_ERROR, TRAILING, 0),
        (catalogue.CONCEPT_DRIFT, PERIOD, 0),
    ],
)
def test_a_trailing_reference_excludes_weeks_in_which_outcomes_are_not_as_in_it(
    tmp_path: Path, metric: Metric, reference: dict[str, Any], excluded: int
) -> None:
    """A week until Wednesday touches two. Calibration is not compared with the reference's weeks."""
    spec = ModelSpec.model_validate(document(**reference, windows=["1d", "7d"], alerting={"windows": ["7d"]}))
    store, source = ProfileStore(tmp_path), Local("%Y-%m-%d.parquet", tmp_path)
    loaded, labels = LoadedSpec(tmp_path / "loans.yaml", spec), spec.spec.labels
    assert labels is not None
    fit = open_log_fit(loaded, labels, (source, source), store, lambda *_: None)
    assert fit is not None
    names = tuple("7d" if name == catalogue.WINDOW else "" for name in metric.labels)
    samples = [Sample(each, names, value) for each, value in ((metric, 2.0), (metric.threshold(), 1.0))]
    fit.exclude_alarming_week(samples, START + 16 * DAY)
    assert len(store.load_alarming_weeks("loans/outcomes")) == excluded


@pytest.mark.parametrize("reference", [TRAILING, PERIOD], ids=["trailing", "period"])
def test_classes_are_fitted_each_against_the_rest(tmp_path: Path, reference: dict[str, Any]) -> None:
    """The oracle is scikit-learn, on the labels of the newest day, which are not mature."""
    random, log, rows, names = np.random.default_rng(4), ScoredLog(tmp_path), 23 * 600, np.array(["cat", "cow", "dog"])
    chances = random.dirichlet([0.5, 0.5, 0.5], rows)
    truths = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    scores = dict(zip(["p_cat", "p_cow", "p_dog"], chances.T, strict=True))
    made = pd.DataFrame({ID: np.arange(rows), AT: moments(random, rows, 23), **scores})
    answers = chances.argmax(axis=1)
    made = made.assign(animal=names[answers], sure=chances.max(axis=1), **{LABEL: names[truths]})
    log.put_predictions(made.drop(columns=LABEL))
    log.put_labels(made[[ID, AT, LABEL]])
    inference = document()["spec"]["inference"]
    columns = {
        **inference["columns"],
        "score": "sure",
        "prediction": "animal",
        "scores": dict(zip(names.tolist(), scores, strict=True)),
    }
    samples = log.read(23, task="multiclass_classification", inference={**inference, "columns": columns}, **reference)
    newest = (made[AT] >= made[AT].max().normalize()).to_numpy()
    exact = metrics.roc_auc_score(truths[newest], chances[newest], multi_class="ovr")
    assert value(samples, catalogue.AUROC_ESTIMATED) == pytest.approx(exact, abs=0.03)
    right = metrics.accuracy_score(truths[newest], answers[newest])
    assert value(samples, catalogue.ACCURACY_ESTIMATED) == pytest.approx(right, abs=0.05)
    assert not alarms(samples)
    told = {"task": "multiclass_classification", "inference": {**inference, "columns": columns}, **reference}
    again = log.read(23, **told)
    for metric in (catalogue.AUROC_ESTIMATED, catalogue.ACCURACY_ESTIMATED):
        assert value(again, metric) == value(samples, metric), "after a restart"


def test_without_a_score_in_the_log_nothing_is_fitted(tmp_path: Path) -> None:
    """Every score is null, so the reference has no bins of them."""
    weeks(tmp_path, 9)
    for path in (tmp_path / "predictions").glob("*"):
        pd.read_parquet(path).assign(score=np.nan).to_parquet(path, index=False)
    assert estimated(ScoredLog(tmp_path).read(9, **TRAILING)) == {}
