"""The outcomes of a trailing reference's weeks: of hours that are evaluated for the windows as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from exporter.labels.outcomes import Outcome
from exporter.labels.sums.by_score import rebinned
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
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
from exporter.service.labels.noise import GROUP as NOISE_GROUP
from exporter.service.labels.noise import LogFits, load_noise, save_noise
from exporter.service.references.source import WEEK, local_days
from exporter.spec.model import Body, ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

Hours = Mapping[datetime, Mapping[Group, Outcome]]

_OUTCOMES: Final = "outcomes"
"""The name, below the model's, of the weeks whose outcomes are excluded."""


@dataclass(frozen=True, slots=True)
class FitInput:
    """What an estimator is fitted on: the reference's binning, the fingerprint of its rows, and outcomes by hour."""

    attempt: Attempt
    binning: Binning
    fingerprint: str
    hours: Hours
    mature: datetime
    """The end of mature predictions."""


def weeks_fitted(body: Body) -> timedelta:
    """Return how much older than the newest mature prediction those are that an estimator is fitted on."""
    trailing = body.reference.trailing
    return (trailing // WEEK + 1) * WEEK if body.estimated and trailing is not None else timedelta()


class TrailingOutcomes:
    """The newest whole local weeks that are mature, as many as the reference has, without excluded weeks.

    Excluded are the weeks that the reference excludes, and those in which outcomes differed from the estimate. While no
    week is left, the rows of the last fit stay: the estimator does not adapt to a drift that persists.
    """

    def __init__(self, spec: ModelSpec, store: ProfileStore) -> None:
        """Nothing is summed yet."""
        self.problem: str | None = None
        self.noise = INDEPENDENT
        self._spec = spec
        self._store = store
        self._newest: Rows | None = None
        self._fit = LogFits(partial(fit_log, spec))

    def rows(self, fit_input: FitInput) -> Rows | None:
        """Return the sum of those weeks' outcomes; the last sum, where there is no such week."""
        weeks = list(islice(self._weeks(fit_input), (self._spec.spec.reference.trailing or WEEK) // WEEK))
        hours = {
            start: part for start, part in fit_input.hours.items() if any(_contains(week, start) for week in weeks)
        }
        summed = labelled_rows(self._spec, hours.values())
        if summed is not None:
            self._save(summed)
            self._save_noise(self._fit.fit(hours))
        elif not self.noise.excess:
            self.noise = load_noise(self._store, self._noise_key) or INDEPENDENT
        rows = summed or self._load(fit_input)
        self.problem = None if rows is not None else "the log holds no whole week without an alarm that is mature"
        return rows

    def _save(self, rows: Rows) -> None:
        if self._newest is None or not _same_rows(self._newest, rows):
            save_rows(self._store, self._key(), rows)
            self._newest = rows

    def _save_noise(self, noise: LabelNoise) -> None:
        if noise is not self.noise:
            save_noise(self._store, self._noise_key, noise)
            self.noise = noise

    @property
    def _noise_key(self) -> Key:
        key = self._key()
        return Key(f"{self._spec.name}/{NOISE_GROUP}", key.name, key.sources)

    def _load(self, fit_input: FitInput) -> Rows | None:
        """The last sum, in the bins of today."""
        edges = score_edges(self._spec, fit_input.binning) or []
        rows = load_rows(self._store, self._key(), len(edges))
        return [rebinned(part, own) for part, own in zip(rows, edges, strict=True)] if rows else None

    def exclude_weeks(self, span: Window) -> None:
        """Exclude the local weeks that a window touches."""
        calendar, own = Calendar.of(self._spec.spec.seasonality), excluded_outcomes(self._spec.name)
        first = _monday(calendar.local(span.start).date())
        last = _monday(calendar.local(span.end - timedelta(microseconds=1)).date())
        touched = {first + number * WEEK for number in range((last - first) // WEEK + 1)}
        self._store.save_alarming_weeks(own, self._store.load_alarming_weeks(own) | touched)

    def _excluded(self) -> Collection[date]:
        name = self._spec.name
        return self._store.load_alarming_weeks(name) | self._store.load_alarming_weeks(excluded_outcomes(name))

    def _weeks(self, fit_input: FitInput) -> Iterator[Window]:
        """The weeks that are not excluded, the newest first."""
        body, excluded = self._spec.spec, self._excluded()
        zone, grain = ZoneInfo(body.seasonality.timezone), body.inference.grain
        first = min(fit_input.hours, default=fit_input.mature)
        monday = _monday(Calendar.of(body.seasonality).local(fit_input.mature).date()) - WEEK
        while (week := local_days(monday, monday + timedelta(days=6), zone, grain)).start >= first:
            if week.end <= fit_input.mature and monday not in excluded:
                yield week
            monday -= WEEK

    def _key(self) -> Key:
        body, columns = self._spec.spec, str(score_columns(self._spec))
        labels = body.labels.columns.model_dump_json() if body.labels is not None else ""
        return Key(f"{self._spec.name}/{GROUP}", "trailing", (columns, labels, body.task))


def excluded_outcomes(model: str) -> str:
    """Return the name under which the weeks of a model are stored whose outcomes are excluded."""
    return f"{model}/{_OUTCOMES}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _contains(week: Window, start: datetime) -> bool:
    return week.start <= start < week.end


def _same_rows(left: Rows, right: Rows) -> bool:
    """Whether both have the same counts in the same bins."""
    return all(len(a.known) == len(b.known) for a, b in zip(left, right, strict=True)) and equal(left, right)
