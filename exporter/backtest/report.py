"""The result of a backtest: as tables for a terminal, and as JSON."""

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
from exporter.backtest.firing import Firing, incidents, notifications
from exporter.backtest.replaying import Detection, Replay
from exporter.catalogue import Alert, Severity
from exporter.samples.judgements import JUDGED
from exporter.spec.loading import LoadedSpec
from exporter.spec.seasons import WEEKDAYS
from exporter.spec.value_types import format_duration

SHOWN: Final = 20
"""The maximum number of alerts in the terminal; the JSON contains all."""
PROBLEMS_SHOWN: Final = 5
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A replay, the detections of the injected faults, and the time in which they must be detected."""

    loaded: LoadedSpec
    replay: Replay
    detections: Sequence[Detection]
    within: timedelta

    @property
    def zone(self) -> ZoneInfo:
        """The model's time zone."""
        return ZoneInfo(self.replay.spec.spec.seasonality.timezone)

    @property
    def alarms(self) -> Alarms:
        """The notifications per month."""
        return alarms(self.replay)

    @property
    def kept(self) -> bool | None:
        """Whether the false-alarm budget is kept; None when there is none."""
        budget = self.replay.spec.spec.alerting.false_alarms
        return None if budget is None else self.alarms.within(budget)

    def in_time(self, detection: Detection) -> bool:
        """Return whether a fault was detected in time; labels have the time in which they mature besides."""
        return detection.after is not None and detection.after <= self.within + detection.injection.matures

    @property
    def visible(self) -> Sequence[Detection]:
        """The detections of faults that change something."""
        return [detection for detection in self.detections if not detection.injection.unseen]

    @property
    def ok(self) -> bool:
        """Whether the budget is kept and every fault was detected in time."""
        return self.kept is not False and all(map(self.in_time, self.visible))


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert in the replay: how often and how long it fired, and on which local weekdays it began, Monday first.

    It counts as fired whenever one of its series begins, also while others are firing. `firing` is how long any of them
    fired, and `at_end` is how many of them still did at the end.
    """

    alert: Alert
    fired: int
    firing: timedelta
    at_end: int
    weekdays: tuple[int, ...]


def alert_rows(result: BacktestResult) -> list[AlertRow]:
    """Return a row for every alert that was judged, even if it never fired."""
    evaluated = {alert for ratios in result.replay.threshold_ratios.values() for alert in ratios}
    return [_row(alert, result) for alert in JUDGED if alert in evaluated]


def _row(alert: Alert, result: BacktestResult) -> AlertRow:
    own = [firing for firing in result.replay.firings if firing.condition.alert == alert]
    starts = notifications(own)
    days = [start.astimezone(result.zone).weekday() for start in starts]
    lasted = sum((end - start for start, end in incidents(own)), timedelta())
    at_end = sum(firing.end >= result.replay.until for firing in own)
    return AlertRow(alert, len(starts), lasted, at_end, tuple(days.count(day) for day in range(7)))


def notification_kind(alert: Alert) -> str:
    """Return how an alert is delivered: as a page, a ticket or a note."""
    return {Severity.CRITICAL: "page", Severity.WARNING: "ticket", Severity.INFO: "note"}[alert.severity]


def series_labels(firing: Firing) -> str:
    """Return the label values of an alert's series without its model: `v3, age, 1h`."""
    condition = firing.condition
    pairs = zip(condition.alert.metric.labels, condition.labels, strict=True)
    return ", ".join(value for name, value in pairs if value and name != catalogue.MODEL)


# ------------------------------------------------------------------------------------------------ for a terminal


def tables(result: BacktestResult) -> Iterator[RenderableType]:
    """Yield the tables and lines for a terminal."""
    replay, zone = result.replay, result.zone
    start, end = (time.astimezone(zone) for time in (replay.period.start, replay.period.end))
    rate = replay.spec.spec.thresholds.false_positive_rate
    yield (
        f"[bold]{replay.spec.name}[/bold]: {len(replay.conditions)} windows, from {start:%a %Y-%m-%d %H:%M} to"
        f" {end:%a %Y-%m-%d %H:%M}\n{zone.key}, false-positive rate {rate:g}, {_counted(replay)} of log"
    )
    yield _alerts(result)
    if replay.firings:
        yield _firings(result)
    if result.detections:
        yield _faults(result)
    for subject, reason in [*replay.problems.items()][:PROBLEMS_SHOWN]:
        yield escape(f"{subject}: {reason}")
    yield from verdicts(result)


def _counted(replay: Replay) -> str:
    days = round(replay.counted / timedelta(days=1), 1)
    return f"{days:g} day{'' if days == 1 else 's'}"


