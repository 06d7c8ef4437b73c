"""Which classes a classifier returned in one window of one version, beside its reference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from exporter import catalogue
from exporter.comparison.features import WHOLE, Judge, Labelled, Pair, psi_values
from exporter.profiles.binning import Binning, CategoricalBins
from exporter.profiles.profile import NOVEL_KEPT, CategoricalColumn, Profile, most_frequent


def class_series(name: str, pair: Pair, judge: Judge, limit: int) -> Iterator[Labelled]:
    """What can be said of the classes in a column; nothing when the reference does not have it.

    Each class has its share of all rows in which the column was present, nulls included, so shares that do not add up
    to 1 tell of answers that are missing. At most `limit` have one: the reference's, the most frequent first, then the
    window's new ones. The index is of all of them.
    """
    bins = pair.binning.by_name.get(name)
    if not isinstance(bins, CategoricalBins):
        return
    before, now = pair.categorical(name)
    if now.rows < judge.spec.min_rows:
        return
    rows = before.cells, now.cells
    yield WHOLE, psi_values(catalogue.PREDICTION_CLASS_PSI, name, rows, judge, judge.spec.prediction_class_psi)
    for each, usual, present in islice(_classes(bins, before, now), limit):
        values = {catalogue.PREDICTION_CLASS_RATIO: present / now.rows}
        if before.rows:
            values[catalogue.PREDICTION_CLASS_RATIO_REFERENCE] = usual / before.rows
        yield {catalogue.CLASS: each}, values


def _classes(
    bins: CategoricalBins, before: CategoricalColumn, now: CategoricalColumn
) -> Iterator[tuple[str, float, float]]:
    """Each class with the reference's rows and the window's; NaN where the reference may have some that it lumps."""
    yield from zip(bins.categories, before.known.tolist(), now.known.tolist(), strict=True)
    all_named = len(before.novel) < NOVEL_KEPT
    for name, present in most_frequent(now.novel, len(now.novel)).items():
        yield name, 0.0 if all_named and name not in before.novel else math.nan, present


def hidden_classes(name: str, binning: Binning, profile: Profile, limit: int) -> int:
    """How many classes of a window have no share of their own, as far as they are told apart."""
    bins = binning.by_name.get(name)
    known = len(bins.categories) if isinstance(bins, CategoricalBins) else 0
    return max(known + len(profile.novel.get(name, {})) - limit, 0)
