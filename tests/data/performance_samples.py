"""The performance of a model in the samples of a refresh."""

from __future__ import annotations

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample

KEY = ("loans", "v1", "24h")


def value(samples: list[Sample], metric: Metric) -> float:
    """The value of the model's newest mature day."""
    (found,) = [one.value for one in samples if one.metric == metric and one.labels[:3] == KEY]
    return found


def alarms(samples: list[Sample]) -> set[str]:
    """The performance alerts whose condition is true."""
    layer = catalogue.Layer.PERFORMANCE
    return {found.alert.name for found in conditions(samples, {"24h"}) if found.alert.layer is layer}
