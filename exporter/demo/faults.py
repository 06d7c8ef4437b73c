"""Faults of a feature on its way to the model: small pure functions from rows to rows.

A fault damages the input of the model, not the real world: the score changes with the fault, the label does not.
Example: `Fault(start, partial(shift, feature="age", deviations=1.0))`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from exporter.demo.population import SPREAD

Damage = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Fault:
    """Damage to the rows from `start` until before `end`, if given; both aware instants."""

    start: datetime
    damage: Damage
    end: datetime | None = None

    def apply(self, rows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        """Return a copy of the rows with the damage done; `rows` itself is never changed.

        Args:
            rows: rows with `event_time` and the features, in the order of time.
            random: the random generator.
        """
        hit = rows["event_time"] >= self.start
        if self.end is not None:
            hit &= rows["event_time"] < self.end
        if hit.all() and len(rows):
            return self.damage(rows, random)
        if not hit.any():
            return rows
        parts = [rows[~hit], self.damage(rows[hit], random)]
        return pd.concat(parts).sort_values("event_time", kind="stable", ignore_index=True)


def shift(rows: pd.DataFrame, random: np.random.Generator, *, feature: str, deviations: float) -> pd.DataFrame:
    """Shift a numeric feature by a number of its standard deviations; counts stay integers and not negative."""
    del random
    moved = (rows[feature] + deviations * SPREAD[feature]).clip(lower=0)
    return _replace(rows, feature, moved)


def rescale(rows: pd.DataFrame, random: np.random.Generator, *, feature: str, factor: float = 100.0) -> pd.DataFrame:
    """Multiply a numeric feature, as by a change of unit: cents instead of dollars."""
    del random
    return _replace(rows, feature, rows[feature] * factor)


def nulls(rows: pd.DataFrame, random: np.random.Generator, *, feature: str, share: float) -> pd.DataFrame:
    """Set a feature to null in a share of the rows; a column of integers becomes nullable."""
    column = rows[feature]
    nullable = column.astype("Int64") if pd.api.types.is_integer_dtype(column.dtype) else column
    return rows.assign(**{feature: nullable.mask(_chosen(rows, random, share))})


def rename_category(
    rows: pd.DataFrame, random: np.random.Generator, *, feature: str, old: str, new: str
) -> pd.DataFrame:
    """Rename a category: `GB` to `UK`."""
    del random
    return _replace(rows, feature, rows[feature].mask(rows[feature] == old, new))


def new_category(
    rows: pd.DataFrame, random: np.random.Generator, *, feature: str, category: str, share: float
) -> pd.DataFrame:
    """Set a feature to a new category in a share of the rows."""
    return _replace(rows, feature, rows[feature].mask(_chosen(rows, random, share), category))


def freeze(rows: pd.DataFrame, random: np.random.Generator, *, feature: str, value: float | str) -> pd.DataFrame:
    """Set a feature to one value, as a pipeline does that serves a default."""
    del random
    return _replace(rows, feature, pd.Series(value, index=rows.index))


def _chosen(rows: pd.DataFrame, random: np.random.Generator, share: float) -> pd.Series[bool]:
    return pd.Series(random.random(len(rows)) < share, index=rows.index)


def _replace(rows: pd.DataFrame, feature: str, values: pd.Series[Any]) -> pd.DataFrame:
    kind = rows[feature].dtype
    whole = values.round() if pd.api.types.is_integer_dtype(kind) else values
    return rows.assign(**{feature: whole.astype(kind)})
