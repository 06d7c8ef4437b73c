"""What became of the predictions of a trailing reference's weeks: hours that are at hand for the windows as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from exporter.labels.by_score import rebinned
from exporter.labels.outcomes import Outcome
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.service.attempt import Attempt
from exporter.service.labels.labelled_rows import (
    GROUP,
    Rows,
    equal,
    labelled_rows,
    load_rows,
    save_rows,
    score_columns,
    score_edges,
)
from exporter.service.reference_source import WEEK, local_days
from exporter.spec.model import Body, ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

Hours = Mapping[datetime, Mapping[Group, Outcome]]

_OUTCOMES: Final = "outcomes"
"""Below a model's name: whose weeks are left out because of what their labels said."""


@dataclass(frozen=True, slots=True)
class FitInput:
    """What is known at a refresh: the reference's cells and what its rows are, outcomes by hour, and since when."""

    attempt: Attempt
    binning: Binning
    fingerprint: str
    hours: Hours
    mature: datetime
    """Until when predictions are mature."""


def weeks_fitted(body: Body) -> timedelta:
    """How long before the newest mature prediction the oldest lies that a trailing reference is learned from."""
    trailing = body.reference.trailing
    return (trailing // WEEK + 1) * WEEK if body.estimated and trailing is not None else timedelta()


class TrailingOutcomes:
    """The newest whole local weeks that are mature, as many as the reference has, without those left out.

    Left out are the weeks that the reference leaves out, and those whose outcomes were not what was expected. Once none
    is left, what was learned last stays: a drift that persists is not learned away.
    """

    def __init__(self, spec: ModelSpec, store: ProfileStore) -> None:
        """Nothing is known yet."""
        self.problem: str | None = None
        self._spec = spec
        self._store = store
        self._newest: Rows | None = None

    def rows(self, moment: FitInput) -> Rows | None:
        """The sum of those weeks' outcomes; what was kept, where there is no such week."""
        weeks = list(islice(self._weeks(moment), (self._spec.spec.reference.trailing or WEEK) // WEEK))
        found = labelled_rows(
            self._spec, (part for start, part in moment.hours.items() if any(_holds(week, start) for week in weeks))
        )
        if found is not None:
            self._keep(found)
        rows = found or self._kept(moment)
        self.problem = None if rows is not None else "the log holds no whole week without an alarm that is mature"
        return rows

    def _keep(self, rows: Rows) -> None:
        if self._newest is None or not _alike(self._newest, rows):
            save_rows(self._store, self._key(), rows)
            self._newest = rows

    def _kept(self, moment: FitInput) -> Rows | None:
        """What was learned last, in the bins of today."""
        edges = score_edges(self._spec, moment.binning) or []
        rows = load_rows(self._store, self._key(), len(edges))
        return [rebinned(part, own) for part, own in zip(rows, edges, strict=True)] if rows else None

    def leave_out(self, span: Window) -> None:
        """Learn nothing from the outcomes of the local weeks that a window touches."""
        calendar, own = Calendar.of(self._spec.spec.seasonality), f"{self._spec.name}/{_OUTCOMES}"
        first = _monday(calendar.local(span.start).date())
        last = _monday(calendar.local(span.end - timedelta(microseconds=1)).date())
        touched = {first + number * WEEK for number in range((last - first) // WEEK + 1)}
        self._store.save_alarming_weeks(own, self._store.load_alarming_weeks(own) | touched)

    def _left_out(self) -> Collection[date]:
        name = self._spec.name
        return self._store.load_alarming_weeks(name) | self._store.load_alarming_weeks(f"{name}/{_OUTCOMES}")

    def _weeks(self, moment: FitInput) -> Iterator[Window]:
        """Those that may be learned from, the newest first."""
        body, left_out = self._spec.spec, self._left_out()
        zone, grain = ZoneInfo(body.seasonality.timezone), body.inference.grain
        first = min(moment.hours, default=moment.mature)
        monday = _monday(Calendar.of(body.seasonality).local(moment.mature).date()) - WEEK
        while (week := local_days(monday, monday + timedelta(days=6), zone, grain)).start >= first:
            if week.end <= moment.mature and monday not in left_out:
                yield week
            monday -= WEEK

    def _key(self) -> Key:
        body, columns = self._spec.spec, str(score_columns(self._spec))
        labels = body.labels.columns.model_dump_json() if body.labels is not None else ""
        return Key(f"{self._spec.name}/{GROUP}", "trailing", (columns, labels, body.task))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _holds(week: Window, start: datetime) -> bool:
    return week.start <= start < week.end


def _alike(one: Rows, two: Rows) -> bool:
    """Whether they are counted in the same bins, and nothing in them differs."""
    return all(len(a.known) == len(b.known) for a, b in zip(one, two, strict=True)) and equal(one, two)
