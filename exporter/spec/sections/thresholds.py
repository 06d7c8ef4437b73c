"""The spec's `thresholds`: the smallest effects worth an alert; the effect of noise alone is added on top."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from exporter.spec.sections.section import SpecSection
from exporter.spec.value_types import Count, Duration, Factor, NonNegative, OpenRatio, Ratio

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Threshold(SpecSection):
    """The smallest effect worth an alert; the noise of a small window is added on top."""

    floor: NonNegative
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, NonNegative] = {}
    """Other floors, by weekday."""

    def on(self, weekday: Weekday) -> float:
        """The floor on a weekday of the model's calendar."""
        return self.weekdays.get(weekday, self.floor)


class RatioThreshold(Threshold):
    """A threshold of a value from 0 to 1; a floor of 1 never alerts."""

    floor: Ratio
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Ratio] = {}
    """Other floors, by weekday."""


class FactorThreshold(Threshold):
    """A threshold of a factor: 1 is no change, 2 is twice or half as much."""

    floor: Factor
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Factor] = {}
    """Other floors, by weekday."""


def _floor(value: Any) -> Any:
    return value if isinstance(value, dict | Threshold) else {"floor": value}


Floor = Annotated[Threshold, BeforeValidator(_floor, json_schema_input_type=NonNegative | Threshold)]
RatioFloor = Annotated[RatioThreshold, BeforeValidator(_floor, json_schema_input_type=Ratio | RatioThreshold)]
FactorFloor = Annotated[FactorThreshold, BeforeValidator(_floor, json_schema_input_type=Factor | FactorThreshold)]


class Thresholds(SpecSection):
    """A number is a floor; `{floor: 0.2, weekdays: {saturday: 0.3}}` sets other floors by weekday."""

    feature_psi: Floor | None = None
    """Population stability index of a feature; left out, 0.05 if the weeks of the reference are known, else 0.2."""
    page_psi: NonNegative = 0.1
    """The PSI above which a drifted feature counts toward a page; a smaller drift is a ticket alone."""
    column_readable: Ratio = 0.95
    """The share of rows in which a column should be readable: present in the file, with a usable type."""
    feature_null_ratio: RatioFloor = RatioThreshold(floor=0.05)
    """Share of nulls above that of the reference."""
    feature_new_category_ratio: RatioFloor = RatioThreshold(floor=0.01)
    """Share of rows with a category that the reference does not have, above that of the reference itself, in any
    stretch of the last week that has the length of a window that alerts, or of the longest window."""
    drift_share: RatioFloor = RatioThreshold(floor=0.2)
    """Share of drifted features, weighted by importance."""
    prediction_mean_shift: Floor = Threshold(floor=0.15)
    """Shift of the mean score, in reference standard deviations."""
    traffic_factor: FactorFloor = FactorThreshold(floor=2.0)
    """Factor by which rows differ from the same hours of past weeks; 2 is twice or half as many."""
    calibration_error: RatioFloor = RatioThreshold(floor=0.02)
    """Mean gap between the predicted and the observed share of positives."""
    estimated_gap: Ratio = 0.05
    """How much worse than expected the estimated performance may be, in a day; for an error metric, relative to that.
    Longer windows have less, by the root of their days, down to a quarter.
    """
    base_rate_shift: Ratio = 0.2
    """How far the rate of positives may be from the predicted one and from the reference's, relative to the rate; of a
    regression, the mean error relative to the mean absolute error.
    """
    label_coverage: Ratio = 0.8
    """The share of mature predictions that should have a label; set it lower if fewer usually have one."""
    log_usable: Ratio = 0.8
    """The share of the rows of predictions and of labels that should have an id and a value of usable types."""
    label_silence: Duration = timedelta(days=1)
    """Never alert before labels have been missing for longer than this."""
    prediction_psi: Floor | None = None
    """Population stability index of the score; left out, as for a feature."""
    prediction_class_psi: Floor | None = None
    """Population stability index of the returned classes; left out, as for a feature."""
    prediction_confidence_psi: Floor | None = None
    """Population stability index of a classifier's confidence; left out, as for a feature."""
    false_positive_rate: OpenRatio = 0.0005
    """The probability that noise alone crosses a threshold, for all features and predictions of a window together."""
    min_rows: Annotated[Count, Field(ge=2, le=1_000_000)] = 30
    """The minimum rows of a window; with fewer it has no drift scores, only its number of rows."""
