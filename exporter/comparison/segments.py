"""The drift of a segment, relative to its thresholds and to the drift of all rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.comparison.features import Values

_SCORES: Final = (catalogue.DATA_DRIFT_SHARE, catalogue.PREDICTION_MEAN_SHIFT)
"""The scores that show the drift of a segment as a whole."""


def segment_values(segment: Mapping[Metric, float], whole: Mapping[Metric, float]) -> Values:
    """A segment's drift share or score shift divided by its threshold, whichever is greater, and the threshold 1.

    Args:
        segment: the values of the segment, by metric.
        whole: the values of all rows, by metric.

    Returns:
        Nothing for a segment without scores. No threshold while the whole is above one of its own thresholds: then the
        whole alerts, and its segments show where to look.
    """
    multiple = _multiple(segment)
    if multiple is None:
        return {}
    values: Values = {catalogue.SEGMENT_DRIFT: multiple}
    if (_multiple(whole) or 0.0) <= 1:
        values[catalogue.SEGMENT_DRIFT_THRESHOLD] = 1.0
    return values


def _multiple(values: Mapping[Metric, float]) -> float | None:
    """The greatest score divided by its threshold; None where no score has a threshold above 0."""
    levels = {score: values.get(score.threshold(), 0.0) for score in _SCORES if score in values}
    return max((values[score] / level for score, level in levels.items() if level > 0), default=None)
