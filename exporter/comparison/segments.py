"""How much more a segment has drifted than it may, beside the whole that it is part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.comparison.features import Values

_JUDGED: Final = (catalogue.DATA_DRIFT_SHARE, catalogue.PREDICTION_MEAN_SHIFT)
"""What tells that a segment as such is not as it was."""


def segment_values(segment: Mapping[Metric, float], whole: Mapping[Metric, float]) -> Values:
    """How many times over its threshold a segment's drift share or score shift is, and what that must exceed.

    Args:
        segment: what is said of the segment, by metric.
        whole: the same of the rows of all segments.

    Returns:
        Nothing for a segment that is not judged. No threshold while the whole is above one of its own: then that is
        what alerts, and its segments are where to look.
    """
    multiple = _multiple(segment)
    if multiple is None:
        return {}
    values: Values = {catalogue.SEGMENT_DRIFT: multiple}
    if (_multiple(whole) or 0.0) <= 1:
        values[catalogue.SEGMENT_DRIFT_THRESHOLD] = 1.0
    return values


def _multiple(values: Mapping[Metric, float]) -> float | None:
    """How many times over its threshold the worse of the scores is; None where none has a threshold above 0."""
    levels = {score: values.get(score.threshold(), 0.0) for score in _JUDGED if score in values}
    return max((values[score] / level for score, level in levels.items() if level > 0), default=None)
