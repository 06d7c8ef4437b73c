"""Labels are joined to predictions, and predictions are evaluated: on disk, a partition at a time."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from exporter.labels.evaluation import Evaluation
from exporter.labels.join import KnownLabels, MergedChunks, join, matched_rows, matches, merge_chunks
from exporter.labels.outcomes import Outcome, outcomes, rejected_rows, segment_outcomes, total
from exporter.labels.plan import Arrivals, Joined, Sets
from exporter.labels.predictions import Predictions
from exporter.profiles.group import Group
from exporter.service.attempt import Attempt
from exporter.service.labels.logs import StoredPartition
from exporter.store.labels import LabelStore
from exporter.store.profiles import Key, ProfileStore

_SAVED_EVERY: Final = 24
"""New partitions of labels after which it is saved which of them have no label of each hour: a restart compares at most
as many again."""


@dataclass(slots=True)
class EvaluatedHour:
    """A partition of predictions, which labels were joined to it, and its outcomes.

    `outcomes` are None until they are computed; so are `segments`, which are computed only where they are needed.
    """

    key: Key
    joined: Joined
    outcomes: Mapping[Group, Outcome] | None = None
    segments: Mapping[Group, Outcome] | None = None
    rejected_rows: Mapping[str, int] | None = None

    def change(self, joined: Joined) -> None:
        """Have other labels, so that all outcomes must be computed again."""
        self.joined = joined
        self.outcomes = self.segments = None


def merged_parts(parts: Sequence[EvaluatedHour]) -> EvaluatedHour:
    """Return a partition of predictions, given its parts by id: what counts predictions is added up."""
    rows: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for part in parts:
        rows.update(part.joined.rows)
        rejected.update(part.rejected_rows or {})
    seen = frozenset.intersection(*(part.joined.seen for part in parts))
    outcomes = [part.outcomes for part in parts if part.outcomes is not None]
    segments = [part.segments for part in parts if part.segments is not None]
    return EvaluatedHour(
        parts[0].key,
        Joined(rows, seen.union(rows)),
        total(outcomes) if len(outcomes) == len(parts) else None,
        total(segments) if len(segments) == len(parts) else None,
        rejected,
    )


class Joiner:
    """Joins one model's labels. One thread at a time may use it."""

    def __init__(self, group: str, store: ProfileStore, evaluation: Evaluation) -> None:
        """Nothing is joined yet; the known labels of predictions are in `group` of the store."""
        self._parts: dict[datetime, tuple[EvaluatedHour, ...]] = {}
        """The parts of each partition of predictions: each is joined and evaluated by itself."""
        self._merges: dict[datetime, tuple[list[object], EvaluatedHour]] = {}
        self._store = LabelStore(store, group)
        self._evaluation = evaluation
        self._unsaved, self._save_after = 0, 1
        self._before: frozenset[str] = frozenset()

    @property
    def hours(self) -> Mapping[datetime, EvaluatedHour]:
        """The partitions of predictions, by start."""
        return {start: self._whole(start, parts) for start, parts in self._parts.items()}

    def clear(self) -> None:
        """Know no partition any more."""
        self._parts, self._merges = {}, {}

    @property
    def missing(self) -> Collection[Key]:
        """What should be in the store and is not: it must be read again."""
        return self._store.missing

    def evaluate_by(self, evaluation: Evaluation) -> None:
        """Evaluate all predictions in this way from now on."""
        changed = not evaluation.counts_like(self._evaluation)
        self._evaluation = evaluation
        for hour in self._every_part() if changed else ():
            hour.change(hour.joined)

    def bring_up_to_date(
        self,
        attempt: Attempt,
        predictions: Mapping[datetime, StoredPartition],
        labels: Mapping[datetime, StoredPartition],
        first: str,
        with_segments: Collection[datetime] = (),
    ) -> bool:
        """Join what is not joined yet, and evaluate again the predictions that this touches.

        Args:
            attempt: this refresh.
            predictions: those that there are.
            labels: those that there are.
            first: the least name of labels within the look-back; a joined one after it that is gone was rewritten.
            with_segments: the starts of the partitions whose segments are evaluated too; those of others are dropped.

        Returns:
            Whether there was time for all, and nothing was `missing`.

        Raises:
            OSError: when the disk refuses.
        """
        self._store.missing.clear()
        parts = {key: rows for _, stored in sorted(labels.items()) for key, rows in stored.parts.items()}
        arrived = {sys.intern(key.path.name): key for key in parts}
        arrivals = Arrivals(dict(zip(arrived, parts.values(), strict=True)), first)
        self._load(predictions)
        self._invalidate(arrivals)
        done = (
            self._join(attempt, arrivals, arrived)
            and self._evaluate(attempt)
            and self._evaluate_segments(attempt, with_segments)
        )
        self._store.finish([hour.key for hour in self._every_part()], parts)
        return done and not self.missing

    def _load(self, predictions: Mapping[datetime, StoredPartition]) -> None:
        """Have these hours; the state of new ones is loaded from disk."""
        known = {hour.key: hour for hour in self._every_part()}
        new = self._store.joined([key for stored in predictions.values() for key in stored.parts if key not in known])
        known |= {key: EvaluatedHour(key, joined) for key, joined in new.items()}
        self._parts = {
            start: tuple(known[key] for key in stored.parts) for start, stored in sorted(predictions.items())
        }
        self._merges = {start: merge for start, merge in self._merges.items() if len(self._parts.get(start, ())) > 1}

    def _every_part(self) -> Iterator[EvaluatedHour]:
        return (part for parts in self._parts.values() for part in parts)

    def _whole(self, start: datetime, parts: Sequence[EvaluatedHour]) -> EvaluatedHour:
        """Return a partition, given its parts; the same object for as long as nothing of them changes."""
        if len(parts) == 1:
            return parts[0]
        sources: list[object] = [each for part in parts for each in (part.joined, part.outcomes, part.segments)]
        known = self._merges.get(start)
        if known is None or list(map(id, known[0])) != list(map(id, sources)):
            known = self._merges[start] = sources, merged_parts(parts)
        return known[1]

    def _invalidate(self, arrivals: Arrivals) -> None:
        """Start again with hours whose labels were rewritten, and forget unmatched labels that are gone."""
        sets: Sets = {}
        left: Sets = {}
        for hour in self._every_part():
            if arrivals.rewritten(hour.joined):
                self._store.discard(hour.key)
                hour.change(hour.joined.reset_to({}))
            hour.joined = arrivals.current(hour.joined, left).shared(sets)

    # -------------------------------------------------------------------------------------------- joining

    def _join(self, attempt: Attempt, arrivals: Arrivals, arrived: Mapping[str, Key]) -> bool:
        """Join the labels that some hours have not seen; whether there was time for all."""
        compared = self._compare_few(attempt, arrivals, arrived)
        pieces = arrivals.pieces(hour.joined for hour in self._every_part())
        done = all(self._join_piece(attempt, [arrived[name] for name in piece], arrivals) for piece in pieces)
        if compared or pieces:
            self._unsaved += len(arrived.keys() - self._before)
        self._before = frozenset(arrived)
        if self._unsaved >= self._save_after:
            self._store.save_unmatched((hour.key, hour.joined) for hour in self._every_part())
            self._unsaved, self._save_after = 0, _SAVED_EVERY
        return done

    def _compare_few(self, attempt: Attempt, arrivals: Arrivals, arrived: Mapping[str, Key]) -> int:
        """Note which labels that few hours have not seen are none of theirs; of how many partitions of labels.

        That needs the ids alone, and nearly all labels are older than the predictions of a new hour.
        """
        few = arrivals.unseen_by_few(hour.joined for hour in self._every_part())
        compared: set[str] = set()
        for hour in self._every_part() if few else ():
            unseen = [name for name in few if name not in hour.joined.seen]
            ids = self._store.ids(hour.key) if unseen and not attempt.overdue() else None
            if ids is not None:
                without = self._store.without_any([arrived[name] for name in unseen], ids)
                names = [name for name in unseen if arrived[name] in without]
                hour.joined = hour.joined.compared(names, {})
                compared.update(names)
        return len(compared)

    def _join_piece(self, attempt: Attempt, keys: Collection[Key], arrivals: Arrivals) -> bool:
        chunks = self._store.labels(keys)
        names, labels = list(chunks), merge_chunks(list(chunks.values()))
        sets: Sets = {}
        compared: Sets = {}
        unseen = [hour for hour in self._every_part() if not hour.joined.seen.issuperset(names)]
        without = self._store.without_any([hour.key for hour in unseen], labels.ids)
        for hour in unseen:
            if attempt.overdue():
                return False
            if hour.key in without:
                hour.joined = hour.joined.compared(names, compared)
            else:
                self._join_hour(hour, names, labels, arrivals, compared)
            hour.joined = hour.joined.shared(sets)
        return True

    def _join_hour(
        self, hour: EvaluatedHour, names: list[str], labels: MergedChunks, arrivals: Arrivals, compared: Sets
    ) -> None:
        """Join the labels that are new to an hour; after the last, evaluate it while it is in memory."""
        predictions = self._store.predictions(hour.key)
        if predictions is None:
            return
        wanted = np.array([name not in hour.joined.seen for name in names], bool)
        matched = matches(predictions.ids, labels, wanted)
        if not matched:
            hour.joined = hour.joined.compared(names, compared)
            return
        before = self._known(hour, predictions)
        if before is None:
            return
        after, rows = join(matched, before, labels), matched_rows(matched, labels).tolist()
        joined_rows = {name: number for name, number in zip(names, rows, strict=True) if number}
        joined = hour.joined.add(names, joined_rows, arrivals.first)
        self._store.save_known(hour.key, after, joined)
        hour.change(joined)
        if arrivals.complete(joined):
            self._evaluate_hour(hour, predictions, after)

    def _known(self, hour: EvaluatedHour, predictions: Predictions) -> KnownLabels | None:
        """The known labels of an hour; None where they are not those that were joined: the next refresh joins again."""
        known, rows = self._store.known(hour.key, len(predictions.ids))
        if rows != hour.joined.rows:
            self._store.note_changed(hour.key)
            hour.change(hour.joined.reset_to(rows))
            return None
        return known

    # -------------------------------------------------------------------------------------------- evaluation

    def _evaluate(self, attempt: Attempt) -> bool:
        """Evaluate the hours that have no outcomes; whether there was time for all."""
        for hour in self._every_part():
            if hour.outcomes is None:
                if attempt.overdue():
                    return False
                if (loaded := self._loaded(hour)) is not None:
                    self._evaluate_hour(hour, *loaded)
        return True

    def _evaluate_segments(self, attempt: Attempt, starts: Collection[datetime]) -> bool:
        """Evaluate the segments of some hours, and drop those of others; whether there was time for all."""
        parts = ((start, part) for start, parts in self._parts.items() for part in parts)
        for start, hour in parts if self._evaluation.segments else ():
            if start not in starts:
                hour.segments = None
            elif hour.segments is None:
                if attempt.overdue():
                    return False
                if (loaded := self._loaded(hour)) is not None:
                    hour.segments = segment_outcomes(*loaded, self._evaluation)
        return True

    def _loaded(self, hour: EvaluatedHour) -> tuple[Predictions, KnownLabels] | None:
        """An hour's predictions and their labels; None where the store does not have them."""
        predictions = self._store.predictions(hour.key)
        known = self._known(hour, predictions) if predictions is not None else None
        return (predictions, known) if predictions is not None and known is not None else None

    def _evaluate_hour(self, hour: EvaluatedHour, predictions: Predictions, known: KnownLabels) -> None:
        hour.outcomes = outcomes(predictions, known, self._evaluation)
        hour.rejected_rows = {reason: rows for reason, rows in rejected_rows(predictions, known).items() if rows}
