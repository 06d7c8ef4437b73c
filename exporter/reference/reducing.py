"""The reference from a source that counts in pieces: the same cells and hours as one reading gives, merged.

Edges are those of one reading while a column has at most `SAMPLE_ROWS` values; of a larger one both are samples. What
travels is pickled, as Spark pickles its own: it never leaves the machines that run the same code.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from typing import TypeVar

from exporter.profiles.binning import Binning
from exporter.reference.columns import ObservedColumns, merge_observed, observe_columns
from exporter.reference.reference import ByHour, HourCounts, Hours, finish_hour_counts, merge_hour_counts
from exporter.sources.reducing import Portion, ReducingSource, Reduction, reduce_partition
from exporter.sources.source import Batch, Partition, Selection

T = TypeVar("T")


def reduce_binning(
    source: ReducingSource, partition: Partition, selection: Selection, category_limit: int
) -> tuple[Binning, dict[str, str]]:
    """The cells in which a model's columns will be counted; see `exporter.profiles.reference.build_binning`.

    Raises:
        ReferenceUnusable: when no column can be compared.
        SourceError: as `Source.profile`.
    """
    count = partial(observe_columns, selection=selection)
    reduction: Reduction[ObservedColumns] = Reduction(count, merge_observed, pickle.dumps, pickle.loads)
    return reduce_partition(source, partition, selection, reduction).binning(category_limit)


def reduce_by_hour(source: ReducingSource, partition: Partition, selection: Selection, hours: Hours) -> ByHour:
    """A reference's rows by hour; see `exporter.profiles.reference.profile_by_hour`.

    Raises:
        ReferenceUnusable: when the column of times is missing or holds none.
        SourceError: as `Source.profile`.
    """
    reduction: Reduction[HourCounts] = Reduction(partial(_hours, hours), merge_hour_counts, pickle.dumps, pickle.loads)
    return finish_hour_counts(reduce_partition(source, partition, selection, reduction), hours.calendar)


def _hours(hours: Hours, batches: Iterator[Batch], _: Portion) -> HourCounts:
    return hours.count(batches)
