"""Ranked lists whose items have a relevance, reduced to the gain of each list and the lists that are left out.

A list is evaluated only when all its items have a relevance. With missing items its gain could be higher or lower, and
items are not missing at random: users look at the top of a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from exporter.labels.ids import Ids
from exporter.labels.sums.labelled import Moments, moments
from exporter.profiles.binning import Counts, Floats

PARTLY: Final = "partly_labelled"
NOTHING: Final = "nothing_relevant"
SINGLE: Final = "single_item"
"""Why a list is left out: an item has no relevance, no item is relevant, there is only one item."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Lists of ranked items: the moments of the gains of evaluated lists, and the lists left out, by reason."""

    gains: Moments = field(default_factory=Moments)
    partly: int = 0
    nothing: int = 0
    single: int = 0

    def __add__(self, other: Ranked) -> Ranked:
        """Add two."""
        return Ranked(
            self.gains + other.gains,
            self.partly + other.partly,
            self.nothing + other.nothing,
            self.single + other.single,
        )

    @property
    def lists(self) -> int:
        """The evaluated lists."""
        return round(self.gains.weights)

    @property
    def left_out(self) -> dict[str, int]:
        """The lists that are left out, by reason."""
        return {PARTLY: self.partly, NOTHING: self.nothing, SINGLE: self.single}


def ranked(queries: Ids, scores: Floats, relevances: Floats, depth: int | None = None) -> Ranked:
    """Reduce ranked items, in any order.

    A list of one item is left out, and so is a list without a relevant item: no order of it is better than another.

    Args:
        queries: the list of each item, (items,).
        scores: which the lists are ranked by, the highest first, (items,), finite.
        relevances: 0 or more, NaN where they are not known, (items,).
        depth: as in `ndcg`.

    Raises:
        ValueError: when the lengths differ or a relevance is negative.
    """
    _, lists, items = np.unique(queries, return_inverse=True, return_counts=True)
    many, missing = items > 1, np.bincount(lists, np.isnan(relevances), len(items)) > 0
    whole = many & ~missing
    used = whole[lists]
    gains = ndcg(lists[used], scores[used], relevances[used], len(items), depth)[whole]
    defined = gains[np.isfinite(gains)]
    return Ranked(
        moments(defined), int((many & missing).sum()), int(whole.sum()) - len(defined), len(items) - int(many.sum())
    )


def ndcg(lists: Counts, scores: Floats, relevances: Floats, number: int, depth: int | None = None) -> Floats:
    """Return the normalised discounted cumulative gain of lists, 0 to 1, (number,); NaN where nothing is relevant.

    The gain of an item is its relevance over log2(1 + its rank), and the whole is divided by that of the best order.
    Items with equal scores share the mean of their gains (McSherry and Najork 2008). Source: Jarvelin and Kekalainen
    2002.

    Args:
        lists: the list of each item, from 0 to `number` - 1, (items,).
        scores: which they are ranked by, the highest first, (items,).
        relevances: of the items, (items,), 0 or more.
        number: of lists.
        depth: the last rank that has a gain; all have one if left out.

    Raises:
        ValueError: when the lengths differ or a relevance is negative.
    """
    if not len(lists) == len(scores) == len(relevances):
        raise ValueError(f"{len(lists)} items, {len(scores)} scores and {len(relevances)} relevances")
    if (relevances < 0).any():
        raise ValueError("a relevance must not be negative")
    order = np.lexsort((-scores, lists))
    own, ranked_scores = lists[order], scores[order]
    discounts = _discounts(own, depth)
    starts = np.flatnonzero(np.append(True, (own[1:] != own[:-1]) | (ranked_scores[1:] != ranked_scores[:-1])))
    starts = starts[: len(own)]
    ties = np.diff(np.append(starts, len(own)))
    shared = np.repeat(np.add.reduceat(discounts, starts) / ties, ties) if len(own) else discounts
    best = relevances[np.lexsort((-relevances, lists))]
    with np.errstate(invalid="ignore"):
        value: Floats = np.bincount(own, relevances[order] * shared, number) / np.bincount(
            own, best * discounts, number
        )
    return value


def _discounts(lists: Counts, depth: int | None) -> Floats:
    """Return the discount of each place, list after list, each from its best rank to its last."""
    starts = np.flatnonzero(np.append(True, lists[1:] != lists[:-1]))[: len(lists)]
    ranks = np.arange(1, len(lists) + 1) - np.repeat(starts, np.diff(np.append(starts, len(lists))))
    return np.where(ranks <= (depth or len(ranks)), 1 / np.log2(1 + ranks), 0.0)
