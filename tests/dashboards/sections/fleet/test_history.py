"""What models did over time, evaluated by the real promtool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boards import panels_of
from dashboards import fleet
from exporter.catalogue import RECORDED, RECORDED_DRIFT, RECORDED_SEVERITY

DAY = 24 * 60


def expression(title: str) -> str:
    [panel] = [panel for panel in panels_of(fleet.dashboard()) if panel["title"] == title]
    [target] = panel["targets"]
    return target["expr"]


def at_the_end(text: str, minute: int) -> str:
    return text.replace("@ end()", f"@ {minute * 60}").replace("$__range", "3d").replace("$__interval", "30m")


def test_a_short_alert_is_seen_and_calm_models_are_left_out(promtool: Any, interpolate: Any) -> None:
    series = {
        f'{RECORDED_SEVERITY.name}{{model="short"}}': "0x40 3x5 0x20",
        f'{RECORDED_SEVERITY.name}{{model="calm"}}': "0x70",
    }
    query = {"expr": interpolate(at_the_end(expression("Models with alerts over time"), 66))}
    checks = [("60m", 3), ("30m", 0)]
    promtool(
        series,
        promql_expr_test=[
            query | {"eval_time": at, "exp_samples": [{"labels": '{model="short"}', "value": value}]}
            for at, value in checks
        ],
    )


def test_a_day_has_the_greatest_drift_of_its_own_hours_in_any_window(promtool: Any, interpolate: Any) -> None:
    """The cell at the beginning of a day is of that day, also of today."""
    series = {
        f'{RECORDED_DRIFT.name}{{model="a",window="1h"}}': f"0.5x{DAY} 2x10 0.5x{DAY}",
        f'{RECORDED_DRIFT.name}{{model="a",window="24h"}}': f"0.75x{2 * DAY + 10}",
    }
    text = at_the_end(expression("Drift by model and day"), 2 * DAY).replace("$window", "1h|24h")
    query = {"expr": interpolate(text)}
    cells = [(0, 0.75), (DAY, 2), (2 * DAY, 0.75)]
    promtool(
        series,
        promql_expr_test=[
            query | {"eval_time": f"{minute}m", "exp_samples": [{"labels": '{model="a"}', "value": value}]}
            for minute, value in cells
        ],
    )


def test_whatever_spans_time_is_recorded() -> None:
    """A month of a hundred models is slow to compute: `benchmarks/fleet.py`."""
    ranges = [
        target["expr"]
        for panel in panels_of(fleet.dashboard())
        for target in panel["targets"]
        if not target.get("instant")
    ]
    assert len(ranges) == 5
    assert all(any(metric.name in text for metric in RECORDED) for text in ranges)


def test_the_thirty_worst_have_a_row(evaluates: Callable[..., None]) -> None:
    text = at_the_end(expression("Drift by model and day"), 60).replace("offset -1d", "")
    given = {f'{RECORDED_DRIFT.name}{{model="m{number}",window="1h"}}': float(number) for number in range(32)}
    evaluates(given, text, {f'{{model="m{number}"}}': float(number) for number in range(2, 32)})
