"""The distributions of the features that drifted most, and of their reference, in the cells of the PSI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.comparison.features import LabelledValues, Pair, Values
from exporter.profiles.binning import CategoricalBins, NumericBins, Rows
from exporter.spec.model import Feature

CATEGORIES_NAMED: Final = 20
"""The most categories with a bin of their own, the most frequent of the reference; the others share one bin."""


def most_drifted(features: Mapping[Feature, Values], limit: int) -> Sequence[Feature]:
    """The features with the highest PSI relative to its threshold, at most `limit`; equal ones in their order.

    Features without a PSI are left out, so the result is empty while nothing can be compared.
    """
    index, level = catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD
    ratios = {
        feature: values[index] / values[level]
        for feature, values in features.items()
        if index in values and values[level] > 0
    }
    return sorted(ratios, key=lambda feature: -ratios[feature])[:limit]


def distribution(name: str, pair: Pair) -> Iterator[LabelledValues]:
    """The share of a feature's rows in each of its bins, in the window and in the reference; both add up to 1.

    The bins are the cells of the PSI: between the reference's deciles, with missing values last. A categorical feature
    has at most `CATEGORIES_NAMED` bins of one category, then one bin each for the other categories, for new ones and
    for missing values. A number before each name keeps the bins in order. There are at most 23 bins.
    """
    bins = pair.binning.by_name[name]
    if isinstance(bins, NumericBins):
        before, now = (column.cells for column in pair.numeric(name))
        names = _ranges(bins)
    else:
        before, now = (_pooled(column.cells) for column in pair.categorical(name))
        names = _categories(bins)
    references, shares = ((np.asarray(rows, np.float64) / rows.sum()).tolist() for rows in (before, now))
    for place, (text, share, reference) in enumerate(zip(names, shares, references, strict=True), 1):
        values = {catalogue.FEATURE_BIN_RATIO: share, catalogue.FEATURE_BIN_RATIO_REFERENCE: reference}
        yield {catalogue.BIN: f"{place:02} {text}"}, values


def _ranges(bins: NumericBins) -> list[str]:
    ends = [f"{end:.4g}" for end in bins.edges[bins.deciles].tolist()]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}", "missing"]


def _categories(bins: CategoricalBins) -> list[str]:
    return [*bins.categories[:CATEGORIES_NAMED], *_others(len(bins.categories)), "(new)", "(missing)"]


def _others(categories: int) -> list[str]:
    return ["(others)"] if categories > CATEGORIES_NAMED else []


def _pooled(cells: Rows) -> Rows:
    """The cells of `CategoricalColumn.cells`, with all categories without a bin of their own in one cell."""
    known, rest = cells[:-2], cells[-2:]
    others = [known[CATEGORIES_NAMED:].sum()] if len(known) > CATEGORIES_NAMED else []
    return np.concatenate([known[:CATEGORIES_NAMED], others, rest])
