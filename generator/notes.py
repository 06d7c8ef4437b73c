"""Notes on a valid spec: alerts without a receiver, and what is not watched."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import CLASSIFICATION, SINGLE_SCORE_TASKS


def notes(spec: ModelSpec) -> tuple[str, ...]:
    """Return the notes, each a key path with a remark: `spec.alerting.page: not set: …`."""
    return (*_alerting_notes(spec), *_column_notes(spec), *_prometheus_notes(spec))


def _alerting_notes(spec: ModelSpec) -> Iterator[str]:
    alerting = spec.spec.alerting
    if alerting.page is None and alerting.ticket is None:
        yield "spec.alerting: neither page nor ticket is set: alerts go to Alertmanager's default receiver"
    elif alerting.page is None:
        yield "spec.alerting.page: not set: critical alerts go to Alertmanager's default receiver"
    elif alerting.ticket is None:
        yield "spec.alerting.ticket: not set: warnings go to Alertmanager's default receiver"
    if alerting.retrain is not None and alerting.retrain.hook is None:
        yield (
            "spec.alerting.retrain.hook: not set: Alertmanager calls Argo directly: no gate is evaluated, and a long"
            " incident starts another retraining every five days"
        )
    if spec.metadata.runbooks is None:
        yield (
            "metadata.runbooks: not set: alerts do not link to a runbook, unless generator.yaml has exporter.url:"
            " the exporter serves them"
        )
    if alerting.false_alarms is not None and "false_positive_rate" not in spec.spec.thresholds.model_fields_set:
        yield "spec.alerting.false_alarms: not solved yet: run leeway backtest, and keep the file that it writes"
    if spec.metadata.grafana is None:
        yield "metadata.grafana: not set: notifications do not link to the dashboard, unless generator.yaml has grafana"


def _column_notes(spec: ModelSpec) -> Iterator[str]:
    body = spec.spec
    if body.inference.columns.score is None:
        yield "spec.inference.columns.score: not set: only the model's inputs are watched, not its scores"
    if body.task in CLASSIFICATION and body.class_column is None:
        yield "spec.inference.columns.prediction: not set: the share of each predicted class is not watched"
    if body.reference.source is not None and body.reference.columns.timestamp is None:
        yield (
            "spec.reference.columns.timestamp: not set: the reference has no seasons: an ordinary Saturday may look"
            " like drift, and thresholds do not include the variation between weeks"
        )
    if body.reference.columns.label is not None and body.task not in SINGLE_SCORE_TASKS and not body.estimated:
        why = "rankings have no estimates" if body.task == "ranking" else "inference.columns.scores is not set"
        yield f"spec.reference.columns.label: not read: {why}: performance is not estimated before labels arrive"
    estimable = body.task in SINGLE_SCORE_TASKS or body.inference.columns.scores
    if body.labels_evaluated and estimable and body.reference.source is not None and not body.estimated:
        yield (
            "spec.reference.columns.label: not set: performance is not estimated before labels arrive, and concept"
            " drift is not detected"
        )


def _prometheus_notes(spec: ModelSpec) -> Iterator[str]:
    if spec.spec.lacks_prometheus:
        yield "spec.prometheus.url: not set: proxies with promql need the exporter's flag --prometheus.url"
