"""Whether a log has its partitions: any at all, the newest in time, and all of the last day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from exporter.spec.value_types import format_bytes, format_duration
from exporter.validation.finding import Finding
from exporter.validation.sample import LogSample

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_SHOWN: Final = 5


def partition_findings(log: LogSample, now: datetime, stale_after: timedelta | None) -> Iterator[Finding]:
    """Yield what is wrong with the partitions of a log, or a note on the newest.

    Args:
        log: its partitions.
        now: the time of the check.
        stale_after: the age at which values are no longer exposed; None for a log of labels, which may pause.
    """
    if log.failure or not log.wanted:
        return
    if not log.partitions:
        span = f"from {_time(min(log.wanted))} to {_time(max(log.wanted) + log.grain)}"
        message = f"no partition {span} at {log.template}{log.nearby}"
        yield log.place.error("no_partitions", message, "correct the path, the grain or the writer's time zone")
        return
    newest = max(log.partitions)
    age = now - (newest + log.grain)
    late = newest < max(log.wanted)
    size, files = log.partitions[newest].size, len(log.partitions[newest].objects)
    message = (
        f"the newest of {len(log.partitions)} partition{'s' * (len(log.partitions) != 1)} is"
        f" {log.partitions[newest].name}, which ended"
        f" {format_duration(max(age - age % _MINUTE, _MINUTE))} ago ({files} file{'s' * (files > 1)},"
        f" {format_bytes(size)})"
    )
    if stale_after is not None and age > stale_after:
        advice = f"values are withdrawn after {format_duration(stale_after)}: see why the writer stopped"
        yield log.place.error("stale", message, advice)
    elif stale_after is not None and late:
        advice = "raise delay if partitions come later than that after their end"
        yield log.place.warning("newest_missing", f"{message}: newer ones are missing", advice)
    else:
        yield log.place.note("newest", message)
    yield from _gaps(log, newest, required=stale_after is not None)


def _gaps(log: LogSample, newest: datetime, *, required: bool) -> Iterator[Finding]:
    """Yield the partitions that are missing between those of the last day, or of the last three."""
    since = newest - max(_DAY, 3 * log.grain)
    oldest = min(log.partitions)
    missing = [start for start in log.wanted if max(since, oldest) < start < newest and start not in log.partitions]
    if not missing:
        return
    message = f"{len(missing)} of the last day's partitions missing: {_listed(missing)}"
    if required:
        yield log.place.warning("gaps", message, "see whether there was no traffic, or the files have other names")
    else:
        yield log.place.note("gaps", message)


def _listed(starts: Sequence[datetime]) -> str:
    return ", ".join(map(_time, starts[:_SHOWN])) + (", …" if len(starts) > _SHOWN else "")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
