"""How the features that drifted most are distributed, beside the reference: the cells that PSI compares, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.comparison.features import Labelled, Pair, Values
from exporter.profiles.binning import CategoricalBins, NumericBins, Rows
from exporter.spec.model import Feature

CATEGORIES_NAMED: Final = 20
"""Categories of a feature that have a bin of their own, the reference's most frequent; the other ones share one."""


def most_drifted(found: Mapping[Feature, Values], limit: int) -> Sequence[Feature]:
    """The features that are nearest to their PSI's threshold, or furthest above it; equal ones in their order.

    A feature without a PSI is none of them, so no more than `limit` are, and none while nothing can be compared.
    """
    index, level = catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD
    judged = (feature for feature, values in found.items() if index in values and values[level] > 0)
    return sorted(judged, key=lambda feature: -found[feature][index] / found[feature][level])[:limit]


def distribution(name: str, pair: Pair) -> Iterator[Labelled]:
    """The share of a feature's rows in each of its bins, in the window and in the reference; both add up to 1.

    The bins are PSI's cells: between the reference's deciles, those of missing values last. Of categories there are at
    most `CATEGORIES_NAMED`, then one bin each of all others, of new ones and of missing ones. A number before each name
    keeps them in order. At most 23 bins.
    """
    bins = pair.binning.by_name[name]
    if isinstance(bins, NumericBins):
        before, now = (column.cells for column in pair.numeric(name))
        names = _ranges(bins)
    else:
        before, now = (_pooled(column.cells) for column in pair.categorical(name))
        names = _categories(bins)
    usual, present = (np.asarray(rows, np.float64) / rows.sum() for rows in (before, now))
    for place, (told, share, reference) in enumerate(zip(names, present.tolist(), usual.tolist(), strict=True), 1):
        values = {catalogue.FEATURE_BIN_RATIO: share, catalogue.FEATURE_BIN_RATIO_REFERENCE: reference}
        yield {catalogue.BIN: f"{place:02} {told}"}, values


def _ranges(bins: NumericBins) -> list[str]:
    ends = [f"{end:.4g}" for end in bins.edges[bins.deciles].tolist()]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}", "missing"]


def _categories(bins: CategoricalBins) -> list[str]:
    return [*bins.categories[:CATEGORIES_NAMED], *_others(len(bins.categories)), "(new)", "(missing)"]


def _others(categories: int) -> list[str]:
    return ["(others)"] if categories > CATEGORIES_NAMED else []


def _pooled(cells: Rows) -> Rows:
    """Cells as `CategoricalColumn.cells` gives them, with the categories that have no bin of their own in one."""
    known, rest = cells[:-2], cells[-2:]
    others = [known[CATEGORIES_NAMED:].sum()] if len(known) > CATEGORIES_NAMED else []
    return np.concatenate([known[:CATEGORIES_NAMED], others, rest])
