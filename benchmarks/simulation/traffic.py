"""Seasonal traffic without drift: volume, and most features' means, spreads and shares, follow the week.

Every week is drawn from the same distribution, so every alert is false.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special, stats

Floats = npt.NDArray[np.float64]
Generator = np.random.Generator

MONDAY: Final = datetime(2026, 6, 1, tzinfo=UTC)
WEEK: Final = 168
TIME: Final = "time"
SCORE: Final = "score"
CATEGORIES: Final = 8
_CELLS: Final = np.arange(WEEK)
_LARGEST_COUNT: Final = 40
_KINDS: Final = (
    "normal",
    "lognormal",
    "normal",
    "count",
    "normal",
    "category",
    "normal",
    "lognormal",
    "count",
    "category",
)


@dataclass(frozen=True)
class Traffic:
    """The parameters of the traffic.

    `rows` is the mean number of rows per hour. With `users`, the rows of an hour come equally from that many users, who
    appear only in that hour, and the values of one user have the correlation `correlation`. On Mondays every fifth
    feature moves by a random shift with `restless` standard deviations, which lasts the day.
    """

    features: int = 50
    rows: int = 2000
    weeks: int = 8
    users: int = 0
    correlation: float = 0.8
    restless: float = 0.0

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each feature, by name."""
        kinds = (_KINDS[index % len(_KINDS)] for index in range(self.features))
        return {f"{kind}_{index:02}": kind for index, kind in enumerate(kinds)}


@dataclass(frozen=True)
class Population:
    """The distribution of every week of one simulation; `seed` determines it and every row."""

    traffic: Traffic
    seed: int

    @cached_property
    def volume(self) -> Floats:
        """Mean rows of each hour of the week, (168,): nights a quarter of afternoons, weekends 70 % of weekdays."""
        if self.traffic.users:
            return np.full(WEEK, float(self.traffic.rows))
        shape = (1 + 0.6 * np.sin(2 * np.pi * (_CELLS % 24 - 9) / 24)) * np.where(_CELLS // 24 >= 5, 0.7, 1.0)
        return np.asarray(self.traffic.rows * shape / shape.mean())

    @cached_property
    def distributions(self) -> dict[str, _Distribution]:
        """The distribution of each feature and of the score."""
        generator = np.random.default_rng([self.seed, 0])
        return {
            name: _Distribution.draw(kind, generator) for name, kind in {**self.traffic.kinds, SCORE: "score"}.items()
        }

    def week(self, index: int) -> pa.Table:
        """Return the rows of a week, counted from `MONDAY`, in the order of time; their times are whole hours."""
        generator = np.random.default_rng([self.seed, 1 + index])
        rows = generator.poisson(self.volume)
        if self.traffic.users:
            rows[:] = self.traffic.rows
        start = np.datetime64(MONDAY.replace(tzinfo=None), "s") + np.timedelta64(index * WEEK, "h")
        columns: dict[str, Any] = {TIME: pa.array(np.repeat(start + _CELLS * np.timedelta64(3600, "s"), rows))}
        for place, (name, distribution) in enumerate(self.distributions.items()):
            moved = self._restlessness(generator) if place % 5 == 0 else np.zeros(WEEK)
            columns[name] = distribution.values(self._deviates(rows, generator) + np.repeat(moved, rows), rows)
        return pa.table(columns)

    def _deviates(self, rows: npt.NDArray[np.int64], generator: Generator) -> Floats:
        """Draw standard normal numbers, one for each row."""
        total, users = int(rows.sum()), self.traffic.users
        own = generator.standard_normal(total, np.float32).astype(np.float64)
        if not users:
            return own
        common = np.repeat(generator.standard_normal(users * WEEK), self.traffic.rows // users)
        share = self.traffic.correlation
        return np.asarray(np.sqrt(share) * common + np.sqrt(1 - share) * own)

    def _restlessness(self, generator: Generator) -> Floats:
        return np.where(_CELLS < 24, self.traffic.restless * generator.standard_normal(), 0.0)


@dataclass(frozen=True)
class _Distribution:
    """How standard normal numbers become a column, by hour of the week: with centre and spread, or with shares."""

    kind: str
    centre: Floats
    spread: Floats
    shares: Floats | None

    @staticmethod
    def draw(kind: str, generator: Generator) -> _Distribution:
        centre, spread = _season(generator), np.exp(0.4 * _season(generator))
        shares = None
        if kind == "count":
            mean = np.exp(generator.uniform(0.5, 2.0) + 0.5 * centre)
            shares = stats.poisson.cdf(np.arange(_LARGEST_COUNT), mean[:, None])
        elif kind == "category":
            weights = generator.normal(0, 1, CATEGORIES) + np.stack([_season(generator) for _ in range(CATEGORIES)], 1)
            shares = special.softmax(weights, axis=1).cumsum(axis=1)[:, :-1]
        return _Distribution(kind, generator.normal(0, 3) + centre, spread, shares)

    def values(self, deviates: Floats, rows: npt.NDArray[np.int64]) -> pa.Array:
        if self.shares is not None:
            return self._discrete(special.ndtr(deviates), rows)
        values = np.repeat(self.centre, rows) + np.repeat(self.spread, rows) * deviates
        if self.kind == "lognormal":
            values = np.exp(0.7 * values)
        return pa.array(special.expit(values - 3) if self.kind == "score" else values)

    def _discrete(self, uniform: Floats, rows: npt.NDArray[np.int64]) -> pa.Array:
        assert self.shares is not None  # noqa: S101 - for mypy
        pieces = zip(self.shares, np.split(uniform, np.cumsum(rows)[:-1]), strict=True)
        codes = np.concatenate([np.searchsorted(shares, piece) for shares, piece in pieces]).astype(np.int32)
        if self.kind == "count":
            return pa.array(codes)
        return pa.DictionaryArray.from_arrays(codes, [f"category-{code}" for code in range(CATEGORIES)])


def _season(generator: Generator) -> Floats:
    """Draw a curve over the week: a daily and a weekly wave and a step at the weekend; flat for one feature in five."""
    if generator.random() < 0.2:
        return np.zeros(WEEK)
    day, week, weekend = generator.uniform(0, (0.8, 0.4, 0.5))
    waves = (2 * np.pi * (_CELLS / period + generator.random()) for period in (24, WEEK))
    return np.asarray(
        sum(a * np.sin(wave) for a, wave in zip((day, week), waves, strict=True)) + weekend * (_CELLS // 24 >= 5)
    )


def hour(index: int) -> datetime:
    """Return the start of an hour, counted from `MONDAY`."""
    return MONDAY + timedelta(hours=index)
