"""How near each series came to its alert."""

from __future__ import annotations

import math

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.samples.conditions import Condition
from exporter.samples.judgements import BUDGET_ALERTS, JUDGED, NOT_JUDGED, Judgement, judgements, nearest
from exporter.samples.windows import Sample

FEATURE = ("fraud", "v3", "age", "1h", "", "")
WINDOW = ("fraud", "v3", "24h", "", "")
SPEC = model().spec
(SLO,) = SPEC.spec.slos_evaluated
FAST, SLOW, EXHAUSTED = BUDGET_ALERTS


def _pair(metric: Metric, labels: tuple[str, ...], value: float, level: float) -> list[Sample]:
    return [Sample(metric, labels, value), Sample(metric.threshold(), labels, level)]


def _nearest(*samples: Sample) -> dict[Alert, float]:
    return nearest(judgements(SPEC, samples))


@pytest.mark.parametrize(
    ("value", "level", "ratio", "holds"),
    [(0.75, 0.25, 3.0, True), (0.25, 0.25, 1.0, False), (0.0, 0.0, 0.0, False), (1e-9, 0.0, math.inf, True)],
)
def test_the_ratio_is_to_the_threshold(value: float, level: float, ratio: float, *, holds: bool) -> None:
    found = judgements(SPEC, _pair(catalogue.FEATURE_PSI, FEATURE, value, level))
    assert found == {Condition(catalogue.FEATURE_DRIFT_HIGH, FEATURE): Judgement(holds, ratio)}


@pytest.mark.parametrize(("value", "ratio"), [(0.4, 2.0), (1.6, 0.5), (0.0, math.inf)])
def test_the_ratio_of_a_low_value_is_the_reverse(value: float, ratio: float) -> None:
    assert _nearest(*_pair(catalogue.LABEL_COVERAGE_RATIO, WINDOW, value, 0.8)) == {catalogue.LABEL_COVERAGE_LOW: ratio}


def test_the_series_with_the_greatest_ratio_counts() -> None:
    calm = _pair(catalogue.FEATURE_PSI, FEATURE, 0.05, 0.25)
    other = _pair(catalogue.FEATURE_PSI, ("fraud", "v3", "income", "1h", "", ""), 0.125, 0.25)
    assert _nearest(*calm, *other) == {catalogue.FEATURE_DRIFT_HIGH: 0.5}


class TestErrorBudgets:
    TIER = SLO.slow()[-1]

    def _rates(self, long: float | None, short: float | None) -> list[Sample]:
        windows = {SLO.window_name(self.TIER.short): short, SLO.window_name(self.TIER.long): long}
        return [
            Sample(catalogue.SLO_BURN_RATE, ("fraud", SLO.name, window), float(self.TIER.factor) * rate)
            for window, rate in windows.items()
            if rate is not None
        ]

    @pytest.mark.parametrize(("long", "short", "holds"), [(1.5, 2.0, True), (1.0, 2.0, False), (2.0, 1.0, False)])
    def test_both_windows_of_a_tier_must_burn(self, long: float, short: float, *, holds: bool) -> None:
        found = judgements(SPEC, self._rates(long, short))
        (slow,) = (each for condition, each in found.items() if condition.alert == SLOW)
        assert slow == Judgement(holds, pytest.approx(min(long, short)))

    @pytest.mark.parametrize(("left", "holds"), [(-0.25, True), (0.0, True), (0.001, False)])
    def test_a_budget_is_exhausted_at_exactly_0(self, left: float, *, holds: bool) -> None:
        samples = [Sample(catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("fraud", SLO.name), left)]
        assert judgements(SPEC, samples) == {Condition(EXHAUSTED, ("fraud", SLO.name)): Judgement(holds, 1 - left)}

    def test_an_objective_without_values_is_left_out(self) -> None:
        assert not judgements(SPEC, [])


def test_every_alert_is_judged_or_said_not_to_be() -> None:
    assert sorted((*JUDGED, *NOT_JUDGED), key=catalogue.ALERTS.index) == list(catalogue.ALERTS)
    assert {alert.metric.threshold() for alert in NOT_JUDGED}.isdisjoint(catalogue.METRICS)
