from __future__ import annotations

from typing import Any

import pytest

from examples import BODY, RECEIVERS, model
from exporter.spec.solved import with_rate
from generator.notes import notes

RECEIVING = {"page": {"webhook": RECEIVERS["webhook"]}, "ticket": {"slack": RECEIVERS["slack"]}}
SEASONAL = {"source": {"local": "reference.parquet"}, "columns": {"timestamp": "event_time", "label": "fraud"}}
UNLABELLED = SEASONAL | {"columns": {"timestamp": "event_time"}}
INFERENCE = BODY["inference"]


def test_a_spec_that_leaves_nothing_open_has_none() -> None:
    assert notes(model(alerting=RECEIVING, reference=SEASONAL).spec) == ()


@pytest.mark.parametrize(
    ("alerting", "note"),
    [
        ({}, "spec.alerting: neither page nor ticket"),
        ({"ticket": RECEIVING["ticket"]}, "spec.alerting.page: not set: critical alerts"),
        ({"page": RECEIVING["page"]}, "spec.alerting.ticket: not set: warnings"),
    ],
)
def test_alerts_without_a_receiver_have_a_note(alerting: dict[str, Any], note: str) -> None:
    (only,) = notes(model(alerting=alerting, reference=SEASONAL).spec)
    assert only.startswith(note)


@pytest.mark.parametrize(
    ("metadata", "body", "path"),
    [
        ({"runbooks": None}, {}, "metadata.runbooks"),
        ({"grafana": None}, {}, "metadata.grafana"),
        (
            {},
            {"inference": INFERENCE | {"columns": {"prediction": "decision"}}, "labels": None, "slos": []},
            "spec.inference.columns.score",
        ),
        ({}, {"inference": INFERENCE | {"columns": {"score": "score"}}}, "spec.inference.columns.prediction"),
        ({}, {"reference": BODY["reference"]}, "spec.reference.columns.timestamp"),
        ({}, {"reference": SEASONAL | {"columns": {"timestamp": "event_time"}}}, "spec.reference.columns.label"),
    ],
)
def test_keys_that_are_not_set_have_a_note(metadata: dict[str, Any], body: dict[str, Any], path: str) -> None:
    (only,) = notes(model(metadata, **({"alerting": RECEIVING, "reference": SEASONAL} | body)).spec)
    assert only.startswith(f"{path}: not set: ")


@pytest.mark.parametrize(("prometheus", "notes_expected"), [({}, 1), ({"url": "http://prometheus:9090"}, 0)])
def test_promql_without_the_address_of_prometheus_has_a_note(prometheus: dict[str, Any], notes_expected: int) -> None:
    proxies = [{"name": "conversion", "promql": "sum(orders)"}]
    body = {"alerting": RECEIVING, "reference": SEASONAL, "proxies": proxies, "prometheus": prometheus}
    found = notes(model(**body).spec)
    assert [note.startswith("spec.prometheus.url: not set: ") for note in found] == [True] * notes_expected


def test_only_a_classifier_needs_a_class_column() -> None:
    scored = {"inference": INFERENCE | {"columns": {"score": "score"}}, "alerting": RECEIVING, "reference": SEASONAL}
    assert notes(model(task="regression", **scored).spec) == ()


@pytest.mark.parametrize(("scores", "notes_expected"), [({"a": "p_a", "b": "p_b"}, 1), ({}, 0)])
def test_labels_of_the_reference_are_recommended_only_where_they_are_used(
    scores: dict[str, str], notes_expected: int
) -> None:
    columns = {"prediction_id": "id", "prediction": "decision", "score": "score", "scores": scores}
    several = {"task": "multiclass_classification", "inference": INFERENCE | {"columns": columns}, "slos": []}
    found = notes(model(alerting=RECEIVING, reference=UNLABELLED, **several).spec)
    assert [note.startswith("spec.reference.columns.label: not set: ") for note in found] == [True] * notes_expected
    found = notes(model(alerting=RECEIVING, reference=SEASONAL, **several).spec)
    needs = "spec.reference.columns.label: not read: inference.columns.scores is not set"
    assert [note.startswith(needs) for note in found] == [True] * (1 - notes_expected)


def test_labels_of_a_ranking_s_reference_are_not_read() -> None:
    columns = {"prediction_id": "id", "score": "score", "query": "request"}
    found = notes(
        model(
            alerting=RECEIVING, reference=SEASONAL, task="ranking", inference=INFERENCE | {"columns": columns}, slos=[]
        ).spec
    )
    (only,) = [note for note in found if "reference" in note]
    assert only.startswith("spec.reference.columns.label: not read: rankings have no estimates")


COLUMNS = {"prediction_id": "id", "label": "label"}
TABLE = {"bigquery": "project-one.set.table"}


@pytest.mark.parametrize(
    "body",
    [
        {"seasonality": {"season": "weekend", "holidays": {"dates": ["2026-12-25"]}}},
        {"thresholds": {"drift_share": {"floor": 0.2, "weekdays": {"sunday": 0.3}}}},
        {"segments": ["country_code"]},
        {"inference": INFERENCE | {"columns": {**INFERENCE["columns"], "role": "role"}}},
        {"labels": {"source": {"local": "labels"}, "columns": COLUMNS}},
        {"labels": {"source": {"local": "labels"}, "columns": COLUMNS}, "task": "regression"},
        {
            "labels": {"source": {"local": "labels"}, "columns": COLUMNS},
            "task": "multiclass_classification",
            "reference": UNLABELLED,
        },
        {
            "reference": {"trailing": "4w"},
            "inference": INFERENCE | {"columns": {**INFERENCE["columns"], "timestamp": "at"}},
        },
        {
            "reference": UNLABELLED,
            "labels": {"source": {"local": "labels"}, "columns": COLUMNS},
            "inference": INFERENCE | {"columns": {"prediction_id": "id", "score": "score", "query": "request"}},
            "task": "ranking",
        },
        {"inference": INFERENCE | {"source": TABLE}, "reference": SEASONAL | {"source": TABLE}},
        {"labels": {"source": TABLE | {"partition_column": "arrived_at"}, "columns": COLUMNS}},
    ],
)
def test_keys_that_are_evaluated_have_no_note(body: dict[str, Any]) -> None:
    assert notes(model(**({"alerting": RECEIVING, "reference": SEASONAL} | body)).spec) == ()


def test_a_false_alarm_budget_has_a_note_until_a_backtest_has_solved_it() -> None:
    spec = model(alerting=RECEIVING | {"false_alarms": {"pages_per_month": 1}}, reference=SEASONAL).spec
    (note,) = notes(spec)
    assert note.startswith("spec.alerting.false_alarms: not solved yet: run leeway backtest")
    assert notes(with_rate(spec, 1e-5)) == ()
