"""Statistics of a reference's columns, from which the binning is made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, Bins, Floats, categorical_bins, numeric_bins
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.kernel import LINES
from exporter.profiles.profile import most_frequent
from exporter.sources.near_names import nearest_name
from exporter.sources.reducing import ALL, Portion
from exporter.sources.source import Batch, Selection

NOT_IN_REFERENCE: Final = "the reference has no such column"

SAMPLE_ROWS: Final = 200_000
"""Values of a numeric column from which the edges are taken. A larger reference is sampled; its counts stay exact."""
SAMPLE_VALUES: Final = 20_000_000
"""Values of all numeric columns together that are in memory for the edges: a wide reference has smaller samples."""
MAX_DISTINCT: Final = 200_000
"""Distinct categories of a column that are counted while a reference is read; beyond it the rarest are dropped."""
_LEAST_SAMPLE: Final = 1000
"""Values of a column that are sampled from even the smallest piece."""
_SPARE: Final = 4
"""Factor on the sample of a piece for its stored size, because row sizes differ between pieces."""


@dataclass(frozen=True, slots=True)
class ObservedColumns:
    """Statistics of the columns of some rows, in the order of the selection, and why some columns have none."""

    sample_rows: int
    numbers: Mapping[str, Numbers]
    categories: Mapping[str, Categories]
    problems: Mapping[str, str]

    def binning(self, category_limit: int) -> tuple[Binning, dict[str, str]]:
        """Return the binning; see `exporter.reference.reference.build_binning`.

        Raises:
            ReferenceUnusable: when no column can be compared.
        """
        bins_by_name: dict[str, Bins | None] = {name: column.bins(name) for name, column in self.numbers.items()}
        bins_by_name |= {name: column.bins(name, category_limit) for name, column in self.categories.items()}
        return binning_of_columns(bins_by_name, self.problems)


def observe_columns(batches: Iterable[Batch], portion: Portion = ALL, *, selection: Selection) -> ObservedColumns:
    """Return the statistics of the columns of some rows.

    Args:
        batches: the rows, of all or of a piece.
        portion: which piece they are; a smaller piece has a smaller sample.
        selection: the numeric and categorical columns.
    """
    most = min(SAMPLE_ROWS, SAMPLE_VALUES // max(len(selection.numeric), 1))
    limit = min(most, max(_LEAST_SAMPLE, math.ceil(_SPARE * portion.share * most)))
    numbers = {name: Numbers(limit, (portion.position,)) for name in selection.numeric}
    categories = {name: Categories() for name in selection.categorical}
    columns: dict[str, Numbers | Categories] = {**numbers, **categories}
    problems: dict[str, str] = {}
    for batch in batches:
        present = set(batch.schema.names)
        problems |= {
            name: NOT_IN_REFERENCE + nearest_name(name, tuple(batch.schema.names))
            for name in columns
            if name not in present
        }
        problems |= {name: f"in the reference {why}" for name, why in batch.problems.items() if name in columns}
        problems |= {LINES: batch.unreadable} if batch.unreadable else {}
        problems |= _add(batch.table, columns)
    return ObservedColumns(most, numbers, categories, problems)


def merge_observed(parts: Sequence[ObservedColumns]) -> ObservedColumns:
    """Return the statistics of all the rows of some parts, at least one, in their order."""
    most = parts[0].sample_rows
    numbers = {name: Numbers.of([part.numbers[name] for part in parts], most) for name in parts[0].numbers}
    categories = {name: Categories.of([part.categories[name] for part in parts]) for name in parts[0].categories}
    problems = {name: why for part in parts for name, why in part.problems.items()}
    return ObservedColumns(most, numbers, categories, problems)


def binning_of_columns(
    bins_by_name: Mapping[str, Bins | None], problems: Mapping[str, str]
) -> tuple[Binning, dict[str, str]]:
    """Return the binning of the columns without a problem, and all problems; a column without bins has no value.

    Raises:
        ReferenceUnusable: when no column can be compared.
    """
    sound = {name: bins for name, bins in bins_by_name.items() if name not in problems}
    empty = {name: "the reference has no value in this column" for name, bins in sound.items() if bins is None}
    usable = tuple(bins for bins in sound.values() if bins is not None)
    if not usable:
        raise _unusable({**problems, **empty})
    return Binning(usable), {**problems, **empty}


def _unusable(problems: Mapping[str, str]) -> ReferenceUnusable:
    """Return the error when no column can be compared: each reason once, with its columns."""
    reasons: dict[str, list[str]] = {}
    for column, why in problems.items():
        reasons.setdefault(why, []).append(column)
    details = "; ".join(f"{why} ({', '.join(names)})" for why, names in sorted(reasons.items()))
    return ReferenceUnusable(f"the reference has none of the features: {details}")


def _add(table: pa.Table, columns: Mapping[str, Numbers | Categories]) -> dict[str, str]:
    problems = {}
    for name in table.column_names:
        if name in columns:
            try:
                columns[name].add(table.column(name))
            except ColumnMismatch as problem:
                problems[name] = f"in the reference {problem}"
    return problems


@dataclass(slots=True)
class Numbers:
    """The statistics of a numeric column while it is read: extremes, sum, and a sample of at most `limit` values."""

    limit: int
    seed: tuple[int, ...] = (0,)
    """Different for each piece: values are sampled by rank in a batch, and pieces must not all give the same ranks."""
    sample: Floats = field(default_factory=lambda: np.empty(0))
    generator: np.random.Generator = field(init=False)
    rows: int = 0
    total: float = 0.0
    low: float = np.inf
    high: float = -np.inf

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)

    @staticmethod
    def of(parts: Sequence[Numbers], limit: int) -> Numbers:
        """Return the statistics of all the values of some parts.

        The sample takes from each part the share that its values have of all values, so every value is equally likely
        in it. It is smaller than `limit` where a part sampled too few values for its share.
        """
        nonempty = [part for part in parts if part.rows]
        rows = sum(part.rows for part in nonempty)
        size = min([limit, *(len(part.sample) * rows // part.rows for part in nonempty)])
        whole = Numbers(limit, (*parts[0].seed, len(parts)), rows=rows)
        drawn = [whole.generator.choice(part.sample, part.rows * size // rows, replace=False) for part in nonempty]
        whole.sample = np.concatenate([whole.sample, *drawn])
        for part in nonempty:
            with np.errstate(over="ignore", invalid="ignore"):
                whole.total += part.total
            whole.low, whole.high = min(whole.low, part.low), max(whole.high, part.high)
        return whole

    def add(self, column: pa.ChunkedArray) -> None:
        """Add some values.

        Raises:
            ColumnMismatch: when they are not numbers.
        """
        values, _ = numeric_values(column)
        finite = np.sort(values[np.isfinite(values)])  # sorted, so that the last digits of the sum do not vary
        if len(finite):
            self.low, self.high = min(self.low, float(finite[0])), max(self.high, float(finite[-1]))
            with np.errstate(over="ignore", invalid="ignore"):
                self.total += float(finite.sum())
            self._sample_values(finite)
            self.rows += len(finite)

    def _sample_values(self, values: Floats) -> None:
        """Sample every value so far with equal probability (reservoir sampling, Vitter 1985, algorithm R)."""
        room = max(self.limit - self.rows, 0)
        self.sample = np.concatenate([self.sample, values[:room]])
        rest = values[room:]
        seen = np.arange(self.rows + room, self.rows + len(values)) + 1
        positions = (self.generator.random(len(rest)) * seen).astype(np.int64)
        sampled = positions < self.limit
        self.sample[positions[sampled]] = rest[sampled]

    def bins(self, name: str) -> Bins | None:
        """Return the column's bins; None where it has no finite value."""
        if not self.rows:
            return None
        mean = self.total / self.rows
        return numeric_bins(name, self.sample, self.low, self.high, mean if np.isfinite(mean) else 0.0)


@dataclass(slots=True)
class Categories:
    """The categories of a column, and how often each occurs."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, column: pa.ChunkedArray) -> None:
        """Add some values.

        Raises:
            ColumnMismatch: when they are not categories.
        """
        names, codes = category_codes(column)
        rows = np.bincount(codes, minlength=len(names)).tolist()
        for name, count in zip(names, rows, strict=True):
            if name is not None and count:
                self.counts[name] = self.counts.get(name, 0) + count
        self._drop_rarest()

    @staticmethod
    def of(parts: Sequence[Categories]) -> Categories:
        """Return the categories of some parts together."""
        whole = Counter[str]()
        for part in parts:
            whole.update(part.counts)
        categories = Categories(dict(whole))
        categories._drop_rarest()
        return categories

    def bins(self, name: str, limit: int) -> Bins | None:
        """Return the column's bins, with at most `limit` categories; None where it has no value."""
        return categorical_bins(name, self.counts, limit) if self.counts else None

    def _drop_rarest(self) -> None:
        if len(self.counts) > MAX_DISTINCT:
            self.counts = most_frequent(self.counts, MAX_DISTINCT // 2)
