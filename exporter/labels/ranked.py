"""What ranked lists are reduced to once the relevance of their items is known: how good each was, and what is left out.

A list is judged only when all its items have a relevance: where some are missing it could be better or worse than what
is known of it, and which are missing is no accident (what stood high was looked at).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from exporter.labels.labelled import Moments, moments
from exporter.labels.predictions import Ids
from exporter.profiles.binning import Counts, Floats

PARTLY: Final = "partly_labelled"
NOTHING: Final = "nothing_relevant"
SINGLE: Final = "single_item"
"""Why a list is left out: an item has no relevance, none is relevant, there is nothing to put into an order."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Lists of ranked items: the moments of the gain of those that are judged, and how many are left out and why."""

    gains: Moments = field(default_factory=Moments)
    partly: int = 0
    nothing: int = 0
    single: int = 0

    def __add__(self, other: Ranked) -> Ranked:
        """Both together."""
        return Ranked(
            self.gains + other.gains,
            self.partly + other.partly,
            self.nothing + other.nothing,
            self.single + other.single,
        )

    @property
    def lists(self) -> int:
        """Those that are judged."""
        return round(self.gains.weights)

    @property
    def left_out(self) -> dict[str, int]:
        """Those that are not, by reason."""
        return {PARTLY: self.partly, NOTHING: self.nothing, SINGLE: self.single}


def ranked(queries: Ids, scores: Floats, relevances: Floats, depth: int | None = None) -> Ranked:
    """Reduces ranked items, in any order.

    A list of one item is left out, and so is one of which no item is relevant: no order of it is better than another.

    Args:
        queries: which list each item is of, (items,).
        scores: by which the lists were ranked, the highest first, (items,), finite.
        relevances: 0 or more, NaN where it is not known, (items,).
        depth: as in `ndcg`.

    Raises:
        ValueError: when the lengths differ or a relevance is negative.
    """
    _, lists, items = np.unique(queries, return_inverse=True, return_counts=True)
    many, missing = items > 1, np.bincount(lists, np.isnan(relevances), len(items)) > 0
    whole = many & ~missing
    kept = whole[lists]
    gains = ndcg(lists[kept], scores[kept], relevances[kept], len(items), depth)[whole]
    defined = gains[np.isfinite(gains)]
    return Ranked(
        moments(defined), int((many & missing).sum()), int(whole.sum()) - len(defined), len(items) - int(many.sum())
    )


def ndcg(lists: Counts, scores: Floats, relevances: Floats, number: int, depth: int | None = None) -> Floats:
    """Normalised discounted cumulative gain of each of some lists, 0 to 1, (number,); NaN where nothing is relevant.

    The gain of an item is its relevance over log2(1 + its rank), and the whole is divided by that of the best order.
    Items with equal scores share the mean of their gains (McSherry and Najork 2008). Source: Jarvelin and Kekalainen
    2002.

    Args:
        lists: which list each item is of, from 0 to `number` - 1, (items,).
        scores: by which they were ranked, the highest first, (items,).
        relevances: of the items, (items,), 0 or more.
        number: of lists.
        depth: ranks after it give no gain; all count if left out.

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
    """What the item at each place counts, the lists one behind the other, each from its best rank to its last."""
    starts = np.flatnonzero(np.append(True, lists[1:] != lists[:-1]))[: len(lists)]
    ranks = np.arange(1, len(lists) + 1) - np.repeat(starts, np.diff(np.append(starts, len(lists))))
    return np.where(ranks <= (depth or len(ranks)), 1 / np.log2(1 + ranks), 0.0)
