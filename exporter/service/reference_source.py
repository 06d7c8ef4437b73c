"""Where a model's reference is: a data set of its own, or days of the inference log itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from exporter.errors import ReferenceUnusable
from exporter.sources.opening import open_source
from exporter.sources.source import Partition, Source
from exporter.spec.file import LoadedSpec
from exporter.spec.windows import Window, newest_end


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
        objects = tuple(item for start in sorted(listed) for item in listed[start].objects)
        return Partition(f"{self.period.start:%Y-%m-%d} to {self.period.end:%Y-%m-%d}", objects)


def open_reference(loaded: LoadedSpec) -> ReferenceSource:
    """The reference that a spec names; nothing is read yet.

    Raises:
        ReferenceUnusable: when the spec asks for what this release does not do.
        SourceError: when it names a source that this release does not read.
    """
    body = loaded.spec.spec
    reference, log = body.reference, body.inference
    if reference.source is not None:
        source = open_source(reference.source, loaded.folder)
        return DataSet(source, reference.columns.timestamp, reference.source.template)
    if reference.period is None:
        raise ReferenceUnusable("reference.trailing is not evaluated yet: give reference.source or reference.period")
    zone = ZoneInfo(body.seasonality.timezone)
    period = local_days(reference.period.start, reference.period.end, zone, log.grain)
    return LogPeriod(open_source(log.source, loaded.folder), log.columns.timestamp, period, log.delay, log.grain)


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
