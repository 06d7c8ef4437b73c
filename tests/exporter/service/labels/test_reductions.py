from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.service.labels.reductions import evaluation_of, label_reduction, prediction_reduction
from exporter.spec.model import ModelSpec
from spec_parts import document

LABELS = {
    "source": {"local": "labels/%Y-%m-%dT%H.parquet"},
    "columns": {"prediction_id": "ref", "label": "paid"},
    "threshold": 0.25,
    "ndcg_at": 5,
    "absent": 0,
}
EDGES = np.array([0.5])
BINNING = Binning((NumericBins("score", EDGES, np.zeros(0, np.int64), 0.0), CategoricalBins("plan", ("a", "b"))))


def spec(task: str = "binary_classification", **columns: object) -> ModelSpec:
    log = {
        "source": {"local": "log/%Y-%m-%dT%H.parquet"},
        "columns": {"score": "score", "prediction_id": "id", "prediction": "answer", "query": "list", **columns},
    }
    return ModelSpec.model_validate(document(task=task, inference=log, labels=LABELS, segments=["plan"]))


def test_a_classifier_has_a_threshold_and_the_bins_of_the_reference() -> None:
    model = spec()
    assert model.spec.labels is not None
    unknown, known = (evaluation_of(model, model.spec.labels, binning) for binning in (None, BINNING))
    assert (known.binary, known.threshold, known.edges, known.classes, known.lists) == (True, 0.25, EDGES, None, None)
    assert (unknown.edges, unknown.segments) == (None, {}), "the reference has not been read"
    assert known.segments == {"plan": ("a", "b")}


def test_a_score_that_the_reference_has_as_texts_has_no_bins() -> None:
    model = spec(score="plan")
    assert model.spec.labels is not None
    assert evaluation_of(model, model.spec.labels, BINNING).edges is None


@pytest.mark.parametrize(("task", "classes", "lists"), [("multiclass_classification", 2, None), ("ranking", None, 5)])
def test_each_task_is_evaluated_by_what_it_answers(task: str, classes: int | None, lists: int | None) -> None:
    model = spec(task, scores={"a": "score", "b": "missing"} if classes else {})
    assert model.spec.labels is not None
    found = evaluation_of(model, model.spec.labels, BINNING)
    assert (len(found.classes.edges) if found.classes else None) == classes
    assert (found.lists.depth if found.lists else None) == lists


def test_other_columns_tasks_or_look_backs_are_read_again() -> None:
    model = spec()
    assert model.spec.labels is not None
    shapes = [label_reduction(model, model.spec.labels, timedelta(days=days)).content for days in (1, 2, 1)]
    assert shapes[0] == shapes[2] != shapes[1]
    assert prediction_reduction(model).content != prediction_reduction(spec(score="other")).content
    assert prediction_reduction(model).content != prediction_reduction(spec("regression")).content
