"""Checks of the windows: whole partitions, windows that alert, and the false-alarm budget."""

from __future__ import annotations

from typing import Final

from exporter.spec.checks.mistakes import Checks, Mistakes, duplicates, not_multiple
from exporter.spec.model import Body
from exporter.spec.value_types import format_duration


def _windows(body: Body) -> Mistakes:
    yield from duplicates(("windows",), body.windows)


def _whole_windows(body: Body) -> Mistakes:
    for index, window in enumerate(body.windows):
        yield from not_multiple(("windows", index), window, body.inference.grain, "grain")


def _alerting_windows(body: Body) -> Mistakes:
    windows = body.alerting.windows or ()
    yield from duplicates(("alerting", "windows"), windows)
    known = ", ".join(map(format_duration, sorted(set(body.windows))))
    for index, window in enumerate(windows):
        if window not in body.windows:
            yield ("alerting", "windows", index), f"must be one of the model's windows: {known}"


def _false_alarms(body: Body) -> Mistakes:
    if body.alerting.false_alarms is not None and "false_positive_rate" in body.thresholds.model_fields_set:
        message = "must be left out: leeway backtest solves it for the false-alarm budget"
        yield ("thresholds", "false_positive_rate"), message


WINDOW_CHECKS: Final[Checks] = {
    _windows: frozenset({"windows"}),
    _whole_windows: frozenset({"windows", "inference.grain"}),
    _alerting_windows: frozenset({"alerting.windows", "windows"}),
    _false_alarms: frozenset({"alerting.false_alarms?", "thresholds.false_positive_rate?"}),
}
