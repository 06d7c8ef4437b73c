"""Samples of proxy metrics: each window compared with the same hours of past weeks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.proxies import Moment
from exporter.samples.traffic import LOOK_BACK, WEEK
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import WEEKDAYS, Calendar
from exporter.spec.sections.proxies import Proxy
from exporter.spec.value_types import format_duration
from exporter.statistics import proxies, thresholds

_LEAST_KNOWN = 0.5
"""The least share of a window's slots with a known value, for a proxy from a query."""


@dataclass(frozen=True, slots=True)
class ProxyHistory:
    """A proxy's sums for every slot in order, up to the end of the windows.

    `start` is that of the first slot; `sums` are by `Moment`, zeros without data; shape (slots, 6).
    """

    proxy: Proxy
    start: datetime
    slot: timedelta
    sums: npt.NDArray[np.float64]


def proxy_samples(spec: ModelSpec, histories: Iterable[ProxyHistory]) -> Iterator[Sample]:
    """Every sample of proxies: none for a window with too few rows, the value alone for one with too short a past."""
    calendar, limits = Calendar.of(spec.spec.seasonality), spec.spec.thresholds
    rate = thresholds.per_comparison(limits.false_positive_rate, max(len(spec.spec.proxies), 1))
    for history in histories:
        slots = len(history.sums)
        instants = np.datetime64(history.start.replace(tzinfo=None), "us") + np.arange(slots) * np.timedelta64(
            history.slot
        )
        cells = calendar.cells(instants)
        floor = history.proxy.floor.on(WEEKDAYS[calendar.end_weekday(history.start + slots * history.slot)])
        for window in spec.spec.windows:
            length, name = round(window / history.slot), format_duration(window)
            reach = length + LOOK_BACK // history.slot
            fewest = limits.min_rows if history.proxy.ratio else _LEAST_KNOWN * length
            sums = history.sums[-reach:]
            usual = proxies.usual_ratio(sums, cells[-reach:], length, WEEK / history.slot)
            values = _Window(history.proxy, _value(sums[-length:], fewest), floor, rate).values(usual)
            labels = (spec.name, history.proxy.name, name)
            yield from (Sample(metric, labels, value) for metric, value in values.items() if math.isfinite(value))


def _value(sums: npt.NDArray[np.float64], fewest: float) -> float:
    rows, numerator, denominator = sums.sum(axis=0)[: Moment.DENOMINATOR + 1].tolist()
    return numerator / denominator if rows >= fewest and denominator > 0 else math.nan


@dataclass(frozen=True, slots=True)
class _Window:
    """A proxy in a window: its value, the floor of the day and the probability of a false alarm."""

    proxy: Proxy
    value: float
    floor: float
    rate: float

    def values(self, usual: proxies.UsualRatio) -> Mapping[Metric, float]:
        """The value, and its expected value and deviation when the deviation has a threshold."""
        direction = self.proxy.direction
        score = proxies.deviation(self.value, usual.ratio, direction)
        level = thresholds.threshold(self.floor, proxies.deviation_noise(usual, self.rate, direction))
        values = {catalogue.PROXY_VALUE: self.value}
        if not (math.isfinite(score) and math.isfinite(level)):
            return values
        if direction != "up":
            values[catalogue.PROXY_EXPECTED_LOWER] = usual.ratio * max(1 - level, 0.0)
        if direction != "down":
            values[catalogue.PROXY_EXPECTED_UPPER] = usual.ratio * (1 + level)
        scores = {catalogue.PROXY_DEVIATION: score, catalogue.PROXY_DEVIATION_THRESHOLD: level}
        return values | {catalogue.PROXY_EXPECTED: usual.ratio} | scores
