"""The table of `leeway explain` that says how soon each alert is sent, and what the time is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration
from generator.alert_delays import AlertDelay, alert_delays
from generator.options import Options

COLUMNS = ("alert", "severity", "rows", "delay", "refresh", "rule", "for", "group wait", "usual", "worst")


def delays(spec: ModelSpec) -> RenderableType:
    """Return the delays of a model's alerts as a table with a title."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    for cells in rows(spec):
        table.add_row(*cells)
    return Group(f"[bold]{escape(spec.name)}[/]: from the first bad row to the notification", table)


def rows(spec: ModelSpec) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each alert: its parts at most, and both sums."""
    for delay in alert_delays(spec, Options()):
        yield (delay.alert.name, delay.alert.severity, *map(_text, _parts(delay)))


def _parts(delay: AlertDelay) -> tuple[timedelta, ...]:
    waits = (delay.data.worst, delay.delay, delay.refresh.worst, delay.rule.worst, delay.holds, delay.group_wait)
    return (*waits, delay.total.usual, delay.total.worst)


def _text(duration: timedelta) -> str:
    """Return a duration in whole minutes, rounded up, from an hour on with hours and days; seconds below a minute."""
    if duration < timedelta(minutes=1):
        return format_duration(duration) if duration else "-"
    return format_duration(timedelta(minutes=math.ceil(duration / timedelta(minutes=1))))
