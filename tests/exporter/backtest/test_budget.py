"""The false-alarm budget, and the rate that keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from examples import model
from exporter import catalogue
from exporter.backtest.budget import MONTH, RATES, Alarms, alarms, evaluations_per_month, solve
from exporter.backtest.firing import Firing
from exporter.backtest.replaying import Replay
from exporter.catalogue import Alert
from exporter.samples.conditions import Condition
from exporter.spec.model import ModelSpec
from exporter.spec.sections.alerting import FalseAlarms
from exporter.spec.solved import with_rate
from exporter.spec.windows import Window

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPEC: ModelSpec = model().spec
ONE = FalseAlarms(pages_per_month=1)


def _firing(alert: Alert, hour: int, window: str = "1h") -> Firing:
    labels = tuple({"window": window}.get(name, name) for name in alert.metric.labels)
    return Firing(Condition(alert, labels), START + hour * HOUR, START + (hour + 1) * HOUR)


def _replay(*fired: Firing, months: float = 1, spec: ModelSpec = SPEC) -> Replay:
    return Replay(spec, Window(START, START + months * MONTH), {}, {}, fired, months * MONTH)


def test_alerts_of_a_layer_at_the_same_time_are_one_notification() -> None:
    share, score, drift = catalogue.DATA_DRIFT_HIGH, catalogue.PREDICTION_SCORE_SHIFT, catalogue.FEATURE_DRIFT_HIGH
    fired = [_firing(share, 0), _firing(share, 0, "24h"), _firing(share, 9), _firing(score, 0), _firing(drift, 0)]
    assert alarms(_replay(*fired)) == Alarms(pages=3, tickets=1)
    assert alarms(_replay(*fired, months=2)) == Alarms(pages=1.5, tickets=0.5)


def test_a_long_alert_does_not_hide_others_of_its_layer() -> None:
    long = replace(_firing(catalogue.DATA_DRIFT_HIGH, 0), end=START + MONTH)
    assert alarms(_replay(long, *(_firing(catalogue.DATA_DRIFT_HIGH, hour, "24h") for hour in (5, 9)))).pages == 3


def test_only_the_days_that_the_log_has_count() -> None:
    replay = replace(_replay(_firing(catalogue.DATA_DRIFT_HIGH, 0)), counted=MONTH / 4)
    assert alarms(replay).pages == 4


def test_the_default_budget_of_tickets_is_twice_that_of_pages() -> None:
    assert Alarms(1, 2).within(ONE)
    assert not Alarms(1.1, 0).within(ONE)
    assert not Alarms(0, 2.1).within(ONE)
    assert Alarms(0, 5).within(FalseAlarms(pages_per_month=1, tickets_per_month=5))


def test_every_alerting_window_is_evaluated_once_per_partition() -> None:
    assert SPEC.spec.alert_windows == (HOUR, 24 * HOUR)
    assert evaluations_per_month(SPEC) == pytest.approx(2 * 365.2425 / 12 * 24)


def _solved(highest_kept: float, evaluated: float = 100) -> tuple[float | None, list[float]]:
    """Return the solved rate when rates up to `highest_kept` keep the budget, and the tried rates."""
    tried = []

    def replay_at(rate: float) -> Replay:
        tried.append(rate)
        pages = [] if rate <= highest_kept else [_firing(catalogue.DATA_DRIFT_HIGH, 2 * hour) for hour in range(2)]
        return _replay(*pages, spec=with_rate(SPEC, rate))

    found = solve(replay_at, ONE, evaluated)
    return (None if found is None else found.spec.spec.thresholds.false_positive_rate), tried


def test_in_a_quiet_log_the_budget_limits_noise_alone() -> None:
    assert _solved(1.0, evaluated=100) == (0.01, [0.01])
    assert _solved(1.0, evaluated=1461) == (0.0005, [0.0005])


@pytest.mark.parametrize("highest_kept", [rate for rate in RATES if rate <= 0.01])
def test_the_highest_rate_that_keeps_the_budget_is_found(highest_kept: float) -> None:
    found, tried = _solved(highest_kept)
    assert found == highest_kept
    assert len(tried) <= 6


def test_there_may_be_no_rate_that_keeps_the_budget() -> None:
    assert _solved(1e-12)[0] is None
    assert _solved(1.0, evaluated=1e12) == (None, [])
