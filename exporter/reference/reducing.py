"""The reference from a source that counts in pieces: the same cells and hours as from one reading.

Edges equal those of one reading while a column has at most `SAMPLE_ROWS` values. For a larger column both are samples.
The statistics of pieces are pickled, as Spark pickles its own data: they never leave the machines that run this code.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from typing import TypeVar

from exporter.profiles.binning import Binning
from exporter.reference.columns import ObservedColumns, merge_observed, observe_columns
from exporter.reference.history import TimeRule, counting_rows
from exporter.reference.outliers import merge_hours
from exporter.reference.reference import (
    ByHour,
    HourCounts,
    Hours,
    count_rows_by_hour,
    finish_hour_counts,
    merge_hour_counts,
)
from exporter.sources.reducing import Portion, ReducingSource, Reduction, reduce_partition
from exporter.sources.source import Batch, Partition, Selection
from exporter.spec.value_types import TimeUnit

T = TypeVar("T")


def reduce_binning(
    source: ReducingSource, partition: Partition, selection: Selection, category_limit: int, rule: TimeRule
) -> tuple[Binning, dict[str, str]]:
    """Return the cells in which a model's columns are counted; see `exporter.reference.counting.count_binning`.

    Raises:
        ReferenceUnusable: when no column can be compared.
        SourceError: as `Source.profile`.
    """
    count = partial(_observe, selection, rule)
    reduction: Reduction[ObservedColumns] = Reduction(count, merge_observed, pickle.dumps, pickle.loads)
    return reduce_partition(source, partition, selection, reduction).binning(category_limit)


def reduce_by_hour(source: ReducingSource, partition: Partition, selection: Selection, hours: Hours) -> ByHour:
    """Count a reference's rows by hour; see `exporter.reference.reference.profile_by_hour`.

    Raises:
        ReferenceUnusable: when the column of times is missing or does not hold times.
        SourceError: as `Source.profile`.
    """
    reduction: Reduction[HourCounts] = Reduction(partial(_count, hours), merge_hour_counts, pickle.dumps, pickle.loads)
    return finish_hour_counts(reduce_partition(source, partition, selection, reduction), hours.calendar)


def reduce_rows_by_hour(
    source: ReducingSource, partition: Partition, selection: Selection, unit: TimeUnit | None
) -> dict[int, int]:
    """Return a reference's rows by hour; see `exporter.reference.reference.count_rows_by_hour`.

    Raises:
        ReferenceUnusable: when the column of times is missing or does not hold times.
        SourceError: as `Source.profile`.
    """
    count = partial(_count_rows, selection.keys[0], unit)
    reduction: Reduction[dict[int, int]] = Reduction(count, merge_hours, pickle.dumps, pickle.loads)
    return reduce_partition(source, partition, selection, reduction)


def _observe(selection: Selection, rule: TimeRule, batches: Iterator[Batch], portion: Portion) -> ObservedColumns:
    return observe_columns(counting_rows(batches, selection, rule), portion, selection=selection)


def _count_rows(timestamp: str, unit: TimeUnit | None, batches: Iterator[Batch], _: Portion) -> dict[int, int]:
    return count_rows_by_hour(batches, timestamp, unit)


def _count(hours: Hours, batches: Iterator[Batch], _: Portion) -> HourCounts:
    return hours.count(batches)
