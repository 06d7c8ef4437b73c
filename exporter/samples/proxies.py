"""Each proxy metric of each window beside the same hours of past weeks, as gauges."""

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
"""The share of a window's slots in which a value that is asked for must be known."""


@dataclass(frozen=True, slots=True)
class ProxyHistory:
    """A proxy's sums, slot by slot with none left out, up to the end of the windows.

    `start` is that of the first slot; `sums` are by `Moment`, zeros where nothing is known; shape (slots, 6).
    """

    proxy: Proxy
    start: datetime
    slot: timedelta
    sums: npt.NDArray[np.float64]


def proxy_samples(spec: ModelSpec, histories: Iterable[ProxyHistory]) -> Iterator[Sample]:
    """Every sample about proxies; of a window with too few rows none, of one with too short a past its value alone."""
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
            part, its = history.sums[-reach:], cells[-reach:]
            known = _Window(history.proxy, _value(part[-length:], fewest), floor, rate)
            values = known.judged(proxies.usual(part, its, length, WEEK / history.slot))
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

    def judged(self, known: proxies.Usual) -> Mapping[Metric, float]:
        """Its values; a score without its threshold is none, and an expectation without a value is of no use."""
        direction = self.proxy.direction
        score = proxies.deviation(self.value, known.ratio, direction)
        level = thresholds.threshold(self.floor, proxies.deviation_noise(known, self.rate, direction))
        values = {catalogue.PROXY_VALUE: self.value}
        if not (math.isfinite(score) and math.isfinite(level)):
            return values
        if direction != "up":
            values[catalogue.PROXY_EXPECTED_LOWER] = known.ratio * max(1 - level, 0.0)
        if direction != "down":
            values[catalogue.PROXY_EXPECTED_UPPER] = known.ratio * (1 + level)
        scores = {catalogue.PROXY_DEVIATION: score, catalogue.PROXY_DEVIATION_THRESHOLD: level}
        return values | {catalogue.PROXY_EXPECTED: known.ratio} | scores
