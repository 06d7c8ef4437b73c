"""Whether a feature is broken: so far from its reference that it alone deserves a page.

A broken feature is far from its reference with certainty, by the learned threshold of its own weeks, and in one of a
few ways that no ordinary week has. What the reference does itself is never broken: a constant, a Sunday of nulls.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Broken
from exporter.comparison.accepted import NOTHING
from exporter.comparison.features import Column, Pair, ThresholdSettings, Values
from exporter.profiles.profile import CategoricalColumn, NumericColumn
from exporter.spec.model import Feature
from exporter.statistics import thresholds

PSI: Final = 1.0
"""The PSI from which a feature's distribution is another one: usual tables call 0.25 a major shift."""
SCALE: Final = 10.0
"""The factor of a change of unit: cents for dollars, metres for kilometres, milliseconds for seconds."""
MOST: Final = 0.5
"""The share of new categories, beyond that of the reference, with which most rows mean nothing to the model."""


def broken(feature: Feature, pair: Pair, values: Values, settings: ThresholdSettings) -> Broken | None:
    """Return how a feature is broken, `Broken.NONE` if it is not; None if that is not known.

    Nulls, a constant and another distribution need a PSI that is above its threshold and above the spec's `page_psi`.
    So the rare flag that stays off for an hour is not broken, nor is a feature that the reference's own weeks have seen
    like this. A change of scale needs a Kolmogorov-Smirnov statistic above its noise, since zeros may hide it from PSI.
    New categories need a share above its own noise. After an accepted change, another scale must be beyond it in PSI
    too, and accepted categories are not new; while its level is not known, nothing is judged.

    Args:
        feature: the feature; one without importance never pages, so it is not judged.
        pair: the window and its reference.
        values: the feature's values.
        settings: the settings of the thresholds.
    """
    if not feature.importance or feature.name not in pair.binning.by_name:
        return None
    before, now = pair.column(feature.name)
    if now.rows < settings.spec.min_rows:
        return None
    accepted = settings.accepted.get(feature.name, NOTHING)
    if not accepted.known:
        return None
    drifted = values.get(catalogue.FEATURE_DRIFTED, 0) and values[catalogue.FEATURE_PSI] > settings.spec.page_psi
    found = {
        Broken.NULLS: drifted and not now.rows - now.missing,
        Broken.CONSTANT: drifted and _constant(now, settings.spec.min_rows) and not _constant(before, 1),
        Broken.SCALE: _rescaled(feature.name, before, now, values, settings) and (drifted or not accepted.psi),
        Broken.CATEGORIES: _unknown(before, now, accepted.categories, settings),
        Broken.DISTRIBUTION: drifted and values[catalogue.FEATURE_PSI] >= PSI,
    }
    return next((reason for reason, holds in found.items() if holds), Broken.NONE)


def _constant(column: Column, rows: int) -> bool:
    """Whether a column has one value, in at least so many rows; nulls are not counted."""
    if isinstance(column, NumericColumn):
        return column.comparable == column.finite >= rows and column.low == column.high
    values = int(np.count_nonzero(column.known)) + (len(column.novel) if column.novel else bool(column.new))
    return column.rows - column.missing >= rows and values == 1


def _rescaled(name: str, before: Column, now: Column, values: Values, settings: ThresholdSettings) -> bool:
    ratio = values.get(catalogue.FEATURE_SCALE_FACTOR, 1.0)
    if not (isinstance(before, NumericColumn) and isinstance(now, NumericColumn)) or 1 / SCALE < ratio < SCALE:
        return False
    noise = thresholds.ks_noise(before.comparable, now.comparable, settings.rate)
    return bool(values[catalogue.FEATURE_KS_STATISTIC] > noise * math.sqrt(settings.stretch(name)))


def _unknown(before: Column, now: Column, accepted: Collection[str], settings: ThresholdSettings) -> bool:
    if not (isinstance(before, CategoricalColumn) and isinstance(now, CategoricalColumn)):
        return False
    usual = before.new / before.rows if before.rows else 0.0
    noise = thresholds.ratio_noise(before.new, before.rows, int(now.rows), settings.rate)
    new = now.new - sum(now.novel.get(name, 0) for name in accepted)
    return new / now.rows > max(usual + MOST, noise)
