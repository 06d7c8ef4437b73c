"""A partition's profile from wherever its rows are: by the engine that has them, or by the kernel from batches.

Both give the same profile: counts exactly, sums but for their last digits.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter import catalogue
from exporter.profiles.binning import Binning
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.kernel import MAX_VERSIONS, OTHER_VERSIONS, PartitionProfile, profile_partition
from exporter.profiles.sql import GroupBy, Key, ask
from exporter.profiles.sql_answer import profiles
from exporter.profiles.sql_columns import named_column
from exporter.sources.engine import CountingSource
from exporter.sources.source import Partition, Selection, Source


def count_partition(
    source: Source, partition: Partition, selection: Selection, binning: Binning, version_column: str | None
) -> PartitionProfile:
    """Count a partition's rows by model version; see `exporter.profiles.kernel.profile_partition`.

    Raises:
        SourceError: as `Source.profile`.
    """
    if not isinstance(source, CountingSource):
        return source.profile(partition, selection, lambda rows: profile_partition(rows, binning, version_column))
    types = source.types(partition)
    keys, problems = key_columns(types, (version_column,) if version_column else ())
    question = ask(types, binning, GroupBy(keys, catalogue.UNKNOWN_VERSION, MAX_VERSIONS, OTHER_VERSIONS))
    found = profiles(source.count(partition, question.statement), question)
    versions = {group[0] if group else catalogue.UNKNOWN_VERSION: profile for group, profile in found.items()}
    return PartitionProfile(versions, {**question.problems, **problems})


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
