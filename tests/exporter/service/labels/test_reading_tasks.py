"""Label metrics of every task: each equals what scikit-learn computes from the rows themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.demo.simulation import INFERENCE, REFERENCE, inference_hour
from exporter.service.attempt import Attempt
from simulated_log import (
    END,
    HOUR,
    MATURITY,
    NOW,
    START,
    THRESHOLD,
    WORLD,
    document,
    label_gauges,
    label_hour,
    mature,
    put_labels,
    reader,
)


def test_every_gauge_equals_what_scikit_learn_computes_from_the_rows(written: Path) -> None:
    found = label_gauges(reader(written).read(Attempt(NOW)))
    rows = mature(24)
    known = rows[rows["labelled_at"].notna()]
    y, p = known["is_fraud"].astype(int), known["predicted_score"]
    decided = p >= THRESHOLD
    exact = {
        catalogue.LABEL_ROWS: len(known),
        catalogue.LABEL_COVERAGE_RATIO: len(known) / len(rows),
        catalogue.F1_SCORE: metrics.f1_score(y, decided),
        catalogue.PRECISION: metrics.precision_score(y, decided),
        catalogue.RECALL: metrics.recall_score(y, decided),
        catalogue.ACCURACY: metrics.accuracy_score(y, decided),
        catalogue.LOG_LOSS: metrics.log_loss(y, p),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(y, p),
    }
    assert {metric: found[metric, ("v3", "24h")] for metric in exact} == pytest.approx(exact)
    assert found[catalogue.AUROC, ("v3", "24h")] == pytest.approx(metrics.roc_auc_score(y, p), abs=0.002)
    delays = (known["labelled_at"] - known["event_time"]).dt.total_seconds()
    for percent in (50, 90, 99):
        exact_delay = np.quantile(delays, percent / 100, method="inverted_cdf")
        assert found[catalogue.LABEL_DELAY_SECONDS, ("24h", str(percent))] == pytest.approx(exact_delay, rel=0.0105)
    assert 0.4 < len(known) / len(rows) < 1, "some labels are not there, and are no negatives"


def test_the_newest_windows_have_metrics_of_the_labels_that_have_arrived(written: Path) -> None:
    """Labels take a day in the median, and are there of the newest day only for those that came soon."""
    found = label_gauges(reader(written, thresholds={"min_rows": 2}).read(Attempt(NOW)))
    for window in ("1h", "24h"):
        assert 0 <= found[catalogue.LABEL_REPRESENTED_RATIO, ("v3", window)] <= 1
    newest = mature(24, END)
    early = newest["labelled_at"].notna()
    assert 0.05 < early.mean() < 0.5
    assert 0 < found[catalogue.LABEL_EFFECTIVE_ROWS, ("v3", "24h")] <= early.sum()


def test_a_regression_has_errors(folder: Path) -> None:
    found = label_gauges(reader(folder, task="regression").read(Attempt(NOW)))
    rows = mature(24).dropna(subset=["labelled_at"])
    exact = metrics.root_mean_squared_error(rows["is_fraud"].astype(float), rows["predicted_score"])
    assert found[catalogue.RMSE, ("v3", "24h")] == pytest.approx(exact)


def test_classes_are_matched_by_name_however_each_log_stores_them(folder: Path) -> None:
    """The log has whole numbers, labels have floats and, in an hour, texts."""
    for path in (folder / "inference").iterdir():
        rows = pd.read_parquet(path)
        score = rows["predicted_score"]
        rows.assign(kind=(score > THRESHOLD).astype(int) + (score > 0.3), p1=score, p0=1 - score).to_parquet(path)
    for start in (START + hour * HOUR for hour in range(54)):
        rows = label_hour(folder, start)
        kinds = rows["is_fraud"].astype(float)
        put_labels(folder, start, rows.assign(is_fraud=kinds.astype(int).astype(str) if start.hour == 9 else kinds))
    inference = document()["spec"]["inference"]
    columns = {name: column for name, column in inference["columns"].items() if name != "score"}
    own = {**columns, "prediction": "kind", "scores": {"1": "p1", "0": "p0"}}
    body = {"task": "multiclass_classification", "inference": {**inference, "columns": own}}
    shutil.copy(folder / (END - HOUR).strftime(INFERENCE), folder / REFERENCE)
    samples = reader(folder, **body).read(Attempt(NOW))
    known = mature(24).dropna(subset=["labelled_at"])
    truths, scores = known["is_fraud"].astype(int), known["predicted_score"]
    returned = (scores > THRESHOLD).astype(int) + (scores > 0.3)
    found = label_gauges(samples)
    exact = {
        catalogue.ACCURACY: metrics.accuracy_score(truths, returned),
        catalogue.LOG_LOSS: metrics.log_loss(truths, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truths, scores),
    }
    assert {metric: found[metric, ("v3", "24h")] for metric in exact} == pytest.approx(exact)
    assert found[catalogue.AUROC, ("v3", "24h")] == pytest.approx(metrics.roc_auc_score(truths, scores), abs=0.01)
    assert found[catalogue.CLASS_RECALL, ("v3", "0", "24h")] == pytest.approx(
        metrics.recall_score(truths, returned, labels=[0], average="macro")
    )
    assert found[catalogue.CLASS_LABEL_ROWS, ("v3", "2", "24h")] == 0, "returned, and never true"


def test_a_ranking_is_evaluated_list_by_list(folder: Path) -> None:
    for path in (folder / "inference").iterdir():
        rows = pd.read_parquet(path)
        rows.assign(basket=np.arange(len(rows)) // 4).to_parquet(path)
    inference = document()["spec"]["inference"]
    body = {"task": "ranking", "inference": {**inference, "columns": {**inference["columns"], "query": "basket"}}}
    labels_ = {**document()["spec"]["labels"], "absent": 0}
    found = label_gauges(reader(folder, labels=labels_, thresholds={"min_rows": 10}, **body).read(Attempt(NOW)))
    gains = []
    for hour in range(24):
        rows = mature(1, END - MATURITY - hour * HOUR)
        made = inference_hour(WORLD, END - MATURITY - (hour + 1) * HOUR)
        rows = made.merge(rows[["request_id", "is_fraud"]], on="request_id", how="left")
        for _, own in rows.groupby(np.arange(len(rows)) // 4):
            relevance = own["is_fraud"].eq(True).to_numpy(float)
            if len(own) > 1 and relevance.any():
                gains.append(metrics.ndcg_score([relevance], [own["predicted_score"]]))
    assert found[catalogue.NDCG_LISTS, ("v3", "24h")] == len(gains) > 10
    assert found[catalogue.NDCG, ("v3", "24h")] == pytest.approx(np.mean(gains))
