"""The floors that differ between weekdays, as rules need them: exact text, and days as PromQL numbers them."""

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
    catalogue.FEATURE_NEW_CATEGORY_RATIO: attrgetter("feature_new_category_ratio"),
    catalogue.DATA_DRIFT_SHARE: attrgetter("drift_share"),
    catalogue.PREDICTION_MEAN_SHIFT: attrgetter("prediction_mean_shift"),
    catalogue.TRAFFIC_FACTOR: attrgetter("traffic_factor"),
    catalogue.CALIBRATION_ERROR: attrgetter("calibration_error"),
    catalogue.PREDICTION_PSI: attrgetter("prediction_psi"),
    catalogue.PREDICTION_CLASS_PSI: attrgetter("prediction_class_psi"),
    catalogue.PREDICTION_CONFIDENCE_PSI: attrgetter("prediction_confidence_psi"),
}
"""Which part of a spec is a score's floor."""


def weekly(thresholds: Thresholds) -> dict[str, Threshold]:
    """The thresholds whose floor is not the same every day, by the key of the score that they are for."""
    given = {metric.key: floor(thresholds) for metric, floor in FLOORS.items()}
    return {key: threshold for key, threshold in given.items() if threshold and _differs(threshold)}


def weekly_proxies(proxies: Iterable[Proxy]) -> dict[str, Threshold]:
    """The floors of proxies that are not the same every day, by the proxy's name."""
    return {proxy.name: proxy.floor for proxy in proxies if _differs(proxy.floor)}


def _differs(threshold: Threshold) -> bool:
    return len(set(week(threshold))) > 1


def week(threshold: Threshold) -> tuple[float, ...]:
    """The floor of each weekday, Monday's first."""
    return tuple(map(threshold.on, WEEKDAYS))


def levels(threshold: Threshold) -> list[dict[str, Any]]:
    """Each floor above the week's lowest with the days that have it, the lowest first.

    The lowest is left out: a published threshold is never below it.
    """
    floors = week(threshold)
    return [
        {
            "floor": text(level),
            "days": sorted(promql_weekday(day) for day, floor in enumerate(floors) if floor == level),
        }
        for level in sorted(set(floors))[1:]
    ]


def text(number: float) -> str:
    """A number that reads back as itself, in digits alone; jsonnet would write 0.3 as 0.29999999999999999."""
    return format(Decimal(repr(float(number))), "f").removesuffix(".0")
