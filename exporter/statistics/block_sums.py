"""Sums of runs of consecutive parts, from sums of blocks that are kept while the runs move on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Final, Generic, TypeVar

P = TypeVar("P")
T = TypeVar("T")

_SMALLEST: Final = 3
"""Blocks of two to the power of this, and larger ones, are kept: they need a quarter of the memory of the parts."""


class BlockSums(Generic[P, T]):
    """Sums of consecutive parts, from the sums of blocks that are kept between calls.

    A block is 2^k parts that begin at a multiple of 2^k. Which blocks a sum is made of depends on its ends alone, so
    the same parts give the same bits, whatever was summed before. Nothing is subtracted. A sum of n parts takes at most
    14 + 2 log2(n) additions; a new part, fewer than two.
    """

    def __init__(self, count: Callable[[int, P], T], add: Callable[[T, T], T]) -> None:
        """Without parts.

        Args:
            count: returns what a part at a position counts for.
            add: the sum of two of these; associative up to rounding.
        """
        self._count = count
        self._add = add
        self._parts: Mapping[int, P] = {}
        self._blocks: dict[tuple[int, int], T | None] = {}
        self._totals: dict[tuple[int, int], T | None] = {}
        self._asked: set[tuple[int, int]] = set()

    def update(self, parts: Mapping[int, P]) -> None:
        """Take these parts, by position, in place of those before. A part that is another object has changed."""
        before, levels = self._parts, {level for level, _ in self._blocks}
        changed = [place for place in parts.keys() | before.keys() if parts.get(place) is not before.get(place)]
        for place in changed:
            for level in levels:
                self._blocks.pop((level, place >> level), None)
        lasting = (span for span in self._asked if not any(span[0] <= each < span[1] for each in changed))
        self._totals, self._asked = {span: self._totals[span] for span in lasting}, set()
        self._parts = dict(parts)

    def total(self, first: int, end: int) -> T | None:
        """Return the sum of the parts from `first` to `end`, without the latter; None where there are none.

        It is the same object as long as it is asked for after each update and none of them changes.
        """
        span = first, end
        self._asked.add(span)
        if span not in self._totals:
            self._totals[span] = self._sum(self._block(level, index) for level, index in _blocks(first, end))
        return self._totals[span]

    def _block(self, level: int, index: int) -> T | None:
        if level == 0:
            return self._count(index, self._parts[index]) if index in self._parts else None
        if level < _SMALLEST:
            return self._sum(self._block(level - 1, 2 * index + side) for side in (0, 1))
        if (level, index) not in self._blocks:
            self._blocks[level, index] = self._sum(self._block(level - 1, 2 * index + side) for side in (0, 1))
        return self._blocks[level, index]

    def _sum(self, parts: Iterator[T | None]) -> T | None:
        present = [part for part in parts if part is not None]
        return reduce(self._add, present) if present else None


def _blocks(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the largest blocks that make up a range, in order: the power of two of their size, and their number."""
    while first < end:
        aligned = (first & -first).bit_length() - 1 if first else end.bit_length()
        level = min(aligned, (end - first).bit_length() - 1)
        yield level, first >> level
        first += 1 << level
