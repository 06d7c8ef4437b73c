"""How rows become counts: the cells of each column, as one flat vector.

A binning is made once, from the reference, and never changes. Every profile of a model counts in the same cells, so
profiles merge by addition. Each column owns a slice of the vector:

    numeric      k + 1 bins (-inf, e0], (e0, e1], ..., (ek-1, inf), then null, NaN, -inf, +inf
    categorical  the reference's categories, then new, then null

The first edge is just below the reference's smallest value and the last just above its largest, so the outermost bins
count what is out of the reference's range.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from exporter.profiles.values import find_values

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64] | npt.NDArray[np.float64]
"""Rows per cell: whole numbers, or fractions in a mixture of seasons."""

NUMERIC_EXTRA: Final = 4
"""Cells of a numeric column in addition to its bins: null, NaN, -inf, +inf."""
CATEGORICAL_EXTRA: Final = 2
"""Cells of a categorical column in addition to its categories: new, null."""

_PARTS: Final = 160_000
"""Probabilities are whole multiples of one part, so that ranks are whole numbers and deciles are exact."""
_DECILES: Final = np.arange(1, 10) * (_PARTS // 10)
_TAILS: Final = np.array([16, 40, 80, 160, 320])
_FINE: Final = np.concatenate([np.arange(1, 256) * (_PARTS // 256), _TAILS, _PARTS - _TAILS])

_ROUNDING: Final = 2.0**-23
"""Twice the greatest relative error of rounding to 32 bits."""
_LARGEST: Final = np.finfo(np.float64).max


@dataclass(frozen=True)
class NumericBins:
    """The cells of a numeric column.

    `edges` are k strictly increasing finite values. `deciles` are the positions in `edges` at which PSI's cells end,
    from 1 to 20, increasing. `pivot` is the value about which squares are summed, usually the reference's mean.
    `histogram_bounds` are the upper bounds of the published histogram of a score, increasing; `edges_above` each is an
    edge.
    """

    name: str
    edges: Floats
    deciles: Counts
    pivot: float
    histogram_bounds: tuple[float, ...] = ()

    @property
    def cells(self) -> int:
        """The number of cells of the column."""
        return len(self.edges) + 1 + NUMERIC_EXTRA

    @property
    def coarse(self) -> NumericBins:
        """Only the edges of PSI's cells and of the reference's range; a score with a histogram keeps all its edges."""
        if self.histogram_bounds:
            return self
        positions = np.unique([0, *self.deciles.tolist(), len(self.edges) - 1])
        return replace(self, edges=self.edges[positions], deciles=np.searchsorted(positions, self.deciles))


@dataclass(frozen=True)
class CategoricalBins:
    """The cells of a categorical column: the reference's categories, the most frequent first."""

    name: str
    categories: tuple[str, ...]

    @property
    def cells(self) -> int:
        """The number of cells of the column."""
        return len(self.categories) + CATEGORICAL_EXTRA

    def cells_of(self, names: Sequence[str | None]) -> Counts:
        """Return the cell of each name; None is a null. A name belongs to the category with the same value."""
        cells = np.array(find_values(names, self.categories), np.int64)
        absent = np.array([name is None for name in names], np.bool_)
        return np.where(cells < 0, len(self.categories) + absent, cells)


Bins = NumericBins | CategoricalBins


@dataclass(frozen=True)
class Binning:
    """The cells of all columns of a model; numeric and categorical columns are in the order of the spec."""

    columns: tuple[Bins, ...]

    @cached_property
    def slices(self) -> dict[str, slice]:
        """The slice of each column's cells in the flat vector."""
        ends = np.cumsum([0, *(column.cells for column in self.columns)]).tolist()
        return {column.name: slice(ends[i], ends[i + 1]) for i, column in enumerate(self.columns)}

    @cached_property
    def by_name(self) -> dict[str, Bins]:
        """Each column's bins."""
        return {column.name: column for column in self.columns}

    @cached_property
    def numeric(self) -> dict[str, int]:
        """The position of each numeric column in vectors that hold one value per numeric column."""
        names = [column.name for column in self.columns if isinstance(column, NumericBins)]
        return {name: index for index, name in enumerate(names)}

    @cached_property
    def coarse(self) -> Binning:
        """The same columns in a tenth of the cells: enough for PSI, means and ratios, and small for many segments."""
        return Binning(tuple(bins.coarse if isinstance(bins, NumericBins) else bins for bins in self.columns))

    def numeric_bins(self, name: str) -> NumericBins:
        """Return the bins of a numeric column.

        Raises:
            KeyError: when the binning has no such column.
            TypeError: when the column is not numeric.
        """
        bins = self.by_name[name]
        if not isinstance(bins, NumericBins):
            raise TypeError(f"{name} is not numeric")
        return bins

    @cached_property
    def cells(self) -> int:
        """The length of the flat vector."""
        return sum(column.cells for column in self.columns)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when any cell does."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data from which `from_json` makes an equal binning, with exact floats."""
        return [_bins_to_json(column) for column in self.columns]

    @staticmethod
    def from_json(data: list[dict[str, Any]]) -> Binning:
        """Return the binning of `to_json`'s data.

        Raises:
            KeyError, TypeError, ValueError: when `data` is not a result of `to_json`.
        """
        return Binning(tuple(_bins_from_json(item) for item in data))


