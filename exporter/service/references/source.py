"""Where a model's reference is: a data set of its own, days of the inference log, or the log's own last weeks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from exporter.errors import ReferenceUnusable
from exporter.service.missing_data import what_lies_there
from exporter.sources.opening import open_log, open_source
from exporter.sources.source import Partition, Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import Window, newest_end

STREAM: Final = "reference"
"""The value of the series label `stream` for the reference."""
WEEK: Final = timedelta(weeks=1)
LOOK_BACK: Final = 26
"""How many weeks back trailing ones are searched, if some were alarming or are empty."""

Weeks = Callable[[], Collection[date]]
"""Returns the Mondays of the weeks in which a model was alarming."""


class ReferenceSource(Protocol):
    """Where a reference is."""

    @property
    def source(self) -> Source:
        """The source that reads it."""
        ...

    @property
    def timestamp(self) -> str | None:
        """Its column of times, if it has one."""
        ...

    @property
    def unit(self) -> TimeUnit | None:
        """The unit of epoch numbers in this column, where the spec names it."""
        ...

    @property
    def span(self) -> Window | None:
        """The times that rows of what was found last may have; None for a data set."""
        ...

    def find(self, now: datetime) -> Partition:
        """Return everything that is stored for it at `now`, as one partition.

        Raises:
            SourceError: the source does not answer.
            ReferenceUnusable: there is nothing, or not all of it yet.
        """
        ...


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set, usually the training data; `name` is its path or table, for messages."""

    source: Source
    timestamp: str | None
    name: str
    unit: TimeUnit | None = None

    @property
    def span(self) -> Window | None:
        """Any time: where a data set begins and ends is not known."""
        return None

    def find(self, now: datetime) -> Partition:
        """Return all of its files."""
        data = self.source.dataset()
        if data is None:
            raise ReferenceUnusable(f"there is nothing at {self.name}{what_lies_there(self.source)}")
        return data


@dataclass(slots=True)
class LogPeriod:
    """A period of the inference log; it is listed once a day, since a month takes many requests."""

    source: Source
    timestamp: str | None
    period: Window
    delay: timedelta
    grain: timedelta
    unit: TimeUnit | None = None
    _listed: tuple[date, Partition] | None = field(default=None, init=False)

    @property
    def span(self) -> Window | None:
        """The period, with what clocks may differ."""
        return self.period.tolerant(self.grain)

    def find(self, now: datetime) -> Partition:
        """Return all partitions of the period, as one."""
        if newest_end(now, self.delay, self.grain) < self.period.end:
            raise ReferenceUnusable(f"the reference's period does not end before {self.period.end:%Y-%m-%d %H:%M} UTC")
        if self._listed is None or self._listed[0] != now.date():
            self._listed = (now.date(), self._list())
        return self._listed[1]

    def _list(self) -> Partition:
        listed = self.source.partitions(self.period.partitions(self.grain))
        if not listed:
            raise ReferenceUnusable(f"the log holds nothing from {self.period.start} to {self.period.end}")
        return _as_one(f"{self.period.start:%Y-%m-%d} to {self.period.end:%Y-%m-%d}", listed)


@dataclass(slots=True)
class LogTrailing:
    """The newest whole local weeks of the inference log in which the model was not alarming.

    The weeks change on Mondays; they are listed once a day. A week in which an alert was active is never part of the
    reference, so a drift that persists is compared with the weeks before it for as long as it lasts.
    """

    source: Source
    timestamp: str | None
    weeks: int
    zone: ZoneInfo
    delay: timedelta
    grain: timedelta
    alarming: Weeks
    unit: TimeUnit | None = None
    span: Window | None = field(default=None, init=False)
    _listed: tuple[date, tuple[date, ...], Partition] | None = field(default=None, init=False)

    def find(self, now: datetime) -> Partition:
        """Return all partitions of these weeks, as one."""
        mondays = tuple(self._mondays(now))
        if self._listed is None or self._listed[:2] != (now.date(), mondays):
            self._listed = (now.date(), mondays, self._list(mondays))
        return self._listed[2]

    def _mondays(self, now: datetime) -> Iterator[date]:
        """Yield the Mondays of past whole weeks without an alarm, the newest first."""
        end, alarming = newest_end(now, self.delay, self.grain), self.alarming()
        today = end.astimezone(self.zone).date()
        this_week = today - timedelta(days=today.weekday())
        mondays = (this_week - number * WEEK for number in range(1, LOOK_BACK + 1))
        return (monday for monday in mondays if monday not in alarming)

    def _list(self, mondays: tuple[date, ...]) -> Partition:
        listings = (self.source.partitions(self._week(monday).partitions(self.grain)) for monday in mondays)
        weeks = list(islice(filter(None, listings), self.weeks))
        if not weeks:
            raise ReferenceUnusable(f"the log holds no whole week without an alarm among the last {LOOK_BACK}")
        parts = {start: part for listed in weeks for start, part in listed.items()}
        self.span = Window(min(parts), max(parts) + self.grain).tolerant(self.grain)
        return _as_one(f"{len(weeks)} weeks since {min(parts):%Y-%m-%d}", parts)

    def _week(self, monday: date) -> Window:
        return local_days(monday, monday + timedelta(days=6), self.zone, self.grain)


def _as_one(name: str, listed: Mapping[datetime, Partition]) -> Partition:
    """Return partitions as one, in the order of time."""
    return Partition(name, tuple(item for start in sorted(listed) for item in listed[start].objects))


def open_reference(loaded: LoadedSpec, alarming: Weeks) -> ReferenceSource:
    """Return the reference that a spec names; nothing is read yet.

    Args:
        loaded: the spec.
        alarming: returns the weeks that a trailing reference excludes.

    Raises:
        SourceError: it names a source that this release does not read.
    """
    body = loaded.spec.spec
    reference, log = body.reference, body.inference
    if reference.source is not None:
        stream = Stream(loaded.spec.name, STREAM)
        source = open_source(reference.source, loaded.folder, stream)
        columns = reference.columns
        return DataSet(source, columns.timestamp, reference.source.template, columns.timestamp_unit)
    zone, source = ZoneInfo(body.seasonality.timezone), open_log(loaded, STREAM)
    timestamp, unit = log.columns.timestamp, log.columns.timestamp_unit
    if reference.period is not None:
        period = local_days(reference.period.start, reference.period.end, zone, log.grain)
        return LogPeriod(source, timestamp, period, log.delay, log.grain, unit)
    weeks = (reference.trailing or WEEK) // WEEK
    return LogTrailing(source, timestamp, weeks, zone, log.delay, log.grain, alarming, unit)


def local_days(first: date, last: date, zone: ZoneInfo, grain: timedelta) -> Window:
    """Return the window from the start of the first day to the end of the last, in the zone's local time.

    Where a partition spans a local midnight, as a UTC day does, the window begins and ends with the next partition.
    """
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    return Window(_next(start, grain), _next(end, grain))


def _next(instant: datetime, grain: timedelta) -> datetime:
    """Return the first multiple of the grain that is not before an instant."""
    before = newest_end(instant, timedelta(), grain)
    return before if before == instant else before + grain
