"""The labelled rows of a reference hour by hour, the newest quarter of a year of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import pyarrow as pa

from exporter.labels.sums.blocks import LabelledBlocks
from exporter.labels.sums.by_score import losses_of
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.columns import Mask

MOST_HOURS: Final = 13 * 7 * 24
"""The newest hours that are kept: as many as a reference keeps of its features."""

HoursOf = Callable[[pa.ChunkedArray], Counts]
"""Returns the hour of each row since the Unix epoch, -1 for a row without a time that counts."""


@dataclass(frozen=True, slots=True)
class Times:
    """The column of a reference's times, and how it is read."""

    column: str
    hours_of: HoursOf


@dataclass(frozen=True, slots=True)
class LabelledHours:
    """Labelled rows of some hours, in increasing order: `hours` since the Unix epoch, (hours,), and their sums.

    By fine bin of the score, (hours, bins): `rows`, `labels` and `scores`, the sums of labels and scores. `losses` are
    (hours, 4): squared errors, their squares, losses and their squares, as in `exporter.labels.sums.by_score.ByScore`.
    """

    hours: Counts
    rows: Floats
    labels: Floats
    scores: Floats
    losses: Floats

    @classmethod
    def none(cls, bins: int) -> Self:
        """Return no rows."""
        empty = np.zeros((0, bins))
        return cls(np.zeros(0, np.int64), empty, empty, empty, np.zeros((0, 4)))

    @classmethod
    def of(cls, hours: Counts, scores: Floats, labels: Floats, edges: Floats, *, binary: bool) -> Self:
        """Count rows by hour and bin; those without a label or an hour (-1) are left out.

        Args:
            hours: of each row, (rows,).
            scores: finite, (rows,).
            labels: (rows,); NaN where it is not known.
            edges: of the score's fine bins, (k,).
            binary: as in `exporter.labels.by_score.by_score`.
        """
        used = np.isfinite(labels) & (hours >= 0)
        known, place = np.unique(hours[used], return_inverse=True)
        scores, labels, bins = scores[used], labels[used], len(edges) + 1
        cells = place * bins + np.searchsorted(edges, scores)
        rows, sums, predicted = (
            np.bincount(cells, weights, len(known) * bins).astype(np.float64).reshape(len(known), bins)
            for weights in (None, labels, scores)
        )
        squared, losses = losses_of(scores, labels, binary=binary)
        each = (squared, np.square(squared), losses, np.square(losses))
        lost = np.array([np.bincount(place, values, len(known)) for values in each], np.float64)
        return cls(known, rows, sums, predicted, lost.reshape(4, -1).T)

    def __add__(self, other: Self) -> Self:
        """Both together, without hours that are too old."""
        hours = np.union1d(self.hours, other.hours)
        hours = hours[hours > hours[-1] - MOST_HOURS] if len(hours) else hours
        rows, labels, scores, losses = (_at(hours, self, name) + _at(hours, other, name) for name in _TABLES)
        return type(self)(hours, rows, labels, scores, losses)

    def blocks(self, decisions: Mask) -> tuple[LabelledBlocks, Counts]:
        """Return every hour from the first to the last, without gaps, and these hours.

        Args:
            decisions: the bins that are predicted positive, (bins,).
        """
        hours = np.arange(self.hours[0], self.hours[-1] + 1) if len(self.hours) else self.hours
        rows, labels, scores, losses = (_at(hours, self, name) for name in _TABLES)
        sides = [
            np.stack([side[:, ~decisions].sum(axis=1), side[:, decisions].sum(axis=1)], axis=1)
            for side in (rows - labels, labels)
        ]
        totals = rows.sum(axis=1)
        squared, plain = (np.column_stack([totals, losses[:, place : place + 2]]) for place in (0, 2))
        return LabelledBlocks(labels, rows - labels, scores, np.stack(sides, axis=1), squared, plain), hours


_TABLES: Final = tuple(each.name for each in fields(LabelledHours) if each.name != "hours")


def _at(hours: Counts, part: LabelledHours, name: str) -> Floats:
    """A table at some hours, which are increasing; 0 at those that it does not have."""
    table = getattr(part, name)
    spread = np.zeros((len(hours), *table.shape[1:]))
    inside = np.isin(part.hours, hours, assume_unique=True)
    spread[np.searchsorted(hours, part.hours[inside])] = table[inside]
    return spread
