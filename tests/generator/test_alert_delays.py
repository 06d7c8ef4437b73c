"""The parts of an alert's delay, added up by hand, and those that the generated files have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from examples import BODY, RECEIVERS, model
from exporter import catalogue
from exporter.catalogue import Alert, Layer, Severity
from exporter.spec.model import ModelSpec
from generator.alert_delays import alert_delays
from generator.alert_timings import alert_timings
from generator.options import Exporter, Options

HOURLY = BODY["inference"] | {"grain": "1h", "delay": "10m", "stale_after": "3h"}


def spec(**body: object) -> ModelSpec:
    receivers = {"page": RECEIVERS, "ticket": RECEIVERS}
    return model(**({"inference": HOURLY, "windows": ["1h", "24h"], "alerting": receivers} | body)).spec


def minutes(of: ModelSpec, alert: Alert, options: Options | None = None) -> tuple[float, float]:
    [delay] = [each for each in alert_delays(of, options or Options()) if each.alert == alert]
    return tuple(wait / timedelta(minutes=1) for wait in delay.total)  # type: ignore[return-value] # of two


@pytest.mark.parametrize(
    ("alert", "usual", "worst"),
    [
        # rows, delay, refresh, scrape and rule, for, group_wait
        (catalogue.DATA_DRIFT_HIGH, 30 + 10 + 2.5 + 0.75 + 10 + 0.5, 120 + 10 + 5 + 1.5 + 10 + 0.5),
        (catalogue.FEATURE_DRIFT_HIGH, 30 + 10 + 2.5 + 0.75 + 12 + 5, 120 + 10 + 5 + 1.5 + 12 + 5),
        (catalogue.EXPORTER_DOWN, 0.75 + 5 + 0.5, 1.5 + 5 + 0.5),
        (catalogue.REFRESH_FAILING, 2.5 + 0.75 + 15 + 5, 5 + 1.5 + 15 + 5),
        # The newest window ended 10 to 70 minutes ago when the log stops.
        (catalogue.WINDOW_STALE, 180 - 40 + 0.75 + 30 + 0.5, 180 - 10 + 1.5 + 30 + 0.5),
        (catalogue.CALIBRATION_POOR, 7 * 1440 + 30 + 10 + 2.5 + 0.75 + 12 + 5, 7 * 1440 + 120 + 10 + 5 + 1.5 + 12 + 5),
    ],
    ids=lambda value: value.name if isinstance(value, Alert) else "",
)
def test_the_parts_add_up(alert: Alert, usual: float, worst: float) -> None:
    labels = BODY["labels"] | {"maturity": "7d"}
    assert minutes(spec(labels=labels), alert) == (usual, worst)


def test_a_longer_shortest_window_a_refresh_and_a_scrape_interval_count() -> None:
    options = Options(exporter=Exporter(interval="1m"))
    slow = spec(windows=["6h", "24h"], refresh={"interval": "1h"})
    expected = (30 + 10 + 30 + 1 + 65 + 0.5, 420 + 10 + 60 + 2 + 65 + 0.5)
    assert minutes(slow, catalogue.DATA_DRIFT_HIGH, options) == expected


def test_only_alerts_that_notify_and_whose_wait_is_known_are_listed() -> None:
    listed = {delay.alert for delay in alert_delays(spec(), Options())}
    silent = {alert for alert in catalogue.ALERTS if alert.severity is Severity.INFO}
    objectives = {alert for alert in catalogue.ALERTS if alert.layer is Layer.OBJECTIVE}
    written = {alert for alert in catalogue.ALERTS if alert.name in alert_timings(spec())}
    assert listed == written - silent - objectives - {catalogue.LABELS_LATE}
    unsegmented = {delay.alert for delay in alert_delays(spec(segments=[]), Options())}
    assert listed - unsegmented == {catalogue.SEGMENT_DRIFT_ALERT}
