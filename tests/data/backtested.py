"""A backtest's result, made by hand: two days in New York with a drift on each, one detected fault and one not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from examples import model
from exporter import catalogue
from exporter.backtest.firing import Firing
from exporter.backtest.injection import FaultKind, Injection
from exporter.backtest.replaying import Detection, Replay
from exporter.backtest.report import BacktestResult
from exporter.catalogue import Alert
from exporter.samples.conditions import Condition
from exporter.spec.loading import LoadedSpec
from exporter.spec.windows import Window

START = datetime(2026, 11, 20, 5, tzinfo=UTC)
"""Midnight at the start of a Friday in New York."""
HOUR = timedelta(hours=1)
SPEC = model(seasonality={"timezone": "America/New_York"}, alerting={"false_alarms": {"pages_per_month": 30}})


def firing(alert: Alert, first: float, last: float, feature: str = "age") -> Firing:
    labels = tuple(
        {"model": "fraud", "version": "v3", "feature": feature, "window": "1h"}.get(name, "")
        for name in alert.metric.labels
    )
    return Firing(Condition(alert, labels), START + first * HOUR, START + last * HOUR)


def result(*fired: Firing, detections: tuple[Detection, ...] = (), spec: LoadedSpec = SPEC) -> BacktestResult:
    ratios = {
        START + hour * HOUR: {catalogue.FEATURE_DRIFT_HIGH: hour / 24, catalogue.DATA_DRIFT_HIGH: 0.0}
        for hour in range(48)
    }
    conditions = dict.fromkeys(ratios, frozenset[Condition]())
    return BacktestResult(
        spec,
        Replay(spec.spec, Window(START, START + 48 * HOUR), conditions, ratios, fired, 48 * HOUR),
        detections,
        3 * HOUR,
    )


DRIFTS = [firing(catalogue.FEATURE_DRIFT_HIGH, 1, 2.5), firing(catalogue.FEATURE_DRIFT_HIGH, 2, 3, "income")]
SATURDAY = firing(catalogue.FEATURE_DRIFT_HIGH, 25, 26)
SEEN = Detection(
    Injection(FaultKind.NULLS, "age", START, lambda column: column),
    firing(catalogue.FEATURE_NULLS_HIGH, 1.5, 2),
    1.5 * HOUR,
)
UNSEEN = Detection(Injection(FaultKind.SHIFT, "[bold]<b>", START, lambda column: column), None, None)
