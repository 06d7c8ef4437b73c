"""Which labels are joined to which predictions, and what became of those: kept on disk, a partition at a time."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from exporter.labels.join import KnownLabels, MergedChunks, join, matched_rows, matches, merge_chunks
from exporter.labels.outcomes import Evaluation, Outcome, outcomes, peculiar, segment_outcomes
from exporter.labels.predictions import Predictions
from exporter.profiles.group import Group
from exporter.service.attempt import Attempt
from exporter.service.labels.logs import StoredPartition
from exporter.store.labels import (
    load_known_labels,
    load_labels,
    load_predictions,
    load_unmatched_partitions,
    save_known_labels,
    save_unmatched_partitions,
)
from exporter.store.profiles import Key, ProfileStore

MERGED_LABELS: Final = 2_000_000
"""Labels that are joined at a time: some 200 MB while they are merged."""
_WORTH_MERGING: Final = 8
"""To merge chunks takes as long as to join them one by one with so many partitions of predictions."""


@dataclass(slots=True)
class Judged:
    """A partition of predictions, and what became of it.

    `joined` are the partitions of labels that rows of belong to it, by name, with their number; `seen` are these and
    those that have none of it. `outcomes` are None where they are to be told anew; `segments`, where these or nobody
    asks for them yet.
    """

    key: Key
    joined: Mapping[str, int]
    seen: frozenset[str]
    outcomes: Mapping[Group, Outcome] | None = None
    segments: Mapping[Group, Outcome] | None = None
    rejected_rows: Mapping[str, int] | None = None

    def hold(self, joined: Mapping[str, int]) -> None:
        """Whatever was joined before, it is these now."""
        self.seen = self.seen.difference(self.joined).union(joined)
        self.joined = joined
        self.outcomes = self.segments = None


@dataclass(frozen=True, slots=True)
class _Arrived:
    """The partitions of labels that there are, by name, and the least name of those that still count."""

    current: Mapping[str, StoredPartition]
    first: str

    def unseen(self, hours: Iterable[Judged]) -> Counter[str]:
        """How many partitions of predictions have not seen each."""
        unseen: Counter[str] = Counter()
        for seen, number in Counter(hour.seen for hour in hours).items():
            unseen.update(dict.fromkeys(self.current.keys() - seen, number))
        return unseen


class Joiner:
    """Joins one model's labels. One thread at a time may use it.

    Names of labels begin with the start of their partition, so that they are in the order of time.
    """

    def __init__(self, group: str, store: ProfileStore, judgement: Evaluation) -> None:
        """Nothing is joined yet; `group` is where in the store what is known of predictions is."""
        self.hours: dict[datetime, Judged] = {}
        self.lost: set[Key] = set()
        """What the store should have and has not: to be read again."""
        self._group = group
        self._index = Key(group, "apart", ())
        self._at_hand: tuple[Key, Predictions] | None = None
        self._store = store
        self._judgement = judgement

    def judge_by(self, judgement: Evaluation) -> None:
        """Judge all predictions in this way from now on."""
        same = judgement.like(self._judgement)
        self._judgement = judgement
        for hour in () if same else self.hours.values():
            hour.outcomes = hour.segments = None

    def bring_up_to_date(
        self,
        attempt: Attempt,
        predictions: Mapping[datetime, StoredPartition],
        labels: Mapping[datetime, StoredPartition],
        first: str,
        divided: Collection[datetime] = (),
    ) -> bool:
        """Join what is not joined yet, and tell anew what became of the predictions that this touches.

        Args:
            attempt: this refresh.
            predictions: those that there are.
            labels: those that there are.
            first: the least name of labels that still count; a joined one that is gone since then was rewritten.
            divided: the starts of the partitions of which segments are told too; what is told of others' is let go.

        Returns:
            Whether there was time for all, and nothing was `lost`.

        Raises:
            OSError: when the disk refuses.
        """
        self.lost = set()
        arrived = _Arrived({sys.intern(kept.key.path.name): kept for _, kept in sorted(labels.items())}, first)
        self._take_up(predictions)
        self._settle(arrived)
        done = self._join(attempt, arrived) and self._judge(attempt) and self._divide(attempt, divided)
        self._at_hand = None
        self._store.prune(self._group, [self._index, *(self._answers_key(hour.key) for hour in self.hours.values())])
        return done and not self.lost

    def _answers_key(self, predictions: Key) -> Key:
        return Key(self._group, predictions.name, predictions.sources)

    def _take_up(self, predictions: Mapping[datetime, StoredPartition]) -> None:
        """Have these hours, the new ones as they are kept on the disk."""
        known = {hour.key: hour for hour in self.hours.values()}
        new = {kept.key: self._answers_key(kept.key) for kept in predictions.values() if kept.key not in known}
        apart = (
            load_unmatched_partitions(self._store, self._index, {key.path.name for key in new.values()}) if new else {}
        )
        for made, key in new.items():
            kept = load_known_labels(self._store, key)
            joined = kept[1] if kept is not None else {}
            known[made] = Judged(made, joined, apart.get(key.path.name, frozenset()).union(joined))
        self.hours = {start: known[kept.key] for start, kept in sorted(predictions.items())}

    def _settle(self, arrived: _Arrived) -> None:
        """Begin anew with hours whose labels were rewritten: what was joined cannot be taken out again."""
        sets: dict[frozenset[str], frozenset[str]] = {}
        for hour in self.hours.values():
            if any(name >= arrived.first for name in hour.joined.keys() - arrived.current.keys()):
                self._store.discard(self._answers_key(hour.key))
                hour.hold({})
            seen = hour.seen.intersection(arrived.current).union(hour.joined)
            hour.seen = sets.setdefault(seen, seen)  # one object, since nearly all hours have seen the same

    def _join(self, attempt: Attempt, arrived: _Arrived) -> bool:
        """Join the labels that some partitions have not seen."""
        unseen = arrived.unseen(self.hours.values())
        many = [kept for name, kept in arrived.current.items() if unseen[name] > _WORTH_MERGING]
        few = [kept for name, kept in arrived.current.items() if 0 < unseen[name] <= _WORTH_MERGING]
        pieces = (*_pieces(many, MERGED_LABELS), *_pieces(few, 1))
        done = all(self._join_piece(attempt, piece, arrived) for piece in pieces)
        if pieces:
            self._keep_apart()
        return done

    def _join_piece(self, attempt: Attempt, piece: Sequence[StoredPartition], arrived: _Arrived) -> bool:
        names, labels = self._gathered(piece)
        sets: dict[frozenset[str], frozenset[str]] = {}
        for hour in self.hours.values():
            if not hour.seen.issuperset(names):
                if attempt.overdue():
                    return False
                self._add(hour, names, labels, arrived)
                hour.seen = sets.setdefault(hour.seen, hour.seen)
        return True

    def _keep_apart(self) -> None:
        hours = self.hours.values()
        apart = {self._answers_key(hour.key).path.name: hour.seen.difference(hour.joined) for hour in hours}
        save_unmatched_partitions(self._store, self._index, apart)

    def _gathered(self, piece: Sequence[StoredPartition]) -> tuple[list[str], MergedChunks]:
        """The labels of those partitions that the store still has."""
        found = {kept.key: load_labels(self._store, kept.key) for kept in piece}
        self.lost |= {key for key, rows in found.items() if rows is None}
        there = {sys.intern(key.path.name): rows.labels for key, rows in found.items() if rows is not None}
        return list(there), merge_chunks(list(there.values()))

    def _add(self, hour: Judged, names: Sequence[str], labels: MergedChunks, arrived: _Arrived) -> None:
        """Join labels of the partitions that are new to an hour; with the last judge them, while they are at hand."""
        key, predictions = self._answers_key(hour.key), self._predictions(hour.key)
        if predictions is None:
            return
        found = matches(predictions.ids, labels, np.array([name not in hour.seen for name in names], bool))
        if not found:
            hour.seen = hour.seen.union(names)
            return
        kept = load_known_labels(self._store, key)
        before, joined = kept if kept is not None else (KnownLabels.none(len(predictions.ids)), {})
        if joined != hour.joined:  # it is not what was written there: the next refresh begins with what it is
            self.lost.add(key)
            hour.hold(joined)
            return
        after = join(found, before, labels)
        rows = {name: many for name, many in zip(names, matched_rows(found, labels).tolist(), strict=True) if many}
        joined = {name: many for name, many in joined.items() if name >= arrived.first} | rows
        save_known_labels(self._store, key, after, joined)
        hour.joined, hour.seen = joined, hour.seen.union(names)
        hour.outcomes = hour.segments = None
        if hour.seen.issuperset(arrived.current):
            self._tell(hour, predictions, after)

    def _predictions(self, key: Key) -> Predictions | None:
        """Those of a partition, the last of which stay at hand; None where the store has lost them."""
        if self._at_hand is None or self._at_hand[0] != key:
            predictions = load_predictions(self._store, key)
            if predictions is None:
                self.lost.add(key)
                return None
            self._at_hand = key, predictions
        return self._at_hand[1]

    # -------------------------------------------------------------------------------------------- what became of them

    def _judge(self, attempt: Attempt) -> bool:
        for hour in self.hours.values():
            if hour.outcomes is None:
                if attempt.overdue():
                    return False
                self._judge_hour(hour)
        return True

    def _judge_hour(self, hour: Judged) -> None:
        known = self._known(hour)
        if known is not None:
            self._tell(hour, *known)

    def _divide(self, attempt: Attempt, starts: Collection[datetime]) -> bool:
        for start, hour in self.hours.items() if self._judgement.segments else ():
            if start not in starts:
                hour.segments = None
            elif hour.segments is None:
                if attempt.overdue():
                    return False
                known = self._known(hour)
                hour.segments = segment_outcomes(*known, self._judgement) if known is not None else None
        return True

    def _known(self, hour: Judged) -> tuple[Predictions, KnownLabels] | None:
        """An hour's predictions and what is known of them; None where the store has lost them."""
        predictions = self._predictions(hour.key)
        if predictions is None:
            return None
        kept = load_known_labels(self._store, self._answers_key(hour.key))
        return predictions, KnownLabels.none(len(predictions.ids)) if kept is None else kept[0]

    def _tell(self, hour: Judged, predictions: Predictions, answers: KnownLabels) -> None:
        hour.outcomes = outcomes(predictions, answers, self._judgement)
        hour.rejected_rows = peculiar(predictions, answers)


def _pieces(partitions: Sequence[StoredPartition], most: int) -> Iterator[tuple[StoredPartition, ...]]:
    """The partitions in runs of at most so many rows, or one by one."""
    run: list[StoredPartition] = []
    rows = 0
    for kept in partitions:
        if run and rows + kept.rows > most:
            yield tuple(run)
            run, rows = [], 0
        run.append(kept)
        rows += kept.rows
    if run:
        yield tuple(run)
