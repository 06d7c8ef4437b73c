"""Samples of traffic: the rows of each window compared with the same hours of past weeks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import WEEKDAYS, Calendar
from exporter.spec.value_types import format_duration
from exporter.statistics import thresholds, traffic

WEEK: Final = timedelta(weeks=1)
LOOK_BACK: Final = 8 * WEEK
"""How far back before its start a window is compared."""

_HOUR: Final = timedelta(hours=1)


def slot_of(grain: timedelta) -> timedelta:
    """The length of a slot: an hour, or a partition that is shorter or not a whole number of hours."""
    return grain / max(grain // _HOUR, 1)


@dataclass(frozen=True, slots=True)
class PartitionRows:
    """The rows of every partition of the log in order, up to the end of the windows.

    `start` is that of the first partition; `rows` are NaN where unknown; shape (partitions,).
    """

    start: datetime
    grain: timedelta
    rows: npt.NDArray[np.float64]

    @property
    def slot(self) -> timedelta:
        """See `slot_of`."""
        return slot_of(self.grain)

    def by_slot(self) -> npt.NDArray[np.float64]:
        """The rows of each slot; those of a partition are spread evenly over its slots; shape (slots,)."""
        each = round(self.grain / self.slot)
        return np.repeat(self.rows / each, each)


def traffic_samples(spec: ModelSpec, log: PartitionRows) -> Iterator[Sample]:
    """The usual rows of each window and its traffic factor; nothing for a window with too short a past."""
    rows, calendar = log.by_slot(), Calendar.of(spec.spec.seasonality)
    instants = np.datetime64(log.start.replace(tzinfo=None), "us") + np.arange(len(rows)) * np.timedelta64(log.slot)
    cells, week = calendar.cells(instants), WEEK / log.slot
    end = log.start + len(log.rows) * log.grain
    weekday = WEEKDAYS[calendar.end_weekday(end)]
    for window in spec.spec.windows:
        length = round(window / log.slot)
        reach = length + LOOK_BACK // log.slot
        usual = traffic.usual_rows(rows[-reach:], cells[-reach:], length, week)
        factor = traffic.factor(float(np.nansum(rows[-length:])), usual.rows)
        noise = traffic.factor_noise(usual, spec.spec.thresholds.false_positive_rate)
        level = thresholds.threshold(spec.spec.thresholds.traffic_factor.on(weekday), noise)
        yield from _samples(spec.name, format_duration(window), usual.rows, factor, level)


def _samples(model: str, window: str, usual: float, factor: float, level: float) -> Iterator[Sample]:
    """The samples with finite values; a factor needs its threshold."""
    if math.isfinite(usual):
        yield Sample(catalogue.WINDOW_ROWS_REFERENCE, (model, catalogue.INFERENCE, window), usual)
    if math.isfinite(factor) and math.isfinite(level):
        yield Sample(catalogue.TRAFFIC_FACTOR, (model, window), factor)
        yield Sample(catalogue.TRAFFIC_FACTOR_THRESHOLD, (model, window), level)
