"""The vocabulary: names as Prometheus wants them, pairs that match, keys that jsonnet can use."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from exporter import catalogue
from exporter.catalogue import ALERTS, HOOK_METRICS, METRICS, Alert, Layer, Metric, Severity, Unit

SUFFIXES = {Unit.SECONDS: "_seconds", Unit.TIMESTAMP: "_timestamp_seconds", Unit.BYTES: "_bytes", Unit.INFO: "_info"}
EVERY = [*METRICS, *HOOK_METRICS]
BY_NAME = {metric.name: metric for metric in EVERY}

every_metric = pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


@every_metric
class TestMetrics:
    def test_a_name_is_one_that_prometheus_takes(self, metric: Metric) -> None:
        assert re.fullmatch(r"(ml|leeway)_[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)

    def test_a_fact_about_a_model_names_the_model_first(self, metric: Metric) -> None:
        if metric.name.startswith("ml_"):
            assert metric.labels[0] == catalogue.MODEL

    def test_a_counter_and_only_a_counter_is_a_total(self, metric: Metric) -> None:
        assert metric.name.endswith("_total") == (metric.kind == "counter")

    def test_a_name_ends_in_its_unit(self, metric: Metric) -> None:
        stem = metric.name.removesuffix("_threshold").removesuffix("_total")
        assert stem.endswith(SUFFIXES.get(metric.unit, ""))
        if stem.endswith("_ratio") and metric is not catalogue.FEATURE_STDDEV_RATIO:  # a quotient, which may exceed 1
            assert metric.unit is Unit.RATIO
        if stem.endswith("_seconds"):
            assert metric.unit in (Unit.SECONDS, Unit.TIMESTAMP)

    def test_labels_are_names_that_no_scrape_sets(self, metric: Metric) -> None:
        assert len(set(metric.labels)) == len(metric.labels)
        for label in metric.labels:
            assert re.fullmatch(r"[a-z]+", label)
            assert label not in (*catalogue.TARGET_LABELS, "le", "quantile", "alertname")

    def test_the_help_is_one_sentence_for_a_person(self, metric: Metric) -> None:
        assert metric.help.endswith(".")
        assert metric.help.isprintable()

    def test_a_threshold_has_the_labels_and_the_unit_of_its_score(self, metric: Metric) -> None:
        for suffix in ("_threshold", "_reference"):
            if metric.name.endswith(suffix):
                score = BY_NAME[metric.name.removesuffix(suffix)]
                assert (metric.labels, metric.unit) == (score.labels, score.unit)
                assert metric.kind == (score.kind if suffix == "_reference" else "gauge")
                assert metric.name in (score.threshold().name, score.reference().name)

    def test_a_histogram_has_buckets_rows_and_a_sum_and_all_else_is_one_series(self, metric: Metric) -> None:
        named = {part.name.removeprefix(metric.name): part.labels for part in metric.series}
        if metric.kind == "gaugehistogram":
            labels = metric.labels
            assert named == {"_bucket": (*labels, catalogue.LE), "_gcount": labels, "_gsum": labels}
        else:
            assert metric.series == (metric,)


@every_alert
class TestAlerts:
    def test_a_name_is_a_symptom_in_camel_case(self, alert: Alert) -> None:
        assert re.fullmatch(r"(ML|Leeway)([A-Z][a-z]+)+", alert.name)

    def test_the_gauge_that_it_reads_is_in_the_catalogue(self, alert: Alert) -> None:
        assert alert.metric in EVERY

    def test_its_key_is_a_name_in_jsonnet(self, alert: Alert) -> None:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", alert.key)


def test_names_and_keys_are_unique() -> None:
    for names in ([metric.name for metric in EVERY], [metric.key for metric in EVERY]):
        assert Counter(names).most_common(1)[0][1] == 1
    for names in ([alert.name for alert in ALERTS], [alert.key for alert in ALERTS]):
        assert Counter(names).most_common(1)[0][1] == 1


def test_the_tables_hold_all_that_is_defined_in_its_order() -> None:
    defined = vars(catalogue).values()
    assert [value for value in defined if isinstance(value, Metric)] == EVERY
    assert list(ALERTS) == [value for value in defined if isinstance(value, Alert)]


def test_keys_by_example() -> None:
    assert catalogue.FEATURE_PSI.key == "feature_psi"
    assert catalogue.REFRESH_SUCCESS.key == "refresh_success"
    assert catalogue.DATA_DRIFT_HIGH.key == "data_drift_high"
    assert catalogue.EXPORTER_DOWN.key == "exporter_down"


def test_alerts_stand_from_the_cause_to_the_consequence() -> None:
    layers = list(Layer)
    places = [layers.index(alert.layer) for alert in ALERTS]
    assert places == sorted(places)
    assert {alert.layer for alert in ALERTS} == set(layers)


def test_replica_labels_are_labels_of_a_target() -> None:
    assert set(catalogue.REPLICA_LABELS) < set(catalogue.TARGET_LABELS)


class TestArguments:
    ARGUMENTS = catalogue.as_arguments()

    def test_they_are_plain_data(self) -> None:
        assert json.loads(json.dumps(self.ARGUMENTS)) == self.ARGUMENTS

    def test_every_metric_is_there_under_its_key(self) -> None:
        metrics = self.ARGUMENTS["metrics"]
        found = {key: (each["name"], tuple(each["labels"]), each["unit"]) for key, each in metrics.items()}
        assert found == {metric.key: (metric.name, metric.labels, metric.unit.value) for metric in EVERY}

    def test_every_label_is_there_under_its_name(self) -> None:
        wanted = {label for metric in EVERY for label in metric.labels}
        assert self.ARGUMENTS["labels"].keys() >= wanted | {catalogue.SEVERITY, catalogue.LAYER, catalogue.SLO}
        assert all(name == value for name, value in self.ARGUMENTS["labels"].items())

    def test_every_alert_reads_a_metric_that_is_there(self) -> None:
        alerts = self.ARGUMENTS["alerts"]
        assert {each["name"] for each in alerts.values()} == {alert.name for alert in ALERTS}
        assert {each["metric"] for each in alerts.values()} <= self.ARGUMENTS["metrics"].keys()
        assert {each["layer"] for each in alerts.values()} <= set(self.ARGUMENTS["layers"])
        assert {each["severity"] for each in alerts.values()} <= set(self.ARGUMENTS["severities"])

    def test_orders_are_those_of_the_catalogue(self) -> None:
        assert self.ARGUMENTS["layers"] == [layer.value for layer in Layer]
        assert self.ARGUMENTS["severities"] == [severity.value for severity in Severity]
        assert self.ARGUMENTS["replica_labels"] == list(catalogue.REPLICA_LABELS)
