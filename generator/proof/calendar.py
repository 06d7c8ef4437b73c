"""The promtool tests of the calendar, in a file of their own: they last for days and have a longer interval.

The published threshold is the week's lowest floor, as from an exporter without weekdays, so that the rule itself must
follow the calendar. The days come from the exporter's calendar: `generator/proof/calendar_cases.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from exporter.catalogue import ALERTS, INFERENCE, MODEL, STREAM, WINDOW, WINDOW_DAY_OF_WEEK
from exporter.spec.model import ModelSpec
from generator.proof.calendar_cases import TICK, calendar_cases
from generator.proof.firing_checks import firing_checks, ticks_until_change
from generator.proof.series import Phase, duration, replicated

Document = dict[str, Any]
Data = Mapping[str, Any]

_SECONDS: Final = int(TICK.total_seconds())
_SCORES: Final = {alert.key: alert.metric.key for alert in ALERTS}


def calendar(spec: ModelSpec, rules: Data) -> Document:
    """Return the test file; it has no tests where no floor differs between weekdays, or every alert takes days.

    Args:
        spec: the model.
        rules: the result of `rules/mixin.libsonnet` for it.

    Returns:
        Plain data, without `rule_files`.
    """
    cases = calendar_cases(spec)
    tests = [
        _test(spec, alert, case)
        for alert in rules["alert_tests"]
        if "comparison" in alert
        for case in cases.get(_SCORES[alert["key"]], ())
        if _quick(alert, case)
    ]
    return {"evaluation_interval": duration(_SECONDS), "tests": tests}


def _quick(alert: Data, case: Data) -> bool:
    """Return whether the alert changes within each day; a slower one cannot be tested at midnight."""
    return all(ticks_until_change(alert, _SECONDS, fires=day["fires"]) < day["ticks"] for day in case["days"])


def _test(spec: ModelSpec, alert: Data, case: Data) -> Document:
    return {
        "name": f"{alert['alert']}: {spec.name} {case['title']}",
        "interval": duration(_SECONDS),
        "input_series": list(chain.from_iterable(_input(spec, alert["comparison"], case))),
        "promql_expr_test": list(firing_checks(alert, case["days"], case["begins"], _SECONDS)),
    }


def _input(spec: ModelSpec, compared: Data, case: Data) -> Iterator[list[dict[str, str]]]:
    def series(metric: str, labels: Mapping[str, str], phases: Iterable[Phase]) -> list[dict[str, str]]:
        own = {**spec.metadata.labels, MODEL: spec.name, **labels}
        return replicated(metric, own, [Phase(None, case["begins"]), *phases], _SECONDS)

    whole = sum(day["ticks"] for day in case["days"])
    window = {STREAM: INFERENCE, WINDOW: compared["labels"][WINDOW]}
    yield series(compared["score"], compared["labels"], [Phase(case["score"], whole)])
    yield series(compared["threshold"], compared["labels"], [Phase(case["threshold"], whole)])
    yield series(WINDOW_DAY_OF_WEEK.name, window, [Phase(day["day"], day["ticks"]) for day in case["days"]])
