from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboards.panels import queries, scopes
from dashboards.panels.queries import Role
from exporter import catalogue
from exporter.catalogue import FEATURE, INFERENCE, METRICS, MODEL, SEVERITY, VERSION, WINDOW, Metric
from exporter.spec.model import ModelSpec

Evaluates = Callable[..., None]


def series(metric: Metric, **labels: str) -> str:
    """A series of the model fraud in the window of an hour, of version 1 and replica a by default."""
    everything = {MODEL: "fraud", "env": "prod", VERSION: "1", WINDOW: "1h", "instance": "a"} | labels
    metric_labels = {name: value for name, value in everything.items() if name in (*metric.labels, "env", "instance")}
    return metric.name + braced(metric_labels)


def braced(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def test_two_replicas_are_one_value(spec: ModelSpec, evaluates: Evaluates) -> None:
    metric = catalogue.DATA_DRIFT_SHARE
    both = {series(metric, instance="a"): 0.25, series(metric, instance="b"): 0.25}
    expected = {'{model="fraud",env="prod",version="1",window="1h"}': 0.25}
    evaluates(both, queries.latest(metric, scopes.model_scope(spec)), expected)


def test_the_plotted_value_depends_on_the_kind_of_the_metric(spec: ModelSpec, evaluates: Evaluates) -> None:
    scope = scopes.model_scope(spec)
    end = catalogue.WINDOW_END_TIMESTAMP_SECONDS
    labels = f'{{model="fraud",env="prod",stream="{INFERENCE}",window="1h"}}'
    evaluates({series(end, stream=INFERENCE): 3000}, queries.plotted(end, scope), {labels: 600})
    assert "increase(" in queries.plotted(catalogue.REFRESH_FAILURES_TOTAL, scope)
    assert queries.plotted(catalogue.FEATURE_PSI, scope) == queries.latest(catalogue.FEATURE_PSI, scope)


def test_a_flag_that_was_down_between_two_points_is_visible(spec: ModelSpec, promtool: Evaluates) -> None:
    expression = queries.range_extreme("min", catalogue.REFRESH_SUCCESS, scopes.model_scope(spec))
    query = {
        "expr": expression.replace("$__rate_interval", "4m"),
        "eval_time": "5m",
        "exp_samples": [{"labels": '{model="fraud",env="prod"}', "value": 0}],
    }
    promtool({series(catalogue.REFRESH_SUCCESS): "1 1 1 0 1 1"}, promql_expr_test=[query])


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        pytest.param({"1": 0.125, "2": 0.5}, {'{verdict="above threshold"}': 0.5}, id="one version above is above"),
        pytest.param({"1": 0.125, "2": 0.25}, {'{verdict="within threshold"}': 0.25}, id="at the threshold is within"),
        pytest.param({}, {}, id="without a value there is no verdict"),
    ],
)
def test_the_worst_version_decides_the_verdict(
    shares: dict[str, float], expected: dict[str, float], spec: ModelSpec, evaluates: Evaluates
) -> None:
    metric = catalogue.DATA_DRIFT_SHARE
    given_series: dict[str, float] = {series(metric, version=version): share for version, share in shares.items()}
    given_series |= {series(metric.threshold(), version=version): 0.25 for version in ("1", "2")}
    evaluates(given_series, queries.verdict(metric, scopes.model_scope(spec)), expected)


def test_without_a_threshold_there_is_no_verdict(spec: ModelSpec, evaluates: Evaluates) -> None:
    metric = catalogue.DATA_DRIFT_SHARE
    evaluates({series(metric): 0.5}, queries.verdict(metric, scopes.model_scope(spec)), {})


def test_the_worst_statistic_is_the_one_furthest_over_its_own_threshold(spec: ModelSpec, evaluates: Evaluates) -> None:
    psi, nulls = catalogue.FEATURE_PSI, catalogue.FEATURE_NULL_RATIO
    given_series = {
        series(psi, feature="age"): 0.375,
        series(psi.threshold(), feature="age"): 0.25,
        series(nulls, feature="age"): 0.5,
        series(nulls.threshold(), feature="age"): 0.125,
        series(psi, feature="amount"): 0.125,
        series(psi.threshold(), feature="amount"): 0.25,
        series(nulls, feature="amount"): 0,
        series(nulls.threshold(), feature="amount"): 0,
    }
    expected = {'{feature="age",version="1"}': 4, '{feature="amount",version="1"}': 0.5}
    evaluates(given_series, queries.worst_statistic(scopes.model_scope(spec)), expected)


def test_the_top_series_are_shown_also_when_they_have_ended(spec: ModelSpec, evaluates: Evaluates) -> None:
    psi = catalogue.FEATURE_PSI
    given_series: dict[str, float | None] = {
        series(psi, feature="ended at 0.75"): None,
        series(psi, feature="high"): 0.5,
        series(psi, feature="low"): 0.25,
    }
    expected = {
        f'{{model="fraud",env="prod",version="1",window="1h",feature="{name}"}}': value
        for name, value in (("ended at 0.75", 0.75), ("high", 0.5))
    }
    evaluates(given_series, queries.top_series(queries.latest(psi, scopes.model_scope(spec)), 2), expected)


