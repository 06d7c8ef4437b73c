"""Faults that are injected into a log during a replay, to see whether and how soon an alert detects them.

A fault damages one column of every row from an instant on, as a broken pipeline does; the other columns do not change.
The damage depends only on the reference, so the same fault gives the same rows in every run. Those of labels are in
`exporter.backtest.label_faults`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exporter.errors import UsageError
from exporter.profiles.binning import Bins, CategoricalBins, NumericBins
from exporter.profiles.profile import categorical_column, numeric_column
from exporter.reference.reference import Reference
from exporter.sources.source import Batch

SHIFT: Final = 0.3
"""The shift of a shifted column in standard deviations."""
FACTOR: Final = 100
"""The factor of a changed unit: cents instead of dollars."""
_GOLDEN: Final = (np.sqrt(5) - 1) / 2

Damage = Callable[[pa.ChunkedArray], pa.ChunkedArray]

NEVER: Final = timedelta.max
"""How late rows come that never do."""


class FaultKind(StrEnum):
    """The kinds of faults of a column: of the inference log, then of the label log."""

    NULLS = "nulls"  # every value is null
    UNIT = "unit"  # every value is multiplied by 100
    RENAME = "rename"  # the most frequent category gets another name
    SHIFT = "shift"  # every value is increased by 0.3 standard deviations
    FREEZE = "freeze"  # every row has the same ordinary value
    FLIP = "flip"  # every positive label is negative, and the reverse
    STOP = "stop"  # no more labels come
    LATE = "late"  # labels come later than predictions are mature
    POSITIVES = "positives"  # only positive labels come
    CONCEPT = "concept"  # the same inputs have other outcomes


LABEL_KINDS: Final = (FaultKind.FLIP, FaultKind.STOP, FaultKind.LATE, FaultKind.POSITIVES, FaultKind.CONCEPT)
"""The kinds of faults of labels."""


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault of one column in every partition that begins at `start` or later.

    `damage` changes the column, and `keep` returns which rows stay, of the undamaged column. Rows come `late`, and not
    at all if that is `NEVER`. `matures` is the time from the start in which it cannot be expected to be seen: that of
    labels. One that is `unseen` changes nothing, such as a constant that is frozen.
    """

    kind: FaultKind
    column: str
    start: datetime
    damage: Damage
    keep: Damage | None = None
    late: timedelta | None = None
    matures: timedelta = timedelta()
    unseen: bool = False

    @property
    def of_labels(self) -> bool:
        """Whether the fault is in the label log."""
        return self.kind in LABEL_KINDS

    def __str__(self) -> str:
        """`nulls:age@2026-11-20T10:00Z`."""
        return f"{self.kind}:{self.column}@{self.start:%Y-%m-%dT%H:%MZ}"

    def apply(self, batch: Batch) -> Batch:
        """Return the batch with the column damaged, if the batch has the column."""
        index = batch.table.schema.get_field_index(self.column)
        if index < 0:
            return batch
        column = batch.table.column(self.column)
        damaged = batch.table.set_column(index, self.column, self.damage(column))
        return replace(batch, table=damaged if self.keep is None else damaged.filter(self.keep(column)))

    def origin(self, start: datetime) -> datetime | None:
        """Return which partition's rows come in the partition that begins at `start`; None where none come."""
        if self.late is None or start < self.start:
            return start
        origin = start - self.late if self.late < NEVER else self.start - timedelta.resolution
        return origin if origin >= self.start else None


@dataclass(frozen=True, slots=True)
class InjectionRequest:
    """A request of the user to inject faults; None stands for every kind, every column, the middle of the replay."""

    kind: FaultKind | None
    column: str | None
    start: datetime | None

    @staticmethod
    def parse(text: str) -> InjectionRequest:
        """Parse `KIND[:COLUMN][@TIME]`: `all`, `shift:age`, `freeze:age@2026-11-20T10:00Z`; UTC without a time zone.

        Raises:
            ValueError: with the reason.
        """
        fault, _, when = text.rpartition("@") if "@" in text else (text, "", "")
        name, _, column = fault.partition(":")
        if name not in (*FaultKind, "all"):
            raise ValueError(f"{name or 'nothing'} cannot be injected; choose {', '.join(FaultKind)} or all")
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
    """Return the faults of a request.

    Args:
        request: the request.
        features: the model's features.
        score: the column of the score, if any.
        reference: the source of usual values; columns that it does not have are left out.
        middle: when faults begin if the request has no time.
        cell: returns the hour of the model's local week of an instant.

    Raises:
        UsageError: when the model has no such column, or the kind does not fit the column.
    """
    columns = [name for name in (*features, *([score] if score else [])) if name in reference.binning.by_name]
    if request.column is not None and request.column not in columns:
        raise UsageError(f"--inject: the reference has no column {request.column}; it has {', '.join(columns)}")
    start = request.start or middle
    faults = [
        Injection(
            kind, column, start, damage(kind, column, reference, cell(start)), unseen=is_unseen(kind, column, reference)
        )
        for column in columns
        if request.column in (None, column)
        for kind in fitting_kinds(reference.binning.by_name[column], score=column == score)
        if request.kind in (None, kind)
    ]
    if not faults:
        raise UsageError(f"--inject: {request.kind} does not fit {request.column or 'any column of the model'}")
    return faults


def fitting_kinds(bins: Bins, *, score: bool) -> tuple[FaultKind, ...]:
    """Return the kinds of faults that fit a column with these bins; a score can only shift."""
    if score:
        return (FaultKind.SHIFT,)
    if isinstance(bins, CategoricalBins):
        return (FaultKind.NULLS, FaultKind.RENAME, FaultKind.FREEZE)
    return (FaultKind.NULLS, FaultKind.UNIT, FaultKind.SHIFT, FaultKind.FREEZE)


def is_unseen(kind: FaultKind, column: str, reference: Reference) -> bool:
    """Return whether a fault leaves a column as it always is: a constant of the reference has no spread to lose."""
    seasons = reference.seasons.profiles
    if isinstance(reference.binning.by_name[column], CategoricalBins):
        texts = [categorical_column(season, reference.binning, column) for season in seasons]
        return kind is FaultKind.FREEZE and all(each.known[0] == each.rows for each in texts)
    numbers = [numeric_column(season, reference.binning, column) for season in seasons]
    value = numbers[0].low
    if any(each.low != value or each.high != value or each.finite != each.rows for each in numbers):
        return False
    return kind in (FaultKind.FREEZE, FaultKind.SHIFT) or (kind is FaultKind.UNIT and value == 0)


def damage(kind: FaultKind, column: str, reference: Reference, cell: int) -> Damage:
    """Return the function that damages a column.

    Args:
        kind: a kind that fits the column.
        column: the name of the column.
        reference: the source of usual values and standard deviations.
        cell: the hour of the local week in which the fault begins; its season has the standard deviation.

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
    """Return the standard deviation of a column in the season of an hour of the week; 0 if there is none."""
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
    """Add a number; integers are rounded up or down, so that they stay integers and their mean moves by the number."""

    def shift(column: pa.ChunkedArray) -> pa.ChunkedArray:
        if not pa.types.is_integer(column.type):
            return pc.add(_floats(column), by)
        uniform = np.arange(1, len(column) + 1) * _GOLDEN % 1  # evenly over [0, 1), the same in every run
        return pc.add(_floats(column), _chunked(pa.array(np.floor(by + uniform))))

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
