"""The highest share of new rows that any recent stretch of time had: a memory that does not depend on today's mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exporter.statistics import thresholds

Values = npt.NDArray[np.float64]

ENOUGH: Final = 10
"""The rows beyond the usual ones that make a share worth an alert: two misspelled rows of a quiet hour do not."""
_TRIED: Final = 4
"""The stretches whose noise is computed: so many that are furthest above their floor, so many with the most rows."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual: the new rows and all rows of the reference, and the settings of thresholds."""

    new: float
    rows: float
    min_rows: int
    rate: float

    @property
    def share(self) -> float:
        """The usual share of new rows."""
        return self.new / self.rows


@dataclass(frozen=True, slots=True)
class Past:
    """Partitions in the order of time.

    `new` are the rows of new categories and `rows` all rows of each partition. `floors` is the floor of a stretch that
    ends with it. All are of shape (partitions,).
    """

    new: Values
    rows: Values
    floors: Values


def highest_share(past: Past, lengths: Sequence[int], newest: int, usual: Usual) -> tuple[float, float] | None:
    """Return the share of new rows in the stretch of time that is furthest above its threshold, and this threshold.

    A stretch is a run of consecutive partitions. Its threshold is the greatest of: the usual share plus its floor, the
    usual share plus `ENOUGH` rows, and the noise of the usual share, `thresholds.ratio_noise`, where the first two are
    exceeded. Both values are from 0 to 1.

    Args:
        past: the partitions.
        lengths: the numbers of partitions of a stretch.
        newest: only stretches that end within so many of the newest partitions count.
        usual: the reference.

    Returns:
        None when no stretch has enough rows.
    """
    found = [_stretches(past, length, newest, usual) for length in lengths if length <= len(past.new)]
    shares, levels, sizes = (np.concatenate(part) for part in zip(*found, strict=True))
    if not len(shares):
        return None
    beyond = np.flatnonzero(shares > levels)
    orders = (shares / levels, (shares - usual.share) * sizes)
    tried = np.unique(
        [place for order in orders for place in beyond[np.argsort(-order[beyond], kind="stable")][:_TRIED]]
    )
    noises = {place: _noise(usual, sizes[place]) for place in tried.astype(int).tolist()}
    for place in beyond.tolist():  # those whose noise is not computed do not alert
        levels[place] = max(levels[place], noises.get(place, shares[place]))
    highest = int(np.argmax(shares / levels))
    return float(shares[highest]), float(levels[highest])


def _noise(usual: Usual, rows: float) -> float:
    return thresholds.ratio_noise(usual.new, usual.rows, int(rows), usual.rate)


def _stretches(past: Past, length: int, newest: int, usual: Usual) -> tuple[Values, Values, Values]:
    """The share, the threshold without noise, and the rows of each stretch of one length with enough rows."""
    partitions = len(past.new)
    ends = np.arange(max(length, partitions - newest + 1), partitions + 1)
    sums, totals = (np.concatenate([[0.0], np.cumsum(part)]) for part in (past.new, past.rows))
    found, sizes = sums[ends] - sums[ends - length], totals[ends] - totals[ends - length]
    enough = sizes >= usual.min_rows
    found, sizes, least = found[enough], sizes[enough], past.floors[ends - 1][enough]
    level = np.maximum(np.minimum(usual.share + least, 1.0), usual.share + ENOUGH / sizes)
    return found / sizes, level, sizes
