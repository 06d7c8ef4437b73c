"""Threshold floors that differ between weekdays, as the rules need them: exact text, and PromQL's day numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.spec.seasons import WEEKDAYS, promql_weekday
from exporter.spec.sections.proxies import Proxy
from exporter.spec.sections.thresholds import Threshold, Thresholds

FLOORS: Final[Mapping[Metric, Callable[[Thresholds], Threshold | None]]] = {
    catalogue.FEATURE_PSI: attrgetter("feature_psi"),
    catalogue.FEATURE_NULL_RATIO: attrgetter("feature_null_ratio"),
    catalogue.DATA_DRIFT_SHARE: attrgetter("drift_share"),
    catalogue.PREDICTION_MEAN_SHIFT: attrgetter("prediction_mean_shift"),
    catalogue.TRAFFIC_FACTOR: attrgetter("traffic_factor"),
    catalogue.CALIBRATION_ERROR: attrgetter("calibration_error"),
    catalogue.PREDICTION_PSI: attrgetter("prediction_psi"),
    catalogue.PREDICTION_CLASS_PSI: attrgetter("prediction_class_psi"),
    catalogue.PREDICTION_CONFIDENCE_PSI: attrgetter("prediction_confidence_psi"),
}
"""The threshold of the spec that holds each score's floor.

That of new categories is left out: their share is of a past stretch, and has the floor of the day on which that ended.
"""


def varying_floors(thresholds: Thresholds) -> dict[str, Threshold]:
    """Return the thresholds whose floor differs between weekdays, by the key of their score."""
    all_floors = {metric.key: floor(thresholds) for metric, floor in FLOORS.items()}
    return {key: threshold for key, threshold in all_floors.items() if threshold and _varies(threshold)}


def varying_proxy_floors(proxies: Iterable[Proxy]) -> dict[str, Threshold]:
    """Return the floors of proxies that differ between weekdays, by the proxy's name."""
    return {proxy.name: proxy.floor for proxy in proxies if _varies(proxy.floor)}


def _varies(threshold: Threshold) -> bool:
    return len(set(week_of_floors(threshold))) > 1


def week_of_floors(threshold: Threshold) -> tuple[float, ...]:
    """Return the floor of each weekday, Monday first."""
    return tuple(map(threshold.on, WEEKDAYS))


def floor_levels(threshold: Threshold) -> list[dict[str, Any]]:
    """Return each floor above the week's lowest with the days that have it, in ascending order.

    The lowest floor is left out: a published threshold is never below it.
    """
    floors = week_of_floors(threshold)
    return [
        {
            "floor": number_text(level),
            "days": sorted(promql_weekday(day) for day, floor in enumerate(floors) if floor == level),
        }
        for level in sorted(set(floors))[1:]
    ]


def number_text(number: float) -> str:
    """Return a number in plain digits that parses to the same number; jsonnet writes 0.3 as 0.29999999999999999."""
    return format(Decimal(repr(float(number))), "f").removesuffix(".0")
