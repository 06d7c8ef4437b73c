"""A partition's profile, counted by the engine that stores its rows, or by the kernel from batches of rows.

Both give the same profile: counts exactly, sums up to their last digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from exporter import catalogue
from exporter.errors import FileUnavailable, LeewayError, PartitionUnreadable
from exporter.profiles.binning import Binning
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.group import Group
from exporter.profiles.grouping import ROLE, VERSION, Axis, Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.merging import limit_novel_of_groups, partition_reduction
from exporter.profiles.profile import Profile
from exporter.sources.engine import CountingSource
from exporter.sources.near_names import missing_column
from exporter.sources.reducing import ReducingSource, reduce_partition
from exporter.sources.source import Partition, Selection, Source
from exporter.sql.columns import CategoryColumn, category_column, unreadable_columns
from exporter.sql.groups import GroupBy, Key, SegmentKey
from exporter.sql.result import RowGroup, profiles_of_results
from exporter.sql.statement import ProfileQuery, profile_query

K = TypeVar("K")


def count_partitions(
    source: Source, partitions: Mapping[K, Partition], selection: Selection, binning: Binning, grouping: Grouping
) -> Iterator[tuple[K, PartitionProfile | LeewayError]]:
    """Count several partitions, one at a time as the caller iterates, or in any order where the source takes several.

    Returns:
        Each key with its profile, in any order, or with the error: `PartitionUnreadable` or `FileUnavailable`, or any
        other from a source that takes several.

    Raises:
        SourceError: as `Source.profile`, except these two. The remaining partitions are then not counted.
    """
    if isinstance(source, ReducingSource):
        for key, result in source.reduce(partitions, selection, partition_reduction(binning, grouping)):
            yield key, limit_novel_of_groups(result) if isinstance(result, PartitionProfile) else result
        return
    for key, partition in partitions.items():
        try:
            yield key, count_partition(source, partition, selection, binning, grouping)
        except (PartitionUnreadable, FileUnavailable) as problem:
            yield key, problem


def count_partition(
    source: Source, partition: Partition, selection: Selection, binning: Binning, grouping: Grouping
) -> PartitionProfile:
    """Count a partition's rows by group; see `exporter.profiles.kernel.profile_partition`.

    Raises:
        SourceError: as `Source.profile`.
    """
    if isinstance(source, ReducingSource):
        return limit_novel_of_groups(
            reduce_partition(source, partition, selection, partition_reduction(binning, grouping))
        )
    if not isinstance(source, CountingSource):
        return source.profile(partition, selection, lambda rows: profile_partition(rows, binning, grouping))
    types = source.types(partition)
    keys, segments, problems = group_keys(types, grouping)
    query = profile_query(types, binning, GroupBy(tuple(keys.values()), segments), fits=source.fits)
    by_type = unreadable_columns(types, grouping.watched)
    unreadable = dict.fromkeys([*by_type, *(name for name, _ in grouping.watched if name in query.problems)])
    groups: dict[Group, Profile] = {}
    for row_group, profile in run_profile_query(source, partition, query).items():
        names = dict(zip(keys, row_group.keys, strict=True))
        version, role = names.get(catalogue.VERSION, catalogue.UNKNOWN_VERSION), names.get(catalogue.ROLE, "")
        rows = dict.fromkeys(unreadable, profile.rows)
        groups[Group(version, role, row_group.segment)] = replace(profile, unreadable=rows)
    return PartitionProfile(groups, {**query.problems, **problems})


def run_profile_query(source: CountingSource, partition: Partition, query: ProfileQuery) -> dict[RowGroup, Profile]:
    """Run a query's statements, and return the profile of each group of rows.

    Raises:
        SourceError: as `CountingSource.count`.
    """
    return profiles_of_results([source.count(partition, statement) for statement in query.statements], query)


def group_keys(
    types: Mapping[str, str], grouping: Grouping
) -> tuple[dict[str, Key], tuple[SegmentKey, ...], dict[str, str]]:
    """Return the keys of version and role by series label, the segments' columns, and why others cannot be used."""
    keys, problems = dict[str, Key](), dict[str, str]()
    axes = ((catalogue.VERSION, grouping.version, VERSION), (catalogue.ROLE, grouping.role, ROLE))
    for label, column, axis in axes:
        named = _named(types, column, problems)
        if column is not None and named is not None:
            keys[label] = Key(
                column, _key_name(named, axis), named.named, missing=axis.absent, most=axis.limit, other=axis.other
            )
    return keys, segment_keys(types, grouping.segments, problems), problems


def _key_name(named: CategoryColumn, axis: Axis) -> str:
    """Return the expression of a row's name, as `Axis.named`; NULL where it is absent."""
    name = f"NULLIF({named.name}, '')"
    return f"IF(LOWER(TRIM({named.name})) = '{axis.word}', '{axis.word}', {name})" if axis.word else name


def segment_keys(
    types: Mapping[str, str], segments: Mapping[str, tuple[str, ...]], problems: dict[str, str]
) -> tuple[SegmentKey, ...]:
    """Return the columns of segments; the reason why one cannot be used is added to `problems`."""
    named = ((column, _named(types, column, problems), values) for column, values in segments.items())
    return tuple(SegmentKey(column, category, values) for column, category, values in named if category is not None)


def _named(types: Mapping[str, str], column: str | None, problems: dict[str, str]) -> CategoryColumn | None:
    if column is None:
        return None
    if column not in types:
        problems[column] = missing_column(column, tuple(types))
        return None
    try:
        return category_column(column, types[column])
    except ColumnMismatch as problem:
        problems[column] = str(problem)
        return None
