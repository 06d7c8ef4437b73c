"""What a spec that is valid should still tell its author: what nobody will hear, and what is not evaluated yet."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import CLASSIFICATION, SINGLE_SCORE_TASKS


def notes(spec: ModelSpec) -> tuple[str, ...]:
    """Key paths with a remark each: `spec.alerting.page: not set: …`; none when there is nothing to say."""
    return (*_unheard(spec), *_blind(spec), *_unasked(spec), *_not_evaluated_yet(spec))


def _unheard(spec: ModelSpec) -> Iterator[str]:
    alerting = spec.spec.alerting
    if alerting.page is None and alerting.ticket is None:
        yield "spec.alerting: neither page nor ticket: nobody will be told, unless Alertmanager's default receiver does"
    elif alerting.page is None:
        yield "spec.alerting.page: not set: critical alerts go to Alertmanager's default receiver"
    elif alerting.ticket is None:
        yield "spec.alerting.ticket: not set: warnings go to Alertmanager's default receiver"
    if alerting.retrain is not None and alerting.retrain.hook is None:
        yield (
            "spec.alerting.retrain.hook: not set: Alertmanager asks Argo itself, whatever was lost, and again"
            " every five days of an incident"
        )
    if spec.metadata.runbooks is None:
        yield "metadata.runbooks: not set: alerts name the page in docs/alerts but cannot link to it"
    if alerting.false_alarms is not None and "false_positive_rate" not in spec.spec.thresholds.model_fields_set:
        yield "spec.alerting.false_alarms: not solved yet: run leeway backtest, and keep what it writes beside the spec"
    if spec.metadata.grafana is None:
        yield "metadata.grafana: not set: unless --grafana says it, notifications do not link to the dashboard"


def _blind(spec: ModelSpec) -> Iterator[str]:
    body = spec.spec
    if body.inference.columns.score is None:
        yield "spec.inference.columns.score: not set: the model's answers are not watched, only its inputs"
    if body.task in CLASSIFICATION and body.class_column is None:
        yield "spec.inference.columns.prediction: not set: how often each class is returned is not watched"
    if body.reference.source is not None and body.reference.columns.timestamp is None:
        yield (
            "spec.reference.columns.timestamp: not set: the reference has no seasons, so an ordinary Saturday may look"
            " like drift, and thresholds cannot learn how its weeks differ"
        )
    if body.reference.columns.label is not None and body.task not in SINGLE_SCORE_TASKS and not body.estimated:
        why = "of a ranking nothing is expected" if body.task == "ranking" else "needs inference.columns.scores"
        yield f"spec.reference.columns.label: not read: {why}, so performance is not estimated before labels come"
    estimable = body.task in SINGLE_SCORE_TASKS or body.inference.columns.scores
    if body.labels_evaluated and estimable and body.reference.source is not None and not body.estimated:
        yield (
            "spec.reference.columns.label: not set: performance is not estimated before labels come, and nobody is told"
            " when the same inputs begin to come to another end"
        )


def _unasked(spec: ModelSpec) -> Iterator[str]:
    if spec.spec.lacks_prometheus:
        yield "spec.prometheus.url: not set: the exporter must be started with --prometheus.url to ask proxies' PromQL"


def _not_evaluated_yet(spec: ModelSpec) -> Iterator[str]:
    """Everything that a spec may ask for and this release does not do."""
    source = spec.spec.reference.source
    if source is not None and "{version}" in source.template:
        yield "spec.reference.source: accepted, not evaluated yet"
