"""How much of a group's rows can be read: each column that the spec names, and the parts that monitoring needs.

Whether a column can be read depends on its file alone, so these shares have no noise. Their thresholds are still left
out when a group has too few rows, as all others.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.comparison.features import LabelledValues, Pair, Values
from exporter.profiles.profile import Profile
from exporter.profiles.readability import watched_columns
from exporter.spec.model import Body, Feature

HALF: Final = 0.5
"""The share of the features, weighted by importance, below which most of them cannot be read."""


def readable_ratios(spec: Body, profile: Profile) -> dict[str, float]:
    """Return the share of a profile's rows in which each watched column can be read; empty without rows."""
    if not profile.rows:
        return {}
    columns = dict.fromkeys(column.name for column in watched_columns(spec))
    return {column: (profile.rows - profile.unreadable.get(column, 0)) / profile.rows for column in columns}


def lost_features(spec: Body, features: Iterable[Feature], pair: Pair) -> list[Feature]:
    """Return the features of the reference that the window lacks; none when the window has too few rows.

    Such a feature differs from the reference as much as one that has only nulls, so it counts as drifted: an alert on
    the drift share does not resolve because drifted features vanish.
    """
    if pair.now.rows < spec.thresholds.min_rows:
        return []
    ratios, level = readable_ratios(spec, pair.now), spec.thresholds.column_readable
    return [each for each in features if each.name in pair.binning.by_name and ratios[each.name] < level]


def readability(spec: Body, profile: Profile, reference: Container[str]) -> Iterator[LabelledValues]:
    """Yield the readable share of each column, of the features together, and of the scores.

    A feature that the reference lacks is compared with nothing, so its share is 0. The features' share is that of the
    features whose own share is not below its threshold, weighted by importance. The scores' share is that of the column
    of scores that is read least.

    Args:
        spec: the model.
        profile: the window's rows.
        reference: the columns that could be read in the reference.
    """
    ratios, limits = readable_ratios(spec, profile), spec.thresholds
    if not ratios:
        return
    ratios |= {feature.name: 0.0 for feature in spec.features if feature.name not in reference}
    enough = profile.rows >= limits.min_rows

    def values(score: Metric, value: float, level: float) -> Values:
        return {score: value, score.threshold(): level} if enough else {score: value}

    for column, ratio in ratios.items():
        yield {catalogue.COLUMN: column}, values(catalogue.COLUMN_READABLE_RATIO, ratio, limits.column_readable)
    share = _readable_share(spec, ratios)
    yield {catalogue.PART: catalogue.FEATURES}, values(catalogue.DATA_READABLE_RATIO, share, HALF)
    columns = spec.inference.columns
    scores = [ratios[name] for name in (columns.score, *columns.scores.values()) if name is not None]
    if scores:
        level = limits.column_readable
        yield {catalogue.PART: catalogue.SCORES}, values(catalogue.DATA_READABLE_RATIO, min(scores), level)


def _readable_share(spec: Body, ratios: Mapping[str, float]) -> float:
    level = spec.thresholds.column_readable
    readable = [feature.importance for feature in spec.features if ratios[feature.name] >= level]
    return math.fsum(readable) / math.fsum(feature.importance for feature in spec.features)
