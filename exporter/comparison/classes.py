"""The classes that a classifier returned in a window, compared with its reference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from exporter import catalogue
from exporter.comparison.features import NO_LABELS, LabelledValues, Pair, ThresholdSettings, psi_values
from exporter.profiles.binning import Binning, CategoricalBins
from exporter.profiles.profile import NOVEL_KEPT, CategoricalColumn, Profile, most_frequent


def class_series(name: str, pair: Pair, settings: ThresholdSettings, most: int) -> Iterator[LabelledValues]:
    """The PSI of the returned classes, and the share of each class; nothing when the reference lacks the column.

    A share is that of all rows in which the column is present, nulls included: shares that do not add up to 1 show
    missing predictions. At most `most` classes have a share: those of the reference, the most frequent first, then the
    window's new ones. The PSI is of all classes.

    Args:
        name: the column of the classes.
        pair: the window and its reference.
        settings: the settings of the thresholds.
        most: the most classes with a share.
    """
    bins = pair.binning.by_name.get(name)
    if not isinstance(bins, CategoricalBins):
        return
    before, now = pair.categorical(name)
    if now.rows < settings.spec.min_rows:
        return
    rows = before.cells, now.cells
    yield (
        NO_LABELS,
        psi_values(catalogue.PREDICTION_CLASS_PSI, name, rows, settings, settings.spec.prediction_class_psi),
    )
    for each, before_rows, now_rows in islice(_classes(bins, before, now), most):
        values = {catalogue.PREDICTION_CLASS_RATIO: now_rows / now.rows}
        if before.rows:
            values[catalogue.PREDICTION_CLASS_RATIO_REFERENCE] = before_rows / before.rows
        yield {catalogue.CLASS: each}, values


def _classes(
    bins: CategoricalBins, before: CategoricalColumn, now: CategoricalColumn
) -> Iterator[tuple[str, float, float]]:
    """Each class with the rows of the reference and of the window; NaN where the reference may not count the class."""
    yield from zip(bins.categories, before.known.tolist(), now.known.tolist(), strict=True)
    all_counted = len(before.novel) < NOVEL_KEPT
    for name, rows in most_frequent(now.novel, len(now.novel)).items():
        yield name, 0.0 if all_counted and name not in before.novel else math.nan, rows


def hidden_classes(name: str, binning: Binning, profile: Profile, limit: int) -> int:
    """The number of a window's classes beyond `limit`, among those that are counted separately."""
    bins = binning.by_name.get(name)
    known = len(bins.categories) if isinstance(bins, CategoricalBins) else 0
    return max(known + len(profile.novel.get(name, {})) - limit, 0)
