from __future__ import annotations

from typing import Any

import pytest

from exporter import catalogue
from exporter.catalogue import AUROC_CI_UPPER, CALIBRATION_ERROR, LABEL_ROWS
from exporter.retraining.gate import Verdict, evaluate_gate
from exporter.retraining.notification import read
from exporter.spec.model import ModelSpec
from retraining import GATE, body, firing, retrained

LOSS, LABELS = AUROC_CI_UPPER.name, LABEL_ROWS.name
SELECTOR = '{model="fraud",env="prod",window="7d",version="v3",segment=""}'


def verdict(values: dict[str, float], *alerts: Any, **gate: Any) -> Verdict:
    """What the gate says when Prometheus knows these values, by metric."""
    spec: ModelSpec = retrained(gate=gate or GATE).spec
    retrain = spec.spec.alerting.retrain
    assert retrain is not None
    assert retrain.gate is not None

    def query_value(query: str) -> float | None:
        return next((value for name, value in values.items() if f"({name}{{" in query), None)

    return evaluate_gate(spec, retrain.gate, read(body(*(alerts or (firing("a"),)))), query_value)


@pytest.mark.parametrize(
    ("loss", "labels", "opens"),
    [
        (0.90, 1000, True),
        (0.9099, 5000, True),
        (0.91, 1000, False),  # not below
        (0.95, 1000, False),
        (0.90, 999, False),
        (0.90, None, False),
        (None, 1000, False),
        (None, None, False),
    ],
)
def test_the_gate_opens_for_drift_with_a_loss_and_labels(loss: float | None, labels: float | None, opens: bool) -> None:
    known = {LOSS: loss, LABELS: labels}
    assert verdict({name: value for name, value in known.items() if value is not None}).open is opens


def test_without_drift_the_gate_stays_closed() -> None:
    closed = verdict({LOSS: 0.5, LABELS: 5000}, firing("a", layer="score"))
    assert closed == Verdict(open=False, results=("no alert reports drift",))


def test_a_verdict_lists_the_results() -> None:
    assert str(verdict({LOSS: 0.95, LABELS: 1200})) == (
        "MLDataDriftHigh reports drift; ml_auroc_ci_upper is 0.95, not < 0.91; ml_auroc_estimated has no value;"
        " ml_label_rows is 1200 >= 1000"
    )
    assert "ml_auroc_ci_upper has no value" in str(verdict({}))


def test_a_metric_is_compared_by_the_better_end_of_its_interval_or_its_value() -> None:
    gate = {"metric": "log_loss", "at_most": 0.5, "window": "7d"}
    lower = catalogue.LOG_LOSS_CI_LOWER.name
    assert verdict({lower: 0.51, LABELS: 1000}, **gate).open
    assert not verdict({lower: 0.5, LABELS: 1000}, **gate).open
    gate = {"metric": "calibration_error", "at_most": 0.05, "window": "7d"}
    assert verdict({CALIBRATION_ERROR.name: 0.06, LABELS: 1000}, **gate).open


def test_an_estimated_loss_opens_the_gate() -> None:
    estimated = catalogue.AUROC_ESTIMATED.name
    assert verdict({LOSS: 0.95, estimated: 0.9, LABELS: 1000}).open
    assert not verdict({LOSS: 0.95, estimated: 0.92, LABELS: 1000}).open


def test_queries_select_the_series_of_the_model_and_count_replicas_once() -> None:
    queries: list[str] = []
    spec = retrained().spec
    gate = spec.spec.alerting.retrain.gate  # type: ignore[union-attr]
    assert gate is not None

    def query_value(query: str) -> None:
        queries.append(query)

    evaluate_gate(spec, gate, read(body(firing("a"))), query_value)
    replicas = "instance, pod, endpoint, container"
    assert f"max(max without ({replicas}) ({LOSS}{SELECTOR}))" in queries
    assert queries[-1] == f"min(max without ({replicas}) ({LABELS}{SELECTOR}))"


def test_queries_exclude_challengers() -> None:
    queries: list[str] = []
    document = retrained().spec.model_dump(mode="json", by_alias=True)
    document["spec"]["inference"]["columns"]["role"] = "role"
    spec = ModelSpec.model_validate(document)
    gate = spec.spec.alerting.retrain.gate  # type: ignore[union-attr]
    assert gate is not None

    def query_value(query: str) -> None:
        queries.append(query)

    evaluate_gate(spec, gate, read(body(firing("a"))), query_value)
    assert queries
    assert all('role!="challenger"' in query for query in queries)