def _alerts(result: BacktestResult) -> Table:
    table = Table("alert", "as a", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for head in ("fired", "hours", "end", *(day[:2].capitalize() for day in WEEKDAYS)):
        table.add_column(head, justify="right")
    for row in alert_rows(result):
        days = (str(count or "·") for count in row.weekdays)
        table.add_row(
            row.alert.name,
            notification_kind(row.alert),
            str(row.fired),
            f"{row.firing / HOUR:.1f}",
            str(row.at_end or "·"),
            *days,
        )
    return table


def _firings(result: BacktestResult) -> Table:
    table = Table("began", "lasted", "alert", "of", box=box.SIMPLE_HEAD)
    for firing in result.replay.firings[:SHOWN]:
        began = f"{firing.start.astimezone(result.zone):%a %Y-%m-%d %H:%M}"
        lasted = format_duration(firing.end - firing.start)
        table.add_row(began, lasted, firing.condition.alert.name, escape(series_labels(firing)))
    if len(result.replay.firings) > SHOWN:
        table.add_row("…", "", f"{len(result.replay.firings) - SHOWN} more: see --report", "")
    return table


def _faults(result: BacktestResult) -> Table:
    table = Table("injected", "into", "seen by", "after", "", box=box.SIMPLE_HEAD)
    for detection in result.detections:
        seen = detection.alert.condition.alert.name if detection.alert else "nothing"
        after = format_duration(detection.after) if detection.after else "-"
        word = outcome(detection, result)
        style = {"in time": "green", "LATE": "bold red"}.get(word)
        good = f"[{style}]{word}[/{style}]" if style else word
        table.add_row(detection.injection.kind.value, escape(detection.injection.column), seen, after, good)
    return table


def outcome(detection: Detection, result: BacktestResult) -> str:
    """Return in a few words whether a fault was detected."""
    if detection.injection.unseen:
        return "constant: nothing changes"
    return "in time" if result.in_time(detection) else "LATE"


def verdicts(result: BacktestResult) -> Iterator[str]:
    """Yield one line for the false-alarm budget, and one for the faults that were detected in time."""
    measured, budget = result.alarms, result.replay.spec.spec.alerting.false_alarms
    allowed = f" (budget {budget.pages_per_month:g} and {budget.tickets:g})" if budget else ""
    word = {True: "kept: ", False: "MISSED: ", None: ""}[result.kept]
    yield f"{word}{measured.pages:.2g} pages and {measured.tickets:.2g} tickets a month{allowed}"
    if result.visible:
        seen = sum(map(result.in_time, result.visible))
        word = "kept" if seen == len(result.visible) else "MISSED"
        mature = any(detection.injection.matures for detection in result.visible)
        also = ", those of labels once their windows are mature" if mature else ""
        yield f"{word}: {seen} of {len(result.visible)} faults seen within {format_duration(result.within)}{also}"


# ------------------------------------------------------------------------------------------------ for a program


def json_text(result: BacktestResult) -> str:
    """Return the whole result as JSON, with times in UTC and durations in seconds."""
    replay, budget = result.replay, result.replay.spec.spec.alerting.false_alarms
    document = {
        "model": replay.spec.name,
        "spec": replay.spec.fingerprint(),
        "from": _time(replay.period.start),
        "to": _time(replay.period.end),
        "timezone": result.zone.key,
        "windows": len(replay.conditions),
        "days": round(replay.counted / timedelta(days=1), 2),
        "problems": dict(replay.problems),
        "false_positive_rate": replay.spec.spec.thresholds.false_positive_rate,
        "pages_per_month": result.alarms.pages,
        "tickets_per_month": result.alarms.tickets,
        "budget": budget and {"pages_per_month": budget.pages_per_month, "tickets_per_month": budget.tickets},
        "alerts": [_alert_json(row) for row in alert_rows(result)],
        "firings": [_firing_json(firing) for firing in replay.firings],
        "faults": [_fault_json(detection, result) for detection in result.detections],
        "within_seconds": result.within.total_seconds(),
        "ok": result.ok,
    }
    return json.dumps(document, indent=2) + "\n"


def _alert_json(row: AlertRow) -> dict[str, Any]:
    return {
        "alert": row.alert.name,
        "severity": row.alert.severity.value,
        "fired": row.fired,
        "firing_seconds": row.firing.total_seconds(),
        "firing_at_end": row.at_end,
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


def _fault_json(detection: Detection, result: BacktestResult) -> dict[str, Any]:
    return {
        "kind": detection.injection.kind.value,
        "column": detection.injection.column,
        "at": _time(detection.injection.start),
        "alert": detection.alert.condition.alert.name if detection.alert else None,
        "after_seconds": detection.after.total_seconds() if detection.after else None,
        "in_time": result.in_time(detection),
        "unseen": detection.injection.unseen,
    }


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
