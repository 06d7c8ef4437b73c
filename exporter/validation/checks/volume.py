"""Whether windows have enough rows, and which versions and roles the log has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from exporter.catalogue import CHALLENGER
from exporter.profiles.grouping import MAX_ROLES, ROLE
from exporter.profiles.profile import most_frequent
from exporter.spec.model import Body
from exporter.spec.value_types import format_duration
from exporter.validation.checks.labels import value_counts
from exporter.validation.finding import Finding, Place, percent, shown
from exporter.validation.sample import LogSample, Rows

_DAY: Final = timedelta(days=1)
_UNIQUE: Final = 0.9
_ENOUGH: Final = 30


def row_findings(body: Body, log: LogSample) -> Iterator[Finding]:
    """Yield the windows of the last day that have too few rows for drift scores, by length."""
    rows = rows_by_partition(log)
    if not rows:
        return
    least, newest = body.thresholds.min_rows, max(rows)
    for length in body.windows:
        ends = [start for start in sorted(rows) if start > newest - _DAY]
        sums = [sum(rows.get(end - step * log.grain, 0) for step in range(length // log.grain)) for end in ends]
        few = sum(each < least for each in sums)
        if few:
            name = format_duration(length)
            message = (
                f"{few} of the last {len(sums)} windows of {name} have fewer than {least} rows, the fewest"
                f" {round(min(sums))}: they have no drift scores"
            )
            severe = log.place.warning if 2 * few >= len(sums) else log.place.note
            yield severe("few_rows", message, "use longer windows, or lower thresholds.min_rows")


def rows_by_partition(log: LogSample) -> Mapping[datetime, float]:
    """Return the rows of each partition, in proportion to its stored size; of an unknown size, those of the sample."""
    sample = log.rows
    if sample is None or not sample.total:
        return {}
    size = sample.partition.size
    return {
        start: sample.total * partition.size / size if size else float(sample.total)
        for start, partition in log.partitions.items()
    }


def group_findings(body: Body, stream: str, rows: Rows) -> Iterator[Finding]:
    """Yield the versions and roles of some rows."""
    columns = body.inference.columns
    if columns.model_version is not None:
        place = Place(stream, "spec.inference.columns.model_version", columns.model_version)
        yield from _versions(body, place, rows)
    if columns.role is not None:
        yield from _roles(Place(stream, "spec.inference.columns.role", columns.role), rows)


def _versions(body: Body, place: Place, rows: Rows) -> Iterator[Finding]:
    counts, limit = value_counts(rows.column(place.column)), body.limits.versions
    total = sum(counts.values())
    if not total:
        return
    message = f"versions: {len(counts)}, in {total} rows: {shown(most_frequent(counts, 5))}"
    if len(counts) > _UNIQUE * total and total >= _ENOUGH:
        yield place.error("versions", message, "name the column of the model's version, not of an id")
    elif len(counts) > limit:
        advice = f"only {limit} are exposed: raise limits.versions, or name a coarser column"
        yield place.warning("versions", message, advice)
    else:
        yield place.note("versions", message)
    without = rows.count - total
    if without:
        share = without / rows.count
        yield place.by_share(share, "version_missing", f"{percent(share)} of the rows have no version")


def _roles(place: Place, rows: Rows) -> Iterator[Finding]:
    counts = value_counts(rows.column(place.column))
    if not counts:
        return
    message = f"the roles are {shown(most_frequent(counts, 5))}"
    if {ROLE.named(name) for name in counts} == {CHALLENGER}:
        yield place.warning("roles", message, "a challenger never alerts: see whether the champion is logged too")
    elif len(counts) > MAX_ROLES:
        yield place.warning("roles", message, f"only {MAX_ROLES} are told apart: name the column of the role")
    else:
        yield place.note("roles", message)
