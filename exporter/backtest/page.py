"""What a backtest found, as one HTML page with plots: no script, nothing from elsewhere, everything escaped.

A plot for each alert shows how near its nearest series came to its threshold, hour by hour, with weekends shaded and
the stretches in which the alert would have fired.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from html import escape
from typing import Final

from exporter.backtest.firing import incidents
from exporter.backtest.report import AlertRow, BacktestResult, alert_rows, series, told_as, verdicts
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
_TOP: Final = 2.0
"""How far a plot reaches: twice the threshold; what is beyond runs along its upper edge."""


def render(outcome: BacktestResult) -> str:
    """The page as HTML."""
    name, rows = escape(outcome.replay.spec.name), alert_rows(outcome)
    told = "".join(f'<p class="{_class(line)}">{escape(line)}</p>' for line in verdicts(outcome))
    plots = "".join(f"<h3>{escape(row.alert.name)}</h3>{_plot(row.alert, outcome)}" for row in rows)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Backtest of {name}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Backtest of {name}</h1><p>{escape(_about(outcome))}</p>{told}"
        f"<h2>Alerts</h2>{_weekdays(rows)}{_faults(outcome)}"
        "<h2>How near to the threshold</h2><p>Of each alert the series that came nearest: 1 is its threshold. Weekends"
        f" are shaded; red bars are where the alert fires.</p>{plots}{_firings(outcome)}</body></html>"
    )


def _about(outcome: BacktestResult) -> str:
    replay, zone = outcome.replay, outcome.zone
    start, end = (f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in (replay.stretch.start, replay.stretch.end))
    rate = replay.spec.spec.thresholds.false_positive_rate
    return f"{len(replay.held)} windows from {start} to {end} {zone.key}; false-positive rate {rate:g}."


def _class(verdict: str) -> str:
    return "bad" if verdict.startswith("MISSED") else "good" if verdict.startswith("kept") else ""


# ------------------------------------------------------------------------------------------------ tables


def _weekdays(rows: Sequence[AlertRow]) -> str:
    heads = ("alert", "as a", "fired", "hours", *(day[:3].capitalize() for day in WEEKDAYS))
    lines = [
        (row.alert.name, told_as(row.alert), row.fired, round(row.firing / timedelta(hours=1), 1), *row.weekdays)
        for row in rows
    ]
    return _table(heads, lines)


def _faults(outcome: BacktestResult) -> str:
    if not outcome.sightings:
        return ""
    lines = [
        (
            sighting.injection.kind.value,
            sighting.injection.column,
            f"{sighting.injection.start.astimezone(outcome.zone):%a %Y-%m-%d %H:%M}",
            sighting.alert.condition.alert.name if sighting.alert else "nothing",
            format_duration(sighting.after) if sighting.after else "",
            "in time" if outcome.in_time(sighting) else "LATE",
        )
        for sighting in outcome.sightings
    ]
    return "<h2>Injected faults</h2>" + _table(("fault", "column", "from", "seen by", "after", ""), lines)


def _firings(outcome: BacktestResult) -> str:
    lines = [
        (
            f"{firing.start.astimezone(outcome.zone):%a %Y-%m-%d %H:%M}",
            format_duration(firing.end - firing.start),
            firing.condition.alert.name,
            series(firing),
        )
        for firing in outcome.replay.firings
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


def _plot(alert: Alert, outcome: BacktestResult) -> str:
    stretch = outcome.replay.stretch

    def x(moment: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT) * ((moment - stretch.start) / stretch.length)

    def band(start: datetime, end: datetime, kind: str, top: float, height: float) -> str:
        left, right = (x(min(max(at, stretch.start), stretch.end)) for at in (start, end))
        wide = max(right - left, 1)
        return f'<rect class="{kind}" x="{left:.1f}" y="{top:.0f}" width="{wide:.1f}" height="{height:.0f}"/>'

    saturdays = list(_saturdays(outcome))
    weekends = (band(start, start + timedelta(days=2), "weekend", 0, _HEIGHT) for start in saturdays)
    mine = [firing for firing in outcome.replay.firings if firing.condition.alert == alert]
    fired = (band(start, end, "fired", _HEIGHT - 6, 6) for start, end in incidents(mine))
    near = [(x(moment), values[alert]) for moment, values in outcome.replay.near.items() if alert in values]
    points = " ".join(f"{at:.1f},{_y(value):.1f}" for at, value in near)
    days = (
        f'<text x="{x(start) + 3:.1f}" y="{_HEIGHT + 13:.0f}">{start.astimezone(outcome.zone):%b %d}</text>'
        for start in saturdays
        if start > stretch.start
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT + 18:.0f}" role="img"><title>{escape(alert.name)}</title>'
        f'{"".join(weekends)}<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH}" y1="{_y(1):.1f}" y2="{_y(1):.1f}"/>'
        f'<text x="0" y="{_y(1) + 4:.1f}">1</text><text x="0" y="{_HEIGHT:.0f}">0</text>'
        f'<polyline class="near" points="{points}"/>{"".join(fired)}{"".join(days)}</svg>'
    )


def _y(value: float) -> float:
    return _HEIGHT * (1 - min(value, _TOP) / _TOP) if not math.isnan(value) else _HEIGHT


def _saturdays(outcome: BacktestResult) -> Iterator[datetime]:
    """The local midnights that begin the weekends of the stretch."""
    start = outcome.replay.stretch.start.astimezone(outcome.zone)
    day = start.date() - timedelta(days=(start.weekday() - 5) % 7)
    while (midnight := datetime.combine(day, time(), outcome.zone)) < outcome.replay.stretch.end:
        yield midnight
        day += timedelta(days=7)
