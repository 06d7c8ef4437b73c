"""What a spec names and its data do not have: an inference log without partitions, and columns of no partition.

A running exporter waits for data that are late. A single refresh (`--once`) is a person's or a job's try of a spec, so
it reports a wrong path or a misspelt column at once, with what lies there instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from exporter.errors import PartitionUnreadable
from exporter.sources.near_names import nearest_name
from exporter.sources.source import ROWS_ONLY, Batch, BrowsableSource, Partition, Source
from exporter.spec.model import Body

_SHOWN: Final = 10
"""How many names a message shows."""


def missing_data(body: Body, source: Source, starts: Sequence[datetime]) -> list[str]:
    """Return what is missing in an inference log, each as a message; nothing if all is there.

    Only the footers of files are read, and those of one partition if it has every column.

    Args:
        body: the spec.
        source: its inference log.
        starts: the partitions of all windows, in UTC; not empty.

    Raises:
        SourceError: the source cannot be listed, or does not answer.
    """
    partitions = source.partitions(starts)
    if not partitions:
        return [_without_partitions(body, source, starts)]
    columns = spec_columns(body)
    known: set[str] = set()
    for start in sorted(partitions, reverse=True):
        known |= _columns(source, partitions[start])
        if columns.keys() <= known:
            return []
    if not known:
        return []  # no partition can be read, which the refresh reports
    return [
        f"{key}: no column {column} in any of {len(partitions)} partitions{nearest(column, known)}"
        for column, key in columns.items()
        if column not in known
    ]


def spec_columns(body: Body) -> Mapping[str, str]:
    """Return the columns of the inference log that a spec names, each with its first key path in the spec."""
    columns: dict[str, str] = {}
    for index, feature in enumerate(body.features):
        columns.setdefault(feature.name, f"spec.features[{index}].name")
    used = body.inference.columns
    for key, column in used.model_dump(exclude_none=True, exclude={"scores", "timestamp_unit"}).items():
        columns.setdefault(column, f"spec.inference.columns.{key}")
    for name, column in used.scores.items():
        columns.setdefault(column, f"spec.inference.columns.scores.{name}")
    for index, proxy in enumerate(body.proxies):
        for column in proxy.ratio.columns if proxy.ratio else ():
            columns.setdefault(column, f"spec.proxies[{index}].ratio")
    return columns


def _columns(source: Source, partition: Partition) -> set[str]:
    """Return the names of a partition's columns; none if it cannot be read."""
    try:
        return source.profile(partition, ROWS_ONLY, _names)
    except PartitionUnreadable:
        return set()


def _names(batches: Iterable[Batch]) -> set[str]:
    return {name for batch in batches for name in batch.schema.names}


def _without_partitions(body: Body, source: Source, starts: Sequence[datetime]) -> str:
    grain, log = body.inference.grain, body.inference.source
    span = f"from {min(starts):%Y-%m-%d %H:%M} to {max(starts) + grain:%Y-%m-%d %H:%M} UTC"
    message = f"spec.inference.source.{log.kind}: no partition {span} at {log.template}"
    return message + what_lies_there(source)


def what_lies_there(source: Source) -> str:
    """Return the end of a message about a path at which nothing was found: the names near it.

    Raises:
        SourceError: the source cannot be listed.
    """
    if not isinstance(source, BrowsableSource):
        return ""
    found = source.browse(_SHOWN)
    if found.matching:
        return f"; files of other times match, such as {found.matching[0]}: --now evaluates as of another time"
    if found.names:
        return f"; no file matches this path, and {found.place} has {_listed(found.names)}"
    return f"; {found.place} is empty"


def nearest(name: str, known: set[str]) -> str:
    """Return the end of a message about a missing column: the name that may be meant, or those that there are."""
    names = sorted(known)
    return nearest_name(name, tuple(names)) or f"; the columns are {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    more = ", …" if len(names) >= _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
