"""The result of a backtest as one HTML page with plots: no scripts, no external resources, everything escaped.

The plot of each alert shows the ratio to the threshold of its nearest series, hour by hour, with weekends shaded and
the times at which the alert would have fired.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from html import escape
from typing import Final

from exporter.backtest.firing import incidents
from exporter.backtest.report import (
    HOUR,
    AlertRow,
    BacktestResult,
    alert_rows,
    notification_kind,
    outcome,
    series_labels,
    verdicts,
)
from exporter.catalogue import Alert
from exporter.spec.seasons import WEEKDAYS
from exporter.spec.value_types import format_duration

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  color-scheme: light dark; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
h3 { margin: 1.2rem 0 0; font-size: 1rem; } .good { color: #2a7d46; } .bad { color: #c4312b; font-weight: 600; }
svg { width: 100%; height: auto; display: block; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.near { fill: none; stroke: #3b78c4; stroke-width: 1.2; } .limit { stroke: #c4312b; stroke-dasharray: 4 3; }
.weekend { fill: #8882; } .fired { fill: #c4312b; } .axis { stroke: #8888; }
"""
_WIDTH: Final = 1100.0
_HEIGHT: Final = 120.0
_LEFT: Final = 34.0
_MAX_RATIO: Final = 2.0
"""The upper end of a plot: twice the threshold; larger values are drawn at the upper edge."""


def render(result: BacktestResult) -> str:
    """Return the page as HTML."""
    name, rows = escape(result.replay.spec.name), alert_rows(result)
    summary = "".join(f'<p class="{_class(line)}">{escape(line)}</p>' for line in verdicts(result))
    plots = "".join(f"<h3>{escape(row.alert.name)}</h3>{_plot(row.alert, result)}" for row in rows)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Backtest of {name}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Backtest of {name}</h1><p>{escape(_summary(result))}</p>{summary}"
        f"<h2>Alerts</h2>{_weekdays(rows)}{_faults(result)}"
        "<h2>How near to the threshold</h2><p>For each alert, the series nearest to its threshold; 1 is the threshold."
        f" Weekends are shaded; red bars show when the alert fires.</p>{plots}{_firings(result)}</body></html>"
    )


def _summary(result: BacktestResult) -> str:
    replay, zone = result.replay, result.zone
    start, end = (f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in (replay.period.start, replay.period.end))
    rate = replay.spec.spec.thresholds.false_positive_rate
    return f"{len(replay.conditions)} windows from {start} to {end} {zone.key}; false-positive rate {rate:g}."


def _class(verdict: str) -> str:
    return "bad" if verdict.startswith("MISSED") else "good" if verdict.startswith("kept") else ""


# ------------------------------------------------------------------------------------------------ tables


def _weekdays(rows: Sequence[AlertRow]) -> str:
    heads = ("alert", "as a", "fired", "hours", "at end", *(day[:3].capitalize() for day in WEEKDAYS))
    lines = [
        (
            row.alert.name,
            notification_kind(row.alert),
            row.fired,
            round(row.firing / HOUR, 1),
            row.at_end,
            *row.weekdays,
        )
        for row in rows
    ]
    return _table(heads, lines)


def _faults(result: BacktestResult) -> str:
    if not result.detections:
        return ""
    lines = [
        (
            detection.injection.kind.value,
            detection.injection.column,
            f"{detection.injection.start.astimezone(result.zone):%a %Y-%m-%d %H:%M}",
            detection.alert.condition.alert.name if detection.alert else "nothing",
            format_duration(detection.after) if detection.after else "",
            outcome(detection, result),
        )
        for detection in result.detections
    ]
    return "<h2>Injected faults</h2>" + _table(("fault", "column", "from", "seen by", "after", ""), lines)


def _firings(result: BacktestResult) -> str:
    lines = [
        (
            f"{firing.start.astimezone(result.zone):%a %Y-%m-%d %H:%M}",
            format_duration(firing.end - firing.start),
            firing.condition.alert.name,
            series_labels(firing),
        )
        for firing in result.replay.firings
    ]
    table = _table(("began", "lasted", "alert", "of"), lines) if lines else "<p>None fired.</p>"
    return f"<h2>Every alert</h2>{table}"


def _table(heads: Iterable[str], lines: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(map(_cell, line)) + "</tr>" for line in lines)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    kind = ' class="number"' if isinstance(value, int | float) else ' class="bad"' if value == "LATE" else ""
    return f"<td{kind}>{escape(str(value))}</td>"


# ------------------------------------------------------------------------------------------------ plots


def _plot(alert: Alert, result: BacktestResult) -> str:
    period = result.replay.period

    def x(time: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT) * ((time - period.start) / period.length)

    def band(start: datetime, end: datetime, kind: str, top: float, height: float) -> str:
        left, right = (x(min(max(at, period.start), period.end)) for at in (start, end))
        wide = max(right - left, 1)
        return f'<rect class="{kind}" x="{left:.1f}" y="{top:.0f}" width="{wide:.1f}" height="{height:.0f}"/>'

    saturdays = list(_saturdays(result))
    weekends = (band(start, start + timedelta(days=2), "weekend", 0, _HEIGHT) for start in saturdays)
    own = [firing for firing in result.replay.firings if firing.condition.alert == alert]
    fired = (band(start, end, "fired", _HEIGHT - 6, 6) for start, end in incidents(own))
    ratios = [(x(at), values[alert]) for at, values in result.replay.threshold_ratios.items() if alert in values]
    points = " ".join(f"{at:.1f},{_y(value):.1f}" for at, value in ratios)
    days = (
        f'<text x="{x(start) + 3:.1f}" y="{_HEIGHT + 13:.0f}">{start.astimezone(result.zone):%b %d}</text>'
        for start in saturdays
        if start > period.start
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT + 18:.0f}" role="img"><title>{escape(alert.name)}</title>'
        f'{"".join(weekends)}<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH}" y1="{_y(1):.1f}" y2="{_y(1):.1f}"/>'
        f'<text x="0" y="{_y(1) + 4:.1f}">1</text><text x="0" y="{_HEIGHT:.0f}">0</text>'
        f'<polyline class="near" points="{points}"/>{"".join(fired)}{"".join(days)}</svg>'
    )


def _y(value: float) -> float:
    return _HEIGHT * (1 - min(value, _MAX_RATIO) / _MAX_RATIO) if not math.isnan(value) else _HEIGHT


def _saturdays(result: BacktestResult) -> Iterator[datetime]:
    """Yield the local midnights at the start of each weekend of the replay."""
    start = result.replay.period.start.astimezone(result.zone)
    day = start.date() - timedelta(days=(start.weekday() - 5) % 7)
    while (midnight := datetime.combine(day, time(), result.zone)) < result.replay.period.end:
        yield midnight
        day += timedelta(days=7)