def numeric_bins(name: str, sample: Floats, low: float, high: float, pivot: float) -> NumericBins:
    """Return the bins of a numeric column: 256 quantiles of the reference with its deciles, and more in both tails.

    Edges are just above values of the sample: above each value rounded to 32 bits, and no further. So equal values are
    in one bin, also when one side was written with 64 bits and the other with 32.

    Args:
        name: the column.
        sample: finite values of the reference, at least one, in any order.
        low: the reference's smallest finite value.
        high: its largest finite value.
        pivot: the value about which squares are summed, usually the mean.
    """
    ordered = np.sort(sample)
    cells = _cell_ends(ordered)
    fine = edges_above(_quantiles(ordered, _FINE))
    edges = np.unique(np.concatenate([edges_below(np.array([low])), fine, cells, edges_above(np.array([high]))]))
    return NumericBins(name, edges, np.searchsorted(edges, cells), pivot)


def _cell_ends(ordered: Floats) -> Floats:
    """Return where PSI's cells end: at the deciles, ties merged, and on both sides of every atom.

    An atom is a value that a tenth or more of the rows share, as in a clipped or zero-filled feature. It has a cell of
    its own. Otherwise a move from it to neighbouring values would not show.
    """
    deciles = _quantiles(ordered, _DECILES)
    candidates = np.unique(np.append(deciles, ordered[-1]))
    rows = np.searchsorted(ordered, candidates, side="right") - np.searchsorted(ordered, candidates)
    atoms = candidates[10 * rows >= len(ordered)]
    return np.unique(np.concatenate([edges_above(deciles), edges_above(atoms), edges_below(atoms)]))


def _quantiles(ordered: Floats, parts: Counts) -> Floats:
    """Return the smallest values that at least so many parts of the rows do not exceed.

    This is type 1 of Hyndman and Fan (1996).
    """
    ranks = -(-parts * len(ordered) // _PARTS)
    quantiles: Floats = ordered[ranks - 1]
    return quantiles


def edges_above(values: Floats) -> Floats:
    """Return edges just above these values and above their roundings to 32 bits."""
    with np.errstate(over="ignore"):
        raised = np.minimum(values + np.abs(values) * _ROUNDING, _LARGEST)
    # Adding zero turns -0.0 into 0.0. Their order after a sort is arbitrary and would change the fingerprint.
    edges: Floats = raised + 0.0
    return edges


def edges_below(values: Floats) -> Floats:
    """Return edges just below these values and below their roundings to 32 bits."""
    with np.errstate(over="ignore"):
        edges: Floats = np.maximum(np.nextafter(values - np.abs(values) * _ROUNDING, -np.inf), -_LARGEST)
    return edges


def categorical_bins(name: str, counts: dict[str, int], limit: int) -> CategoricalBins:
    """Return the categories of a column: at most `limit`, the most frequent first, ties in the order of their names."""
    ranked = sorted(counts, key=lambda category: (-counts[category], category))
    return CategoricalBins(name, tuple(ranked[:limit]))


def _bins_to_json(bins: Bins) -> dict[str, Any]:
    if isinstance(bins, CategoricalBins):
        return {"name": bins.name, "type": "categorical", "categories": list(bins.categories)}
    edges = [float(edge).hex() for edge in bins.edges]
    deciles, pivot = bins.deciles.tolist(), float(bins.pivot).hex()
    return {
        "name": bins.name,
        "type": "numeric",
        "edges": edges,
        "deciles": deciles,
        "pivot": pivot,
        "marks": [bound.hex() for bound in bins.histogram_bounds],
    }


def _bins_from_json(data: dict[str, Any]) -> Bins:
    kind: Literal["numeric", "categorical"] = data["type"]
    if kind == "categorical":
        return CategoricalBins(data["name"], tuple(data["categories"]))
    edges, bounds = ([float.fromhex(value) for value in data[key]] for key in ("edges", "marks"))
    deciles, pivot = np.array(data["deciles"], dtype=np.int64), float.fromhex(data["pivot"])
    return NumericBins(data["name"], np.array(edges), deciles, pivot, tuple(bounds))
