"""A partition's profile from wherever its rows are: by the engine that has them, or by the kernel from batches.

Both give the same profile: counts exactly, sums but for their last digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from exporter import catalogue
from exporter.errors import LeewayError, PartitionUnreadable
from exporter.profiles.binning import Binning
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.group import Group
from exporter.profiles.grouping import MAX_VERSIONS, OTHER_VERSIONS, Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.merging import finished, partition_reduction
from exporter.profiles.sql import GroupBy, Key, ask
from exporter.profiles.sql_answer import profiles
from exporter.profiles.sql_columns import named_column
from exporter.sources.engine import CountingSource
from exporter.sources.reducing import ReducingSource, reduced
from exporter.sources.source import Partition, Selection, Source

K = TypeVar("K")


def count_partitions(
    source: Source, partitions: Mapping[K, Partition], selection: Selection, binning: Binning, grouping: Grouping
) -> Iterator[tuple[K, PartitionProfile | LeewayError]]:
    """Count several partitions: one at a time as each is asked for, or by a source that takes more, as it has them.

    Returns:
        Each with its profile, in any order, or why it has none: `PartitionUnreadable`, or from a source that takes more
        any other.

    Raises:
        SourceError: as `Source.profile`, but `PartitionUnreadable`; the others are not counted then.
    """
    if isinstance(source, ReducingSource):
        for key, found in source.reduce(partitions, selection, partition_reduction(binning, grouping)):
            yield key, finished(found) if isinstance(found, PartitionProfile) else found
        return
    for key, partition in partitions.items():
        try:
            yield key, count_partition(source, partition, selection, binning, grouping)
        except PartitionUnreadable as problem:
            yield key, problem


def count_partition(
    source: Source, partition: Partition, selection: Selection, binning: Binning, grouping: Grouping
) -> PartitionProfile:
    """Count a partition's rows by group; see `exporter.profiles.kernel.profile_partition`.

    An engine tells versions apart. Where roles or segments are to be told too, the rows are read.

    Raises:
        SourceError: as `Source.profile`.
    """
    if isinstance(source, ReducingSource):
        return finished(reduced(source, partition, selection, partition_reduction(binning, grouping)))
    if not isinstance(source, CountingSource) or grouping.role or grouping.segments:
        return source.profile(partition, selection, lambda rows: profile_partition(rows, binning, grouping))
    types = source.types(partition)
    keys, problems = key_columns(types, grouping.keys)
    question = ask(types, binning, GroupBy(keys, catalogue.UNKNOWN_VERSION, MAX_VERSIONS, OTHER_VERSIONS))
    found = profiles(source.count(partition, question.statement), question)
    groups = {Group(of[0] if of else catalogue.UNKNOWN_VERSION): profile for of, profile in found.items()}
    return PartitionProfile(groups, {**question.problems, **problems})


def key_columns(types: Mapping[str, str], columns: tuple[str, ...]) -> tuple[tuple[Key, ...], dict[str, str]]:
    """The columns that tell groups of rows apart as keys, and why the others cannot."""
    keys, problems = [], {}
    for column in columns:
        try:
            named = named_column(column, types[column])
        except KeyError:
            problems[column] = "the column is missing"
        except ColumnMismatch as problem:
            problems[column] = str(problem)
        else:
            keys.append(Key(column, named.name, named.named))
    return tuple(keys), problems
