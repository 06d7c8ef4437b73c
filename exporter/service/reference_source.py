"""Where a model's reference is: a data set of its own, days of the inference log, or the log's own last weeks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from exporter.errors import ReferenceUnusable
from exporter.sources.opening import open_log, open_source
from exporter.sources.source import Partition, Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.windows import Window, newest_end

STREAM: Final = "reference"
"""The `stream` of the reference, beside that of predictions."""
WEEK: Final = timedelta(weeks=1)
LOOK_BACK: Final = 26
"""Weeks among which trailing ones are looked for, when some were alarming or hold nothing."""

Weeks = Callable[[], Collection[date]]
"""The Mondays of the weeks in which a model was alarming."""


class ReferenceSource(Protocol):
    """What a reference is read from; `timestamp` is its column of times, if it has one."""

    @property
    def source(self) -> Source:
        """What reads it."""
        ...

    @property
    def timestamp(self) -> str | None:
        """Its column of times."""
        ...

    def find(self, now: datetime) -> Partition:
        """What is stored for it.

        Raises:
            SourceError: when the source does not answer.
            ReferenceUnusable: when there is nothing, or not all of it yet.
        """
        ...


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set, usually what the model was trained on; `name` is where a person finds it."""

    source: Source
    timestamp: str | None
    name: str

    def find(self, now: datetime) -> Partition:
        """All of its files."""
        found = self.source.dataset()
        if found is None:
            raise ReferenceUnusable(f"there is nothing at {self.name}")
        return found


@dataclass(slots=True)
class LogPeriod:
    """A stretch of the inference log; what it holds is looked up once a day, since a month of it is many listings."""

    source: Source
    timestamp: str | None
    period: Window
    delay: timedelta
    grain: timedelta
    _found: tuple[date, Partition] | None = field(default=None, init=False)

    def find(self, now: datetime) -> Partition:
        """All partitions of the period, as one."""
        if newest_end(now, self.delay, self.grain) < self.period.end:
            raise ReferenceUnusable(f"the reference's period is not over before {self.period.end:%Y-%m-%d %H:%M} UTC")
        if self._found is None or self._found[0] != now.date():
            self._found = (now.date(), self._listed())
        return self._found[1]

    def _listed(self) -> Partition:
        listed = self.source.partitions(self.period.partitions(self.grain))
        if not listed:
            raise ReferenceUnusable(f"the log holds nothing from {self.period.start} to {self.period.end}")
        return _together(f"{self.period.start:%Y-%m-%d} to {self.period.end:%Y-%m-%d}", listed)


@dataclass(slots=True)
class LogTrailing:
    """The newest whole local weeks of the inference log in which the model was not alarming.

    The weeks change on Mondays; what they hold is looked up once a day. A week in which an alert held is never learned
    from, so a drift that persists is compared with the weeks before it for as long as it lasts.
    """

    source: Source
    timestamp: str | None
    weeks: int
    zone: ZoneInfo
    delay: timedelta
    grain: timedelta
    alarming: Weeks
    _found: tuple[date, tuple[date, ...], Partition] | None = field(default=None, init=False)

    def find(self, now: datetime) -> Partition:
        """All partitions of these weeks, as one."""
        calm = tuple(self._calm(now))
        if self._found is None or self._found[:2] != (now.date(), calm):
            self._found = (now.date(), calm, self._listed(calm))
        return self._found[2]

    def _calm(self, now: datetime) -> Iterator[date]:
        """The Mondays of the whole weeks that have passed without an alarm, the newest first."""
        end, left_out = newest_end(now, self.delay, self.grain), self.alarming()
        today = end.astimezone(self.zone).date()
        this_week = today - timedelta(days=today.weekday())
        mondays = (this_week - number * WEEK for number in range(1, LOOK_BACK + 1))
        return (monday for monday in mondays if monday not in left_out)

    def _listed(self, mondays: tuple[date, ...]) -> Partition:
        listings = (self.source.partitions(self._week(monday).partitions(self.grain)) for monday in mondays)
        found = list(islice(filter(None, listings), self.weeks))
        if not found:
            raise ReferenceUnusable(f"the log holds no whole week without an alarm among the last {LOOK_BACK}")
        parts = {start: part for listed in found for start, part in listed.items()}
        return _together(f"{len(found)} weeks since {min(parts):%Y-%m-%d}", parts)

    def _week(self, monday: date) -> Window:
        return local_days(monday, monday + timedelta(days=6), self.zone, self.grain)


def _together(name: str, listed: Mapping[datetime, Partition]) -> Partition:
    """Partitions as one, in the order of time."""
    return Partition(name, tuple(item for start in sorted(listed) for item in listed[start].objects))


def open_reference(loaded: LoadedSpec, alarming: Weeks) -> ReferenceSource:
    """The reference that a spec names; nothing is read yet.

    Args:
        loaded: the spec.
        alarming: asked for the weeks that a trailing reference leaves out.

    Raises:
        SourceError: when it names a source that this release does not read.
    """
    body = loaded.spec.spec
    reference, log = body.reference, body.inference
    if reference.source is not None:
        stream = Stream(loaded.spec.name, STREAM)
        source = open_source(reference.source, loaded.folder, stream)
        return DataSet(source, reference.columns.timestamp, reference.source.template)
    zone, source = ZoneInfo(body.seasonality.timezone), open_log(loaded, STREAM)
    if reference.period is not None:
        period = local_days(reference.period.start, reference.period.end, zone, log.grain)
        return LogPeriod(source, log.columns.timestamp, period, log.delay, log.grain)
    weeks = (reference.trailing or WEEK) // WEEK
    return LogTrailing(source, log.columns.timestamp, weeks, zone, log.delay, log.grain, alarming)


def local_days(first: date, last: date, zone: ZoneInfo, grain: timedelta) -> Window:
    """From the midnight that begins the first day to the one that ends the last, on the zone's own clock.

    Where a partition spans a midnight, as days in UTC do elsewhere, the period is made of those that begin within it.
    """
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    return Window(_next(start, grain), _next(end, grain))


def _next(instant: datetime, grain: timedelta) -> datetime:
    """The first multiple of the grain that is not before an instant."""
    before = newest_end(instant, timedelta(), grain)
    return before if before == instant else before + grain
