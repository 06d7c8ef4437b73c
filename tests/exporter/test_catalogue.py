"""Names follow the conventions of Prometheus, derived series match, and keys are valid in jsonnet."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from exporter import catalogue
from exporter.catalogue import (
    ALERTS,
    HOOK_METRICS,
    METRICS,
    PROCESS_METRICS,
    RECORDED,
    Alert,
    Layer,
    Metric,
    Severity,
    Unit,
)

SUFFIXES = {Unit.SECONDS: "_seconds", Unit.TIMESTAMP: "_timestamp_seconds", Unit.BYTES: "_bytes", Unit.INFO: "_info"}
EVERY = [*METRICS, *HOOK_METRICS]
BY_NAME = {metric.name: metric for metric in EVERY}

every_metric = pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


@every_metric
class TestMetrics:
    def test_a_name_is_valid_in_prometheus(self, metric: Metric) -> None:
        assert re.fullmatch(r"(ml|leeway)_[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)

    def test_a_metric_of_a_model_has_the_model_as_its_first_label(self, metric: Metric) -> None:
        if metric.name.startswith("ml_"):
            assert metric.labels[0] == catalogue.MODEL

    def test_only_counters_end_in_total(self, metric: Metric) -> None:
        assert metric.name.endswith("_total") == (metric.kind == "counter")

    def test_a_name_ends_in_its_unit(self, metric: Metric) -> None:
        stem = metric.name.removesuffix("_threshold").removesuffix("_total")
        assert stem.endswith(SUFFIXES.get(metric.unit, ""))
        if stem.endswith("_ratio") and metric is not catalogue.FEATURE_STDDEV_RATIO:  # a quotient, which may exceed 1
            assert metric.unit is Unit.RATIO
        if stem.endswith("_seconds"):
            assert metric.unit in (Unit.SECONDS, Unit.TIMESTAMP)

    def test_no_label_is_set_by_a_scrape(self, metric: Metric) -> None:
        assert len(set(metric.labels)) == len(metric.labels)
        for label in metric.labels:
            assert re.fullmatch(r"[a-z]+", label)
            assert label not in (*catalogue.TARGET_LABELS, "le", "quantile", "alertname")

    def test_the_help_is_a_printable_sentence(self, metric: Metric) -> None:
        assert metric.help.endswith(".")
        assert metric.help.isprintable()

    def test_a_threshold_or_reference_has_the_labels_and_the_unit_of_its_score(self, metric: Metric) -> None:
        for suffix in ("_threshold", "_reference"):
            if metric.name.endswith(suffix):
                score = BY_NAME[metric.name.removesuffix(suffix)]
                assert (metric.labels, metric.unit) == (score.labels, score.unit)
                assert metric.kind == (score.kind if suffix == "_reference" else "gauge")
                assert metric.name in (score.threshold().name, score.reference().name)

    def test_a_histogram_has_buckets_rows_and_a_sum_and_other_metrics_are_one_series(self, metric: Metric) -> None:
        named = {part.name.removeprefix(metric.name): part.labels for part in metric.series}
        if metric.kind == "gaugehistogram":
            labels = metric.labels
            assert named == {"_bucket": (*labels, catalogue.LE), "_gcount": labels, "_gsum": labels}
        else:
            assert metric.series == (metric,)


@every_alert
class TestAlerts:
    def test_a_name_is_in_camel_case(self, alert: Alert) -> None:
        assert re.fullmatch(r"(ML|Leeway)([A-Z][a-z]+)+", alert.name)

    def test_its_metric_is_in_the_catalogue(self, alert: Alert) -> None:
        assert alert.metric in EVERY

    def test_its_key_is_valid_in_jsonnet(self, alert: Alert) -> None:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", alert.key)


def test_names_and_keys_are_unique() -> None:
    for names in ([metric.name for metric in EVERY], [metric.key for metric in EVERY]):
        assert Counter(names).most_common(1)[0][1] == 1
    for names in ([alert.name for alert in ALERTS], [alert.key for alert in ALERTS]):
        assert Counter(names).most_common(1)[0][1] == 1


def test_the_tables_hold_every_definition_in_order() -> None:
    defined = vars(catalogue).values()
    assert [value for value in defined if isinstance(value, Metric)] == [*EVERY, *PROCESS_METRICS, *RECORDED]
    assert list(ALERTS) == [value for value in defined if isinstance(value, Alert)]


def test_keys_by_example() -> None:
    assert catalogue.FEATURE_PSI.key == "feature_psi"
    assert catalogue.REFRESH_SUCCESS.key == "refresh_success"
    assert catalogue.DATA_DRIFT_HIGH.key == "data_drift_high"
    assert catalogue.EXPORTER_DOWN.key == "exporter_down"


def test_alerts_are_ordered_from_cause_to_consequence() -> None:
    layers = list(Layer)
    places = [layers.index(alert.layer) for alert in ALERTS]
    assert places == sorted(places)
    assert {alert.layer for alert in ALERTS} == set(layers)


def test_replica_labels_are_labels_of_a_target() -> None:
    assert set(catalogue.REPLICA_LABELS) < set(catalogue.TARGET_LABELS)


class TestArguments:
    ARGUMENTS = catalogue.as_arguments()

    def test_arguments_are_plain_data(self) -> None:
        assert json.loads(json.dumps(self.ARGUMENTS)) == self.ARGUMENTS

    def test_every_metric_has_its_key(self) -> None:
        metrics = self.ARGUMENTS["metrics"]
        found = {key: (each["name"], tuple(each["labels"]), each["unit"]) for key, each in metrics.items()}
        assert found == {metric.key: (metric.name, metric.labels, metric.unit.value) for metric in EVERY}

    def test_every_label_has_its_name_as_key(self) -> None:
        wanted = {label for metric in EVERY for label in metric.labels}
        assert self.ARGUMENTS["labels"].keys() >= wanted | {catalogue.SEVERITY, catalogue.LAYER, catalogue.SLO}
        assert all(name == value for name, value in self.ARGUMENTS["labels"].items())

    def test_every_alert_refers_to_a_metric_of_the_arguments(self) -> None:
        alerts = self.ARGUMENTS["alerts"]
        assert {each["name"] for each in alerts.values()} == {alert.name for alert in ALERTS}
        assert {each["metric"] for each in alerts.values()} <= self.ARGUMENTS["metrics"].keys()
        assert {each["layer"] for each in alerts.values()} <= set(self.ARGUMENTS["layers"])
        assert {each["severity"] for each in alerts.values()} <= set(self.ARGUMENTS["severities"])

    def test_orders_are_those_of_the_catalogue(self) -> None:
        assert self.ARGUMENTS["layers"] == [layer.value for layer in Layer]
        assert self.ARGUMENTS["severities"] == [severity.value for severity in Severity]
        assert self.ARGUMENTS["replica_labels"] == list(catalogue.REPLICA_LABELS)
