"""Samples of how many rows of the two logs can be used for labels: predictions and labels with an id and a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from exporter import catalogue
from exporter.labels import predictions
from exporter.labels import rows as label_rows
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration

_READABLE: Final = frozenset({label_rows.OLD, predictions.REPEATED})
"""Reasons why a row is left out although its id and its value can be used."""


class UsableRows(NamedTuple):
    """The rows of a partition that have an id and a value, and all its rows."""

    usable: int
    total: int


def usable_rows(rows: int, left_out: Mapping[str, int]) -> UsableRows:
    """Return the usable rows of a partition, from those that are joined and those that are not, by reason.

    Rows with an invalid value are joined and not usable.
    """
    if not left_out:
        return UsableRows(rows, rows)
    readable = sum(number for reason, number in left_out.items() if reason in _READABLE)
    invalid = left_out.get(label_rows.INVALID_VALUE, 0)
    return UsableRows(rows - invalid + readable, rows - invalid + sum(left_out.values()))


def usable_samples(
    spec: ModelSpec, stream: str, partitions: Mapping[datetime, UsableRows], grain: timedelta, end: datetime
) -> Iterator[Sample]:
    """The share of usable rows in the newest window of each length, with its threshold if there are enough rows.

    Args:
        spec: the model.
        stream: which of the two logs.
        partitions: its partitions by start; those without known rows are left out.
        grain: the length of a partition; a shorter window has the newest partition.
        end: the end of the newest complete partition.
    """
    limits = spec.spec.thresholds
    for length in spec.spec.windows:
        start = end - max(length, grain)
        counted = [each for at, each in partitions.items() if start <= at < end]
        total = sum(each.total for each in counted)
        labels = (spec.name, stream, format_duration(length))
        if total:
            ratio = sum(each.usable for each in counted) / total
            yield Sample(catalogue.LOG_USABLE_RATIO, labels, ratio)
        if total >= limits.min_rows:
            yield Sample(catalogue.LOG_USABLE_RATIO_THRESHOLD, labels, limits.log_usable)
