"""What a backtest found: as tables for a terminal, and as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from exporter import catalogue
from exporter.backtest.budget import Alarms, alarms
from exporter.backtest.firing import Firing, incidents
from exporter.backtest.replaying import Detection, Replay
from exporter.catalogue import Alert, Severity
from exporter.samples.conditions import THRESHOLD_ALERTS
from exporter.spec.loading import LoadedSpec
from exporter.spec.seasons import WEEKDAYS
from exporter.spec.value_types import format_duration

SHOWN: Final = 20
"""Alarms that the terminal lists; the JSON has them all."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A stretch replayed, the faults that were injected into it, and how soon they had to be seen."""

    loaded: LoadedSpec
    replay: Replay
    sightings: Sequence[Detection]
    within: timedelta

    @property
    def zone(self) -> ZoneInfo:
        """The model's own."""
        return ZoneInfo(self.replay.spec.spec.seasonality.timezone)

    @property
    def alarms(self) -> Alarms:
        """What it comes to in a month."""
        return alarms(self.replay)

    @property
    def kept(self) -> bool | None:
        """Whether the false-alarm budget is kept; None when there is none."""
        budget = self.replay.spec.spec.alerting.false_alarms
        return None if budget is None else self.alarms.within(budget)

    def in_time(self, sighting: Detection) -> bool:
        """Whether a fault was seen as soon as it had to be."""
        return sighting.after is not None and sighting.after <= self.within

    @property
    def ok(self) -> bool:
        """Whether the budget is kept and every fault was seen in time."""
        return self.kept is not False and all(map(self.in_time, self.sightings))


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert over the stretch: how often it fired, how long, and on which local weekdays it began, Monday first."""

    alert: Alert
    fired: int
    firing: timedelta
    weekdays: tuple[int, ...]


def alert_rows(outcome: BacktestResult) -> list[AlertRow]:
    """Every alert that compares a gauge of this model with a threshold, those that never fired among them."""
    judged = {alert for near in outcome.replay.near.values() for alert in near}
    return [_row(alert, outcome) for alert in THRESHOLD_ALERTS if alert in judged]


def _row(alert: Alert, outcome: BacktestResult) -> AlertRow:
    spans = incidents(firing for firing in outcome.replay.firings if firing.condition.alert == alert)
    days = [start.astimezone(outcome.zone).weekday() for start, _ in spans]
    lasted = sum((end - start for start, end in spans), timedelta())
    return AlertRow(alert, len(spans), lasted, tuple(days.count(day) for day in range(7)))


def told_as(alert: Alert) -> str:
    """How people are told of an alert."""
    return {Severity.CRITICAL: "page", Severity.WARNING: "ticket", Severity.INFO: "note"}[alert.severity]


def series(firing: Firing) -> str:
    """Which series an alert is about, beside its model: `age, v3, 1h`."""
    condition = firing.condition
    pairs = zip(condition.alert.metric.labels, condition.labels, strict=True)
    return ", ".join(value for name, value in pairs if value and name != catalogue.MODEL)


# ------------------------------------------------------------------------------------------------ for a terminal


def tables(outcome: BacktestResult) -> Iterator[RenderableType]:
    """What a person reads."""
    replay, zone = outcome.replay, outcome.zone
    start, end = (moment.astimezone(zone) for moment in (replay.stretch.start, replay.stretch.end))
    rate = replay.spec.spec.thresholds.false_positive_rate
    yield (
        f"[bold]{replay.spec.name}[/bold]: {len(replay.held)} windows, from {start:%a %Y-%m-%d %H:%M} to"
        f" {end:%a %Y-%m-%d %H:%M}\n{zone.key}, false-positive rate {rate:g}"
    )
    yield _alerts(outcome)
    if replay.firings:
        yield _firings(outcome)
    if outcome.sightings:
        yield _faults(outcome)
    yield from verdicts(outcome)


def _alerts(outcome: BacktestResult) -> Table:
    table = Table("alert", "as a", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for head in ("fired", "hours", *(day[:3].capitalize() for day in WEEKDAYS)):
        table.add_column(head, justify="right")
    for row in alert_rows(outcome):
        days = (str(count or "·") for count in row.weekdays)
        table.add_row(row.alert.name, told_as(row.alert), str(row.fired), f"{row.firing / HOUR:.1f}", *days)
    return table


def _firings(outcome: BacktestResult) -> Table:
    table = Table("began", "lasted", "alert", "of", box=box.SIMPLE_HEAD)
    for firing in outcome.replay.firings[:SHOWN]:
        began = f"{firing.start.astimezone(outcome.zone):%a %Y-%m-%d %H:%M}"
        lasted = format_duration(firing.end - firing.start)
        table.add_row(began, lasted, firing.condition.alert.name, escape(series(firing)))
    if len(outcome.replay.firings) > SHOWN:
        table.add_row("…", "", f"{len(outcome.replay.firings) - SHOWN} more: see --report", "")
    return table


def _faults(outcome: BacktestResult) -> Table:
    table = Table("injected", "into", "seen by", "after", "", box=box.SIMPLE_HEAD)
    for sighting in outcome.sightings:
        seen = sighting.alert.condition.alert.name if sighting.alert else "nothing"
        after = format_duration(sighting.after) if sighting.after else "-"
        good = "[green]in time[/green]" if outcome.in_time(sighting) else "[bold red]LATE[/bold red]"
        table.add_row(sighting.injection.kind.value, escape(sighting.injection.column), seen, after, good)
    return table


def verdicts(outcome: BacktestResult) -> Iterator[str]:
    """In a line each: the alarms of a month beside their budget, the faults that were seen in time."""
    found, budget = outcome.alarms, outcome.replay.spec.spec.alerting.false_alarms
    allowed = f" (budget {budget.pages_per_month:g} and {budget.tickets:g})" if budget else ""
    word = {True: "kept: ", False: "MISSED: ", None: ""}[outcome.kept]
    yield f"{word}{found.pages:.2g} pages and {found.tickets:.2g} tickets a month{allowed}"
    if outcome.sightings:
        seen = sum(map(outcome.in_time, outcome.sightings))
        word = "kept" if seen == len(outcome.sightings) else "MISSED"
        yield f"{word}: {seen} of {len(outcome.sightings)} faults seen within {format_duration(outcome.within)}"


# ------------------------------------------------------------------------------------------------ for a program


def json_text(outcome: BacktestResult) -> str:
    """All that was found, as JSON; times are in UTC, durations in seconds."""
    replay, budget = outcome.replay, outcome.replay.spec.spec.alerting.false_alarms
    document = {
        "model": replay.spec.name,
        "spec": replay.spec.fingerprint(),
        "from": _time(replay.stretch.start),
        "to": _time(replay.stretch.end),
        "timezone": outcome.zone.key,
        "windows": len(replay.held),
        "false_positive_rate": replay.spec.spec.thresholds.false_positive_rate,
        "pages_per_month": outcome.alarms.pages,
        "tickets_per_month": outcome.alarms.tickets,
        "budget": budget and {"pages_per_month": budget.pages_per_month, "tickets_per_month": budget.tickets},
        "alerts": [_alert_json(row) for row in alert_rows(outcome)],
        "firings": [_firing_json(firing) for firing in replay.firings],
        "faults": [_fault_json(sighting, outcome) for sighting in outcome.sightings],
        "within_seconds": outcome.within.total_seconds(),
        "ok": outcome.ok,
    }
    return json.dumps(document, indent=2) + "\n"


def _alert_json(row: AlertRow) -> dict[str, Any]:
    return {
        "alert": row.alert.name,
        "severity": row.alert.severity.value,
        "fired": row.fired,
        "firing_seconds": row.firing.total_seconds(),
        "weekdays": dict(zip(WEEKDAYS, row.weekdays, strict=True)),
    }


def _firing_json(firing: Firing) -> dict[str, Any]:
    condition = firing.condition
    pairs = zip(condition.alert.metric.labels, condition.labels, strict=True)
    return {
        "alert": condition.alert.name,
        "labels": {name: value for name, value in pairs if value},
        "from": _time(firing.start),
        "to": _time(firing.end),
    }


def _fault_json(sighting: Detection, outcome: BacktestResult) -> dict[str, Any]:
    return {
        "kind": sighting.injection.kind.value,
        "column": sighting.injection.column,
        "at": _time(sighting.injection.start),
        "alert": sighting.alert.condition.alert.name if sighting.alert else None,
        "after_seconds": sighting.after.total_seconds() if sighting.after else None,
        "in_time": outcome.in_time(sighting),
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
