"""The drift of segments relative to their thresholds."""

from __future__ import annotations

from exporter import catalogue
from exporter.comparison.features import Values
from exporter.comparison.segments import segment_values

CALM: Values = {catalogue.DATA_DRIFT_SHARE: 0.0, catalogue.DATA_DRIFT_SHARE_THRESHOLD: 0.25}


def shifted(by: float) -> Values:
    return {catalogue.PREDICTION_MEAN_SHIFT: by, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD: 0.5}


def test_the_greater_of_the_two_scores_counts() -> None:
    drifted: Values = {catalogue.DATA_DRIFT_SHARE: 0.75, catalogue.DATA_DRIFT_SHARE_THRESHOLD: 0.25}
    assert segment_values(drifted | shifted(0.5), CALM)[catalogue.SEGMENT_DRIFT] == 3
    assert segment_values(CALM | shifted(1.0), CALM)[catalogue.SEGMENT_DRIFT] == 2
    assert segment_values(CALM, CALM)[catalogue.SEGMENT_DRIFT] == 0


def test_there_is_a_threshold_unless_the_whole_is_above_its_own() -> None:
    for whole, level in ((CALM, 1), (shifted(0.5), 1), (shifted(0.51), None), ({}, 1)):
        assert segment_values(shifted(2), whole).get(catalogue.SEGMENT_DRIFT_THRESHOLD) == level


def test_a_segment_without_scores_has_no_values() -> None:
    assert segment_values({}, CALM) == {}
    assert segment_values({catalogue.DATA_DRIFT_SHARE: 0.5}, CALM) == {}
    assert segment_values({catalogue.DATA_DRIFT_SHARE: 0.5, catalogue.DATA_DRIFT_SHARE_THRESHOLD: 0.0}, CALM) == {}
