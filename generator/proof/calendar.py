"""The promtool tests of the calendar, in a file of their own since they last for days and so tick more slowly.

The threshold is that of an exporter that knows of no weekday, the week's lowest floor, so that it is the rule that must
follow the calendar. The days come from the calendar that the exporter uses: `generator/proof/calendar_cases.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from exporter.catalogue import ALERTS, INFERENCE, MODEL, STREAM, WINDOW, WINDOW_DAY_OF_WEEK
from exporter.spec.model import ModelSpec
from generator.proof.calendar_cases import TICK, calendar_cases
from generator.proof.firing_checks import firing_checks, ticks_until_change
from generator.proof.series import Phase, duration, exposed

Document = dict[str, Any]
Told = Mapping[str, Any]

_SECONDS: Final = int(TICK.total_seconds())
_SCORES: Final = {alert.key: alert.metric.key for alert in ALERTS}


def calendar(spec: ModelSpec, rules: Told) -> Document:
    """The test file, with no tests where no weekday differs from another, or every alert is slower than days.

    Args:
        spec: the model.
        rules: what `rules/mixin.libsonnet` returns of it.

    Returns:
        Plain data, but for `rule_files`.
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


def _quick(alert: Told, case: Told) -> bool:
    """An alert that follows more slowly than days pass cannot tell one midnight from the next."""
    return all(ticks_until_change(alert, _SECONDS, fires=day["fires"]) < day["ticks"] for day in case["days"])


def _test(spec: ModelSpec, alert: Told, case: Told) -> Document:
    return {
        "name": f"{alert['alert']}: {spec.name} {case['title']}",
        "interval": duration(_SECONDS),
        "input_series": [one for series in _input(spec, alert["comparison"], case) for one in series],
        "promql_expr_test": list(firing_checks(alert, case["days"], case["begins"], _SECONDS)),
    }


def _input(spec: ModelSpec, compared: Told, case: Told) -> Iterator[list[dict[str, str]]]:
    def told(metric: str, labels: Mapping[str, str], phases: Iterable[Phase]) -> list[dict[str, str]]:
        own = {**spec.metadata.labels, MODEL: spec.name, **labels}
        return exposed(metric, own, [Phase(None, case["begins"]), *phases], _SECONDS)

    whole = sum(day["ticks"] for day in case["days"])
    window = {STREAM: INFERENCE, WINDOW: compared["labels"][WINDOW]}
    yield told(compared["score"], compared["labels"], [Phase(case["score"], whole)])
    yield told(compared["threshold"], compared["labels"], [Phase(case["threshold"], whole)])
    yield told(WINDOW_DAY_OF_WEEK.name, window, [Phase(day["day"], day["ticks"]) for day in case["days"]])
