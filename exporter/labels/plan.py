"""Which partitions of labels are still to be joined with which partitions of predictions, and in which pieces.

Partitions are known by name here. A name begins with the start of its partition, so the order of names is the order of
time. It also depends on the content: a partition that is rewritten has another name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

MERGED_LABELS: Final = 2_000_000
"""Labels that are joined at a time: some 200 MB while they are merged."""
_WORTH_MERGING: Final = 8
"""To merge labels takes as long as to join them one by one with so many partitions of predictions."""
_SMALL: Final = 20_000
"""Partitions of labels are merged too where so many labels are in several of them: each costs more than its labels."""

Sets = dict[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Joined:
    """The partitions of labels that a partition of predictions was compared with.

    `rows` are those that have labels of these predictions, with the number of rows; `seen` are these and those that
    have none.
    """

    rows: Mapping[str, int]
    seen: frozenset[str]

    @property
    def unmatched(self) -> frozenset[str]:
        """Those that have no label of these predictions."""
        return self.seen.difference(self.rows)

    def reset_to(self, rows: Mapping[str, int]) -> Joined:
        """The same, where only these rows are joined."""
        return Joined(rows, self.unmatched.union(rows))

    def compared(self, names: Collection[str], sets: Sets) -> Joined:
        """The same after more partitions were compared that have no label of these predictions.

        `sets` are the sets that others became with the same partitions, so that each is made once.
        """
        after = sets.get(self.seen)
        if after is None:
            after = sets[self.seen] = self.seen.union(names)
        return Joined(self.rows, after)

    def add(self, names: Collection[str], rows: Mapping[str, int], first: str) -> Joined:
        """The same after more partitions were joined.

        Args:
            names: the partitions that were compared.
            rows: those of them that have labels of these predictions, with the number of rows.
            first: the least name within the look-back; older ones are no longer counted.
        """
        recent = {name: number for name, number in self.rows.items() if name >= first}
        return Joined({**recent, **rows}, self.seen.union(names))

    def shared(self, sets: Sets) -> Joined:
        """The same, with one object for equal sets: nearly all partitions of predictions have seen the same labels."""
        seen = sets.setdefault(self.seen, self.seen)
        return self if seen is self.seen else replace(self, seen=seen)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The partitions of labels that there are, in the order of time.

    `labels` are their labels by name; `first` is the least name within the look-back.
    """

    labels: Mapping[str, int]
    first: str

    def rewritten(self, joined: Joined) -> bool:
        """Whether a joined partition within the look-back is gone: what was joined cannot be taken out."""
        return any(name >= self.first for name in joined.rows if name not in self.labels)

    def current(self, joined: Joined, sets: Sets) -> Joined:
        """The same without the unmatched partitions that are gone; `sets` are the partitions left of each set."""
        left = sets.get(joined.seen)
        if left is None:
            left = joined.seen.intersection(self.labels)
            left = sets[joined.seen] = joined.seen if len(left) == len(joined.seen) else left
        seen = left if left.issuperset(joined.rows) else left.union(joined.rows)
        return joined if seen is joined.seen else replace(joined, seen=seen)

    def complete(self, joined: Joined) -> bool:
        """Whether all were compared."""
        return joined.seen.issuperset(self.labels)

    def pieces(self, hours: Iterable[Joined]) -> list[tuple[str, ...]]:
        """The partitions to join, each piece at once: those that many partitions of predictions need are merged."""
        many, few = self._unseen_by_many_and_few(hours)
        return [*self._runs(many, MERGED_LABELS), *self._runs(few, _SMALL)]

    def unseen_by_few(self, hours: Iterable[Joined]) -> list[str]:
        """The partitions that a few partitions of predictions were not compared with."""
        return self._unseen_by_many_and_few(hours)[1]

    def _unseen_by_many_and_few(self, hours: Iterable[Joined]) -> tuple[list[str], list[str]]:
        unseen = self._unseen(hours)
        many = [name for name in self.labels if unseen[name] > _WORTH_MERGING]
        return many, [name for name in self.labels if 0 < unseen[name] <= _WORTH_MERGING]

    def _unseen(self, hours: Iterable[Joined]) -> Counter[str]:
        """How many partitions of predictions have not seen each."""
        unseen: Counter[str] = Counter()
        for seen, number in Counter(joined.seen for joined in hours).items():
            unseen.update(dict.fromkeys(self.labels.keys() - seen, number))
        return unseen

    def _runs(self, names: Iterable[str], most: int) -> Iterator[tuple[str, ...]]:
        """Partitions in runs of at most so many labels, or one alone that has more."""
        run: list[str] = []
        labels = 0
        for name in names:
            if run and labels + self.labels[name] > most:
                yield tuple(run)
                run, labels = [], 0
            run.append(name)
            labels += self.labels[name]
        if run:
            yield tuple(run)
