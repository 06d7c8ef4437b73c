"""The alerts that fire for samples."""

from __future__ import annotations

import pytest

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.conditions import THRESHOLD_ALERTS, Condition, compared_values, conditions
from exporter.samples.windows import Sample

FEATURE = ("fraud", "v3", "age", "1h", "", "")
WINDOW = ("fraud", "v3", "24h", "", "")


def _pair(metric: Metric, labels: tuple[str, ...], value: float, level: float) -> list[Sample]:
    return [Sample(metric, labels, value), Sample(metric.threshold(), labels, level)]


def test_a_gauge_above_its_threshold_is_an_alert() -> None:
    samples = _pair(catalogue.FEATURE_PSI, FEATURE, 0.75, 0.25)
    (found,) = conditions(samples, {"1h"})
    assert found == Condition(catalogue.FEATURE_DRIFT_HIGH, FEATURE)
    assert (found.label(catalogue.FEATURE), found.label(catalogue.WINDOW), found.label("bucket")) == ("age", "1h", "")
    assert compared_values(samples, {"1h"}) == {found: (0.75, 0.25)}


def test_a_gauge_at_its_threshold_is_no_alert() -> None:
    samples = _pair(catalogue.DATA_DRIFT_SHARE, WINDOW, 0.2, 0.2)
    assert conditions(samples, {"24h"}) == frozenset()


def test_coverage_alerts_below_its_threshold() -> None:
    low, high = (_pair(catalogue.LABEL_COVERAGE_RATIO, WINDOW, value, 0.8) for value in (0.4, 0.9))
    assert {found.alert for found in conditions(low, {"24h"})} == {catalogue.LABEL_COVERAGE_LOW}
    assert conditions(high, {"24h"}) == frozenset()


def test_an_alert_without_windows_is_compared_whatever_windows_alert() -> None:
    samples = _pair(catalogue.LABEL_SILENCE_SECONDS, ("fraud",), 100_000.0, 86_400.0)
    assert {found.alert for found in conditions(samples, {"24h"})} == {catalogue.LABELS_LATE}


def test_a_flag_alerts_when_it_is_1() -> None:
    labels = ("fraud", "v3", "age", "nulls", "1h", "")
    (found,) = conditions([Sample(catalogue.FEATURE_BROKEN, labels, 1.0)], {"1h"})
    assert (found.alert, found.label(catalogue.FEATURE)) == (catalogue.FEATURE_BROKEN_ALERT, "age")
    assert found.label(catalogue.REASON) == "", "the reason may change while the alert fires"
    calm = [Sample(catalogue.FEATURE_BROKEN, (*labels[:3], "none", "1h", ""), 0.0)]
    assert conditions(calm, {"1h"}) == frozenset()
    assert list(compared_values(calm, {"1h"}).values()) == [(0.0, 0.0)]
    assert conditions([Sample(catalogue.FEATURE_BROKEN, labels, 1.0)], {"24h"}) == frozenset()


def test_a_window_that_does_not_alert_is_left_out() -> None:
    assert compared_values(_pair(catalogue.DATA_DRIFT_SHARE, WINDOW, 0.9, 0.2), {"1h"}) == {}


def test_a_gauge_and_a_threshold_are_not_compared_alone() -> None:
    both = _pair(catalogue.FEATURE_PSI, FEATURE, 0.75, 0.25)
    assert [compared_values([one], {"1h"}) for one in both] == [{}, {}]


def test_every_alert_with_a_threshold_is_compared_in_order() -> None:
    scored = [alert for alert in catalogue.ALERTS if f"{alert.metric.name}_threshold" in _names()]
    assert list(THRESHOLD_ALERTS) == [
        alert for alert in catalogue.ALERTS if alert in scored or alert is catalogue.FEATURE_BROKEN_ALERT
    ]
    assert catalogue.PREDICTION_SCORE_SHIFT in scored


def _names() -> set[str]:
    return {metric.name for metric in catalogue.METRICS}


def test_every_role_but_challenger_alerts() -> None:
    for role, alerts in (("", 1), ("champion", 1), ("Champion ", 1), (catalogue.CHALLENGER, 0)):
        assert (
            len(compared_values(_pair(catalogue.DATA_DRIFT_SHARE, (*WINDOW[:3], role, ""), 0.9, 0.2), {"24h"}))
            == alerts
        )


def test_only_the_alert_for_segments_reads_segments() -> None:
    segment = (*WINDOW[:4], "country_code=US")
    assert conditions(_pair(catalogue.DATA_DRIFT_SHARE, segment, 0.9, 0.2), {"24h"}) == frozenset()
    (found,) = conditions(_pair(catalogue.SEGMENT_DRIFT, segment, 2.0, 1.0), {"24h"})
    assert (found.alert, found.label(catalogue.SEGMENT)) == (catalogue.SEGMENT_DRIFT_ALERT, "country_code=US")
    shadow = (*WINDOW[:3], catalogue.CHALLENGER, "country_code=US")
    assert conditions(_pair(catalogue.SEGMENT_DRIFT, shadow, 2.0, 1.0), {"24h"}) == frozenset()


@pytest.mark.parametrize(
    "alert", [catalogue.CALIBRATION_POOR, catalogue.LABEL_COVERAGE_LOW, catalogue.CONCEPT_DRIFT_ALERT]
)
def test_neither_a_challenger_nor_a_segment_alerts_on_performance(alert: catalogue.Alert) -> None:
    metric = alert.metric
    value, level = (0.1, 0.9) if metric.alerts_below else (0.9, 0.1)

    def fired(role: str, segment: str) -> frozenset[Condition]:
        labels = {catalogue.MODEL: "fraud", catalogue.VERSION: "v3", catalogue.WINDOW: "24h"}
        labels |= {catalogue.ROLE: role, catalogue.SEGMENT: segment}
        return conditions(_pair(metric, tuple(labels[name] for name in metric.labels), value, level), {"24h"})

    assert fired("", "")
    assert fired("champion", "")
    assert fired(catalogue.CHALLENGER, "") == frozenset()
    if catalogue.SEGMENT in metric.labels:
        assert fired("champion", "country_code=US") == frozenset()