def alert(name: str, severity: str, **labels: str) -> str:
    everything = {"alertname": name, "severity": severity, "alertstate": "firing", "model": "fraud", "env": "prod"}
    return "ALERTS" + braced(everything | labels)


def test_alerts_are_counted_by_severity(spec: ModelSpec, evaluates: Evaluates) -> None:
    alerts: dict[str, float] = {
        alert("A", "critical"): 1,
        alert("B", "warning", feature="age"): 1,
        alert("B", "warning", feature="amount"): 1,
        alert("C", "warning", alertstate="pending"): 1,
        alert("D", "critical", env="staging"): 1,
        series(catalogue.MODEL_INFO, team="t"): 1,
    }
    expected = {'{severity="critical"}': 1, '{severity="warning"}': 2}
    evaluates(alerts, queries.alerts_by_severity(scopes.model_scope(spec)), expected)


def test_no_alert_differs_from_no_exporter(spec: ModelSpec, evaluates: Evaluates) -> None:
    expression = queries.alerts_by_severity(scopes.model_scope(spec))
    evaluates({series(catalogue.MODEL_INFO, team="t"): 1}, expression, {'{severity="none"}': 0})
    evaluates({series(catalogue.MODEL_INFO, model="other"): 1}, expression, {})


def test_an_alerts_state_is_the_rank_of_its_severity(spec: ModelSpec, evaluates: Evaluates) -> None:
    alerts: dict[str, float] = {
        alert("A", "critical", window="1h"): 1,
        alert("B", "warning", feature="age", window="24h"): 1,
        alert("C", "info"): 1,
    }
    expected = {
        '{alertname="A",window="1h"}': 3,
        '{alertname="B",feature="age",window="24h"}': 2,
        '{alertname="C"}': 1,
    }
    evaluates(alerts, queries.alert_states(scopes.model_scope(spec)), expected)


def test_hostile_labels_are_matched_as_they_are(hostile_spec: ModelSpec, evaluates: Evaluates) -> None:
    env = hostile_spec.metadata.labels["env"].replace("\\", "\\\\").replace('"', '\\"')
    given_series: dict[str, float] = {series(catalogue.REFRESH_SUCCESS, env=env): 1}
    given_series[series(catalogue.REFRESH_SUCCESS, env="prod")] = 0
    expression = queries.latest(catalogue.REFRESH_SUCCESS, scopes.model_scope(hostile_spec))
    evaluates(given_series, expression, {f'{{model="fraud",env="{env}"}}': 1})


def test_a_history_has_every_companion_in_the_catalogue(spec: ModelSpec) -> None:
    scope = scopes.model_scope(spec)
    roles = {metric.key: [query.role for query in queries.history(metric, scope)] for metric in METRICS}
    assert roles[catalogue.FEATURE_PSI.key] == [Role.VALUE, Role.THRESHOLD]
    assert roles[catalogue.FEATURE_MEAN.key] == [Role.VALUE, Role.REFERENCE]
    assert roles[catalogue.FEATURE_NULL_RATIO.key] == [Role.VALUE, Role.THRESHOLD, Role.REFERENCE]
    assert roles[catalogue.VERSION_ROWS.key] == [Role.VALUE]


def test_a_history_has_the_thresholds_of_the_features_that_it_shows(spec: ModelSpec, evaluates: Evaluates) -> None:
    psi = catalogue.FEATURE_PSI
    given_series: dict[str, float] = {series(psi, feature=f"f{rank:02}"): rank / 16 for rank in range(12)}
    given_series |= {series(psi.threshold(), feature=f"f{rank:02}"): 0.25 for rank in range(12)}
    _, threshold = queries.history(psi, scopes.model_scope(spec))
    expected = {
        f'{{model="fraud",env="prod",version="1",window="1h",feature="f{rank:02}"}}': 0.25 for rank in range(2, 12)
    }
    evaluates(given_series, threshold.expression, expected)


def test_a_legend_has_the_labels_in_which_series_differ(spec: ModelSpec) -> None:
    scope = scopes.model_scope(spec)
    assert queries.legend(catalogue.FEATURE_PSI, scope) == "{{feature}} {{version}}"
    assert queries.legend(catalogue.FEATURE_NEW_CATEGORY_ROWS, scope) == "{{feature}} {{category}} {{version}}"
    assert queries.legend(catalogue.DATA_DRIFT_SHARE, scope) == "{{version}}"
    assert queries.legend(catalogue.REFRESH_DURATION_SECONDS, scope) == ""
    assert queries.with_model_name("refresh", scope) == "refresh"


def test_a_legend_of_several_models_names_the_model(spec: ModelSpec) -> None:
    scope = scopes.any_model_scope()
    assert queries.legend(catalogue.DATA_DRIFT_SHARE, scope) == "{{model}} {{version}}"
    assert queries.legend(catalogue.REFRESH_DURATION_SECONDS, scope) == "{{model}}"
    assert queries.with_model_name("refresh", scope) == "{{model}} refresh"


def test_across_keeps_the_labels_it_is_given() -> None:
    assert queries.across("max", (FEATURE, SEVERITY), "x") == "max by (feature, severity) (x)"
