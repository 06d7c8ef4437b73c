from __future__ import annotations

from typing import Any

import pytest

from examples import BODY, RECEIVERS, model
from exporter.spec.solved import with_rate
from generator.notes import notes

TOLD = {"page": {"webhook": RECEIVERS["webhook"]}, "ticket": {"slack": RECEIVERS["slack"]}}
SEASONAL = {"source": {"local": "reference.parquet"}, "columns": {"timestamp": "event_time"}}
INFERENCE = BODY["inference"]
LATER = "accepted, not evaluated yet"


def test_a_spec_that_leaves_nothing_open_has_none() -> None:
    assert notes(model(alerting=TOLD, reference=SEASONAL).spec) == ()


@pytest.mark.parametrize(
    ("alerting", "note"),
    [
        ({}, "spec.alerting: neither page nor ticket"),
        ({"ticket": TOLD["ticket"]}, "spec.alerting.page: not set: critical alerts"),
        ({"page": TOLD["page"]}, "spec.alerting.ticket: not set: warnings"),
    ],
)
def test_alerts_that_nobody_hears_are_told(alerting: dict[str, Any], note: str) -> None:
    (only,) = notes(model(alerting=alerting, reference=SEASONAL).spec)
    assert only.startswith(note)


@pytest.mark.parametrize(
    ("metadata", "body", "path"),
    [
        ({"runbooks": None}, {}, "metadata.runbooks"),
        ({"grafana": None}, {}, "metadata.grafana"),
        (
            {},
            {"inference": INFERENCE | {"columns": {"prediction": "decision"}}, "labels": None},
            "spec.inference.columns.score",
        ),
        ({}, {"inference": INFERENCE | {"columns": {"score": "score"}}}, "spec.inference.columns.prediction"),
        ({}, {"reference": BODY["reference"]}, "spec.reference.columns.timestamp"),
    ],
)
def test_what_a_spec_leaves_out_is_told(metadata: dict[str, Any], body: dict[str, Any], path: str) -> None:
    (only,) = notes(model(metadata, **({"alerting": TOLD, "reference": SEASONAL} | body)).spec)
    assert only.startswith(f"{path}: not set: ")


def test_only_a_classifier_is_asked_for_its_classes() -> None:
    scored = {"inference": INFERENCE | {"columns": {"score": "score"}}, "alerting": TOLD, "reference": SEASONAL}
    assert notes(model(task="regression", **scored).spec) == ()


COLUMNS = {"prediction_id": "id", "label": "label"}
ARGO = {"url": "https://argo.example.com", "namespace": "ml", "event": "drift", "template": "retrain"}
TABLE = {"bigquery": "project-one.set.table"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"labels": {"source": {"local": "labels"}, "columns": COLUMNS}, "task": "ranking"}, "spec.labels"),
        ({"slos": [{"name": "auroc", "metric": "auroc", "at_least": 0.9, "objective": 0.9}]}, "spec.slos"),
        ({"segments": ["country_code"]}, "spec.segments"),
        (
            {"inference": INFERENCE | {"columns": {**INFERENCE["columns"], "role": "role"}}},
            "spec.inference.columns.role",
        ),
        ({"alerting": TOLD | {"retrain": {"argo": ARGO}}}, "spec.alerting.retrain"),
        ({"reference": SEASONAL | {"source": {"local": "train-{version}.parquet"}}}, "spec.reference.source"),
    ],
)
def test_what_a_spec_asks_for_and_does_not_get_yet_is_told(body: dict[str, Any], path: str) -> None:
    assert notes(model(**({"alerting": TOLD, "reference": SEASONAL} | body)).spec) == (f"{path}: {LATER}",)


@pytest.mark.parametrize(
    "body",
    [
        {"seasonality": {"season": "weekend", "holidays": {"dates": ["2026-12-25"]}}},
        {"thresholds": {"drift_share": {"floor": 0.2, "weekdays": {"sunday": 0.3}}}},
        {"labels": {"source": {"local": "labels"}, "columns": COLUMNS}},
        {"labels": {"source": {"local": "labels"}, "columns": COLUMNS}, "task": "regression"},
        {"inference": INFERENCE | {"source": TABLE}, "reference": SEASONAL | {"source": TABLE}},
        {"labels": {"source": TABLE | {"partition_column": "arrived_at"}, "columns": COLUMNS}},
    ],
)
def test_of_what_is_evaluated_nothing_is_said(body: dict[str, Any]) -> None:
    assert notes(model(**({"alerting": TOLD, "reference": SEASONAL} | body)).spec) == ()


def test_a_false_alarm_budget_asks_for_a_backtest_until_one_has_solved_it() -> None:
    spec = model(alerting=TOLD | {"false_alarms": {"pages_per_month": 1}}, reference=SEASONAL).spec
    (note,) = notes(spec)
    assert note.startswith("spec.alerting.false_alarms: not solved yet: run leeway backtest")
    assert notes(with_rate(spec, 1e-5)) == ()
