"""Faults that are put into a log while it is replayed, to see whether anybody would have been told, and how soon.

A fault damages one column of every row from an instant on, as a broken pipeline does; the rest of the row stays as it
was. What a column is damaged with is taken from the reference alone, so the same fault is the same rows in every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exporter.errors import UsageError
from exporter.profiles.binning import Bins, CategoricalBins, NumericBins
from exporter.profiles.profile import numeric_column
from exporter.reference.reference import Reference
from exporter.sources.source import Batch

SHIFT: Final = 0.3
"""By how many standard deviations a shifted column moves."""
FACTOR: Final = 100
"""A change of unit: cents for dollars."""
_GOLDEN: Final = (np.sqrt(5) - 1) / 2

Damage = Callable[[pa.ChunkedArray], pa.ChunkedArray]


class FaultKind(StrEnum):
    """What can go wrong with a column."""

    NULLS = "nulls"  # every value is null
    UNIT = "unit"  # a hundred times what it was
    RENAME = "rename"  # the most frequent category comes under another name
    SHIFT = "shift"  # 0.3 standard deviations more
    FREEZE = "freeze"  # every row has one and the same value, an ordinary one


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault of one column, in every partition that begins at `start` or later."""

    kind: FaultKind
    column: str
    start: datetime
    damage: Damage

    def __str__(self) -> str:
        """`nulls:age@2026-11-20T10:00Z`."""
        return f"{self.kind}:{self.column}@{self.start:%Y-%m-%dT%H:%MZ}"

    def spoil(self, batch: Batch) -> Batch:
        """The batch with the column damaged, if it is in it."""
        place = batch.table.schema.get_field_index(self.column)
        if place < 0:
            return batch
        damaged = batch.table.set_column(place, self.column, self.damage(batch.table.column(self.column)))
        return Batch(damaged, batch.first, batch.schema)


@dataclass(frozen=True, slots=True)
class InjectionRequest:
    """What a person asks to inject; None stands for every kind, every column, the middle of the stretch."""

    kind: FaultKind | None
    column: str | None
    start: datetime | None

    @staticmethod
    def parse(text: str) -> InjectionRequest:
        """Read `KIND[:COLUMN][@TIME]`: `all`, `shift:age`, `freeze:age@2026-11-20T10:00Z`; UTC where it has no zone.

        Raises:
            ValueError: with what is wrong.
        """
        what, _, when = text.rpartition("@") if "@" in text else (text, "", "")
        name, _, column = what.partition(":")
        if name not in (*FaultKind, "all"):
            raise ValueError(f"{name or 'nothing'} cannot be injected; what can is {', '.join(FaultKind)} or all")
        try:
            start = datetime.fromisoformat(when) if when else None
        except ValueError:
            raise ValueError(f"{when} is not a time such as 2026-11-20T10:00Z") from None
        if start is not None:
            start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
        return InjectionRequest(None if name == "all" else FaultKind(name), column or None, start)


def injections(
    request: InjectionRequest,
    features: Sequence[str],
    score: str | None,
    reference: Reference,
    *,
    middle: datetime,
    cell: Callable[[datetime], int],
) -> list[Injection]:
    """The faults that a request stands for.

    Args:
        request: what is asked for.
        features: the model's features.
        score: its score's column.
        reference: what columns are damaged with; those that it does not have are left out.
        middle: when faults begin whose request names no time.
        cell: the hour of the model's local week in which an instant lies.

    Raises:
        UsageError: when the column is none of the model's, or the kind does not fit it.
    """
    columns = [name for name in (*features, *([score] if score else [])) if name in reference.binning.by_name]
    if request.column is not None and request.column not in columns:
        raise UsageError(f"--inject: the reference has no column {request.column}; it has {', '.join(columns)}")
    start = request.start or middle
    found = [
        Injection(kind, column, start, damage(kind, column, reference, cell(start)))
        for column in columns
        if request.column in (None, column)
        for kind in kinds(reference.binning.by_name[column], score=column == score)
        if request.kind in (None, kind)
    ]
    if not found:
        raise UsageError(f"--inject: {request.kind} does not fit {request.column or 'any column of the model'}")
    return found


def kinds(bins: Bins, *, score: bool) -> tuple[FaultKind, ...]:
    """What can be injected into a column that is counted in these bins; a model's own score only shifts."""
    if score:
        return (FaultKind.SHIFT,)
    if isinstance(bins, CategoricalBins):
        return (FaultKind.NULLS, FaultKind.RENAME, FaultKind.FREEZE)
    return (FaultKind.NULLS, FaultKind.UNIT, FaultKind.SHIFT, FaultKind.FREEZE)


def damage(kind: FaultKind, column: str, reference: Reference, cell: int) -> Damage:
    """What a kind of fault does to a column.

    Args:
        kind: one that fits the column.
        column: its name.
        reference: what usual values and spreads are taken from.
        cell: the hour of the local week in which the fault begins, whose season says how far a column spreads.

    Raises:
        KeyError: when the reference does not have the column.
    """
    if kind is FaultKind.NULLS:
        return _nulls
    bins = reference.binning.by_name[column]
    if isinstance(bins, CategoricalBins):
        usual = bins.categories[0]
        return _renamed(usual, f"{usual} (renamed)") if kind is FaultKind.RENAME else _frozen(usual)
    numeric: Mapping[FaultKind, Callable[[], Damage]] = {
        FaultKind.UNIT: lambda: _scaled(FACTOR),
        FaultKind.SHIFT: lambda: _shifted(SHIFT * _deviation(column, reference, cell)),
        FaultKind.FREEZE: lambda: _frozen(_median(bins)),
    }
    return numeric[kind]()


def _deviation(column: str, reference: Reference, cell: int) -> float:
    """The standard deviation of a column in the season of an hour of the week; 0 where the reference has none."""
    season = reference.seasons.profiles[int(reference.seasons.season[cell])]
    deviation = numeric_column(season, reference.binning, column).stddev
    return deviation if math.isfinite(deviation) else 0.0


def _median(bins: NumericBins) -> float:
    return float(bins.edges[bins.deciles[len(bins.deciles) // 2]])


def _nulls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return _chunked(pa.nulls(len(column), column.type))


def _scaled(factor: float) -> Damage:
    return lambda column: pc.multiply(_floats(column), float(factor))


def _shifted(by: float) -> Damage:
    """Moved; of whole numbers some by one more than others, so that they stay whole and their mean moves as much."""

    def shift(column: pa.ChunkedArray) -> pa.ChunkedArray:
        if not pa.types.is_integer(column.type):
            return pc.add(_floats(column), by)
        spread = np.arange(1, len(column) + 1) * _GOLDEN % 1  # even over [0, 1), the same in every run
        return pc.add(_floats(column), _chunked(pa.array(np.floor(by + spread))))

    return shift


def _renamed(old: str, new: str) -> Damage:
    def rename(column: pa.ChunkedArray) -> pa.ChunkedArray:
        texts = _plain(column).cast(pa.string())
        return pc.if_else(pc.equal(texts, old), new, texts)

    return rename


def _frozen(value: float | str) -> Damage:
    return lambda column: _chunked(pa.repeat(value, len(column)))


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return _plain(column).cast(pa.float64(), safe=False)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _chunked(array: pa.Array | Sequence[pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array([array])
