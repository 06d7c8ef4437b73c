"""The least effects worth an alert; what noise alone may reach comes on top."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from exporter.spec.sections.section import SpecSection
from exporter.spec.value_types import Count, Duration, Factor, NonNegative, OpenRatio, Ratio

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Threshold(SpecSection):
    """The least effect worth an alert; the noise of a small window comes on top."""

    floor: NonNegative
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, NonNegative] = {}
    """Another floor on some weekdays."""

    def on(self, weekday: Weekday) -> float:
        """The floor on a weekday of the model's calendar."""
        return self.weekdays.get(weekday, self.floor)


class RatioThreshold(Threshold):
    """A threshold of something that runs from 0 to 1; a floor of 1 never alerts."""

    floor: Ratio
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Ratio] = {}
    """Another floor on some weekdays."""


class FactorThreshold(Threshold):
    """A threshold of something that is 1 where nothing has changed, and 2 where it is twice or half as much."""

    floor: Factor
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Factor] = {}
    """Another floor on some weekdays."""


def _floor(value: Any) -> Any:
    return value if isinstance(value, dict | Threshold) else {"floor": value}


Floor = Annotated[Threshold, BeforeValidator(_floor, json_schema_input_type=NonNegative | Threshold)]
RatioFloor = Annotated[RatioThreshold, BeforeValidator(_floor, json_schema_input_type=Ratio | RatioThreshold)]
FactorFloor = Annotated[FactorThreshold, BeforeValidator(_floor, json_schema_input_type=Factor | FactorThreshold)]


class Thresholds(SpecSection):
    """A number is a floor; `{floor: 0.2, weekdays: {saturday: 0.3}}` gives weekdays their own."""

    feature_psi: Floor | None = None
    """Population stability index of a feature; left out, 0.05 where the reference's own weeks are known, else 0.2."""
    feature_null_ratio: RatioFloor = RatioThreshold(floor=0.05)
    """Share of nulls above the reference's."""
    feature_new_category_ratio: RatioFloor = RatioThreshold(floor=0.01)
    """Share of rows whose category the reference does not know, above the reference's own."""
    drift_share: RatioFloor = RatioThreshold(floor=0.2)
    """Share of the features that have drifted, weighted by importance."""
    prediction_mean_shift: Floor = Threshold(floor=0.15)
    """Shift of the mean score, in reference standard deviations."""
    traffic_factor: FactorFloor = FactorThreshold(floor=2.0)
    """How many times more or fewer rows than the same hours of past weeks; 2 is twice or half as many."""
    calibration_error: RatioFloor = RatioThreshold(floor=0.02)
    """Mean gap between the share of positives that scores predict and the share that comes true."""
    estimated_gap: Ratio = 0.05
    """By how much performance may be worse than what was to be expected of it; of an error, as a share of that."""
    label_coverage: Ratio = 0.8
    """The share of mature predictions that should have a label; where fewer usually have one, say so."""
    label_silence: Duration = timedelta(days=1)
    """Never alert while no label has come for no longer than this."""
    prediction_psi: Floor | None = None
    """Population stability index of the score; left out, as that of a feature."""
    prediction_class_psi: Floor | None = None
    """Population stability index of the classes that were returned; left out, as that of a feature."""
    prediction_confidence_psi: Floor | None = None
    """Population stability index of a classifier's confidence; left out, as that of a feature."""
    false_positive_rate: OpenRatio = 0.0005
    """How often noise alone may cross a threshold, over all features of a window and its answers together."""
    min_rows: Annotated[Count, Field(ge=2, le=1_000_000)] = 30
    """A window with fewer rows gives no scores; its gauge of rows says how few."""
