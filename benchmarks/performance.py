"""Comparison of the exporter's performance metrics with scikit-learn's, on a million labelled rows of every task.

The rows are processed like partitions of predictions with labels, in 24 parts that are added up. The AUROC is computed
from fine bins and may differ by 0.001; all other values must agree to nine digits. Exits with 1 if they do not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.evaluation import Classes, Evaluation, Lists
from exporter.labels.join import KnownLabels
from exporter.labels.outcomes import outcomes, total
from exporter.labels.predictions import Predictions
from exporter.profiles.binning import numeric_bins
from exporter.profiles.group import Group
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import Task

Floats = npt.NDArray[np.float64]
Values = dict[Metric, float]

PARTS, THRESHOLD, ITEMS = 24, 0.3, 10
NAMES = ("cat", "cow", "dog", "eel")
COLUMNS: dict[str, dict[str, Any]] = {
    "multiclass_classification": {"prediction": "animal", "scores": {name: f"p_{name}" for name in NAMES}},
    "ranking": {"score": "score", "query": "request"},
}


def exporter_values(task: Task, evaluation: Evaluation, truths: Floats, **outputs: Any) -> Values:
    """Return the exporter's metrics of predictions and their labels, counted in parts."""
    columns = {"prediction_id": "id", **COLUMNS.get(task, {"score": "score"})}
    labels = {"source": {"local": "labels-%Y%m%d%H"}, "columns": {"prediction_id": "id", "label": "label"}}
    body = {
        "task": task,
        "inference": {"source": {"local": "%Y%m%d%H"}, "columns": columns},
        "labels": labels,
        "reference": {"source": {"local": "reference"}},
        "features": [{"name": "age", "type": "numeric"}],
    }
    document = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "model"}, "spec": body}
    window = MatureWindow("24h", datetime(2026, 11, 1, tzinfo=UTC), total(_parts(evaluation, truths, outputs)))
    samples = label_samples(ModelSpec.model_validate(document), [window], {}, NAMES)
    return {sample.metric: sample.value for sample in samples if sample.labels[:3] == ("model", "v", "24h")}


def _parts(evaluation: Evaluation, truths: Floats, outputs: dict[str, Any]) -> Iterator[Any]:
    cuts = np.linspace(0, len(truths) // ITEMS, PARTS + 1).astype(int) * ITEMS
    for start, end in pairwise(cuts.tolist()):
        rows, zeros = end - start, np.zeros(end - start, np.int64)
        own = {name: values[start:end] for name, values in outputs.items()}
        made = Predictions(
            ids=np.arange(rows, dtype=np.uint64),
            made_at=zeros,
            groups=zeros.astype(np.int8),
            names=(Group("v"),),
            left_out={},
            **own,
        )
        known = KnownLabels(truths[start:end], zeros + 10**6, np.ones(rows, np.int32), np.zeros(rows, bool))
        yield outcomes(made, known, evaluation)


def edges_of(scores: Floats) -> Floats:
    sample = np.sort(scores)
    return numeric_bins("score", sample, sample[0], sample[-1], 0.0).edges


def binary(random: np.random.Generator, rows: int) -> tuple[Values, Values]:
    scores = random.beta(1, 4, rows)
    truths = (random.random(rows) < scores).astype(np.float64)
    decided = scores >= THRESHOLD
    evaluation = Evaluation(binary=True, threshold=THRESHOLD, edges=edges_of(random.beta(1, 4, 200_000)))
    return exporter_values("binary_classification", evaluation, truths, scores=scores), {
        catalogue.AUROC: metrics.roc_auc_score(truths, scores),
        catalogue.F1_SCORE: metrics.f1_score(truths, decided),
        catalogue.PRECISION: metrics.precision_score(truths, decided),
        catalogue.RECALL: metrics.recall_score(truths, decided),
        catalogue.ACCURACY: metrics.accuracy_score(truths, decided),
        catalogue.LOG_LOSS: metrics.log_loss(truths, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truths, scores),
    }


def multiclass(random: np.random.Generator, rows: int) -> tuple[Values, Values]:
    shape = [0.3, 0.6, 1, 1.5]
    scores = random.dirichlet(shape, rows)
    truths = (random.random((rows, 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(max=len(shape) - 1)
    returned, keys = scores.argmax(axis=1), class_keys(NAMES)
    edges = tuple(edges_of(column) for column in random.dirichlet(shape, 200_000).T)
    evaluation = Evaluation(binary=False, threshold=THRESHOLD, edges=None, classes=Classes(keys, edges))
    outputs = {"scores": scores.max(axis=1), "classes": keys[returned], "class_scores": scores}
    return exporter_values("multiclass_classification", evaluation, keys[truths], **outputs), {
        catalogue.AUROC: metrics.roc_auc_score(truths, scores, multi_class="ovr"),
        catalogue.F1_SCORE: metrics.f1_score(truths, returned, average="macro"),
        catalogue.PRECISION: metrics.precision_score(truths, returned, average="macro"),
        catalogue.RECALL: metrics.recall_score(truths, returned, average="macro"),
        catalogue.ACCURACY: metrics.accuracy_score(truths, returned),
        catalogue.LOG_LOSS: metrics.log_loss(truths, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truths, scores, scale_by_half=True),
    }


def regression(random: np.random.Generator, rows: int) -> tuple[Values, Values]:
    truths = random.lognormal(3, 1, rows)
    scores = truths * random.lognormal(0, 0.2, rows)
    evaluation = Evaluation(binary=False, threshold=THRESHOLD, edges=None)
    return exporter_values("regression", evaluation, truths, scores=scores), {
        catalogue.RMSE: metrics.root_mean_squared_error(truths, scores),
        catalogue.MAE: metrics.mean_absolute_error(truths, scores),
    }


def ranking(random: np.random.Generator, rows: int) -> tuple[Values, Values]:
    """Rank lists of ten with ties and at least one relevant item each."""
    lists = rows // ITEMS
    relevances = random.integers(0, 4, (lists, ITEMS)).astype(np.float64)
    relevances[:, 0] += 1
    scores = np.round(relevances + random.normal(0, 2, (lists, ITEMS)))
    evaluation = Evaluation(binary=False, threshold=THRESHOLD, edges=None, lists=Lists(5, None))
    queries = np.repeat(np.arange(lists, dtype=np.uint64), ITEMS)
    return exporter_values("ranking", evaluation, relevances.ravel(), scores=scores.ravel(), queries=queries), {
        catalogue.NDCG: metrics.ndcg_score(relevances, scores, k=5)
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="labelled rows of each task")
    options = parser.parse_args()
    random, ok = np.random.default_rng(1), True
    table = Table(box=box.MARKDOWN)
    for column in ("task", "value", "Leeway", "scikit-learn", "difference"):
        table.add_column(column)
    for task in (binary, multiclass, regression, ranking):
        computed, exact = task(random, options.rows)
        for metric, value in exact.items():
            difference = abs(computed[metric] - value)
            ok &= difference <= (0.001 if metric is catalogue.AUROC else 1e-9 * max(value, 1))
            cells = (f"{computed[metric]:.9f}", f"{value:.9f}", f"{difference:.1e}")
            table.add_row(task.__name__, metric.name, *cells)
    Console(width=120).print(table)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
