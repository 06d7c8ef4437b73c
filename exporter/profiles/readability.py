"""The columns of the inference log that are watched, and whether a file has each of them with a usable type.

A column that a file lacks, has twice or has with another type costs only itself. The rows of such files are counted for
each column, so that its loss is a number and not only a line in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import pyarrow as pa

from exporter.profiles.columns import is_category, is_number
from exporter.profiles.times import is_time
from exporter.sources.source import Batch
from exporter.spec.model import Body


class Use(StrEnum):
    """What the values of a column are used as; an id is used as a category."""

    NUMBER = "number"
    CATEGORY = "category"
    TIME = "time"


class Watched(NamedTuple):
    """A column, and what its values are used as."""

    name: str
    use: Use


_TESTS: Final[Mapping[Use, Callable[[pa.DataType], bool]]] = {
    Use.NUMBER: is_number,
    Use.CATEGORY: is_category,
    Use.TIME: is_time,
}


def watched_columns(spec: Body) -> tuple[Watched, ...]:
    """Return the columns of the inference log that the spec names, each once for each of its uses, features first."""
    return tuple(dict.fromkeys(_watched(spec)))


def _watched(spec: Body) -> Iterator[Watched]:
    columns = spec.inference.columns
    for feature in spec.features:
        yield Watched(feature.name, Use.NUMBER if feature.type == "numeric" else Use.CATEGORY)
    for name in filter(None, [columns.score, *columns.scores.values()]):
        yield Watched(name, Use.NUMBER)
    names = [spec.class_column, columns.model_version, columns.role, columns.prediction_id, columns.query]
    for name in filter(None, [*names, *spec.segments]):
        yield Watched(name, Use.CATEGORY)
    if columns.timestamp is not None:
        yield Watched(columns.timestamp, Use.TIME)
    for ratio in (proxy.ratio for proxy in spec.proxies if proxy.ratio is not None):
        yield Watched(ratio.numerator, Use.NUMBER if ratio.equals is None else Use.CATEGORY)
        if ratio.denominator is not None:
            yield Watched(ratio.denominator, Use.NUMBER)


def unreadable_columns(schema: pa.Schema, watched: Iterable[Watched]) -> list[str]:
    """Return the watched columns, each once, that files with this schema lack, have twice or have with another type."""

    def readable(column: Watched) -> bool:
        positions = schema.get_all_field_indices(column.name)
        return len(positions) == 1 and _TESTS[column.use](schema.field(positions[0]).type)

    return list(dict.fromkeys(column.name for column in watched if not readable(column)))


def newly_unreadable(batch: Batch, watched: Iterable[Watched], failed: Container[str]) -> list[str]:
    """Return the watched columns that cannot be read in a batch's rows, without those of an earlier batch of the rows.

    Args:
        batch: some columns of some rows.
        watched: the columns.
        failed: the columns of the batch that could not be counted, for their type or for their values.
    """
    columns = tuple(watched)
    by_type = unreadable_columns(batch.schema, columns)
    by_values = dict.fromkeys(name for name, _ in columns if name in failed and name not in by_type)
    return [*(by_type if batch.first else ()), *by_values]
