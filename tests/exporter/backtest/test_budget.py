"""A false-alarm budget, and the rate that keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from examples import model
from exporter import catalogue
from exporter.backtest.budget import MONTH, RATES, Alarms, alarms, evaluations, solve
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
    return Replay(spec, Window(START, START + months * MONTH), {}, {}, fired)


def test_what_fires_together_in_a_layer_is_one_notification() -> None:
    share, score, drift = catalogue.DATA_DRIFT_HIGH, catalogue.PREDICTION_SCORE_SHIFT, catalogue.FEATURE_DRIFT_HIGH
    fired = [_firing(share, 0), _firing(share, 0, "24h"), _firing(share, 9), _firing(score, 0), _firing(drift, 0)]
    assert alarms(_replay(*fired)) == Alarms(pages=3, tickets=1)
    assert alarms(_replay(*fired, months=2)) == Alarms(pages=1.5, tickets=0.5)


def test_a_budget_of_pages_allows_twice_as_many_tickets_unless_it_says_otherwise() -> None:
    assert Alarms(1, 2).within(ONE)
    assert not Alarms(1.1, 0).within(ONE)
    assert not Alarms(0, 2.1).within(ONE)
    assert Alarms(0, 5).within(FalseAlarms(pages_per_month=1, tickets_per_month=5))


def test_every_alerting_window_is_judged_once_a_partition() -> None:
    assert SPEC.spec.alert_windows == (HOUR, 24 * HOUR)
    assert evaluations(SPEC) == pytest.approx(2 * 365.2425 / 12 * 24)


def _solved(strict_enough: float, evaluated: float = 100) -> tuple[float | None, list[float]]:
    """The rate that is chosen when those at or below one keep the budget, and those that were tried."""
    tried = []

    def replay_at(rate: float) -> Replay:
        tried.append(rate)
        pages = [] if rate <= strict_enough else [_firing(catalogue.DATA_DRIFT_HIGH, 2 * hour) for hour in range(2)]
        return _replay(*pages, spec=with_rate(SPEC, rate))

    found = solve(replay_at, ONE, evaluated)
    return (None if found is None else found.spec.spec.thresholds.false_positive_rate), tried


def test_where_the_log_is_calm_chance_alone_is_allowed_the_budget() -> None:
    assert _solved(1.0, evaluated=100) == (0.01, [0.01])
    assert _solved(1.0, evaluated=1461) == (0.0005, [0.0005])


@pytest.mark.parametrize("strict_enough", [rate for rate in RATES if rate <= 0.01])
def test_where_it_is_restless_the_loosest_rate_that_keeps_the_budget_is_found(strict_enough: float) -> None:
    found, tried = _solved(strict_enough)
    assert found == strict_enough
    assert len(tried) <= 6


def test_no_rate_may_be_strict_enough() -> None:
    assert _solved(1e-12)[0] is None
    assert _solved(1.0, evaluated=1e12) == (None, [])
