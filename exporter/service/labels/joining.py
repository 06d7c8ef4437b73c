"""Labels are joined to predictions, and predictions are evaluated: on disk, a partition at a time."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from exporter.labels.evaluation import Evaluation
from exporter.labels.join import KnownLabels, MergedChunks, join, matched_rows, matches, merge_chunks
from exporter.labels.outcomes import Outcome, outcomes, rejected_rows, segment_outcomes
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


class Joiner:
    """Joins one model's labels. One thread at a time may use it."""

    def __init__(self, group: str, store: ProfileStore, evaluation: Evaluation) -> None:
        """Nothing is joined yet; the known labels of predictions are in `group` of the store."""
        self.hours: dict[datetime, EvaluatedHour] = {}
        self._store = LabelStore(store, group)
        self._evaluation = evaluation
        self._unsaved, self._save_after = 0, 1

    @property
    def missing(self) -> Collection[Key]:
        """What should be in the store and is not: it must be read again."""
        return self._store.missing

    def evaluate_by(self, evaluation: Evaluation) -> None:
        """Evaluate all predictions in this way from now on."""
        changed = not evaluation.counts_like(self._evaluation)
        self._evaluation = evaluation
        for hour in self.hours.values() if changed else ():
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
        arrived = {sys.intern(stored.key.path.name): stored for _, stored in sorted(labels.items())}
        arrivals = Arrivals({name: stored.rows for name, stored in arrived.items()}, first)
        self._load(predictions)
        self._invalidate(arrivals)
        done = (
            self._join(attempt, arrivals, arrived)
            and self._evaluate(attempt)
            and self._evaluate_segments(attempt, with_segments)
        )
        self._store.finish(hour.key for hour in self.hours.values())
        return done and not self.missing

    def _load(self, predictions: Mapping[datetime, StoredPartition]) -> None:
        """Have these hours; the state of new ones is loaded from disk."""
        known = {hour.key: hour for hour in self.hours.values()}
        new = self._store.joined([stored.key for stored in predictions.values() if stored.key not in known])
        known |= {key: EvaluatedHour(key, joined) for key, joined in new.items()}
        self.hours = {start: known[stored.key] for start, stored in sorted(predictions.items())}

    def _invalidate(self, arrivals: Arrivals) -> None:
        """Start again with hours whose labels were rewritten, and forget unmatched labels that are gone."""
        sets: Sets = {}
        left: Sets = {}
        for hour in self.hours.values():
            if arrivals.rewritten(hour.joined):
                self._store.discard(hour.key)
                hour.change(hour.joined.reset_to({}))
            hour.joined = arrivals.current(hour.joined, left).shared(sets)

    # -------------------------------------------------------------------------------------------- joining

    def _join(self, attempt: Attempt, arrivals: Arrivals, arrived: Mapping[str, StoredPartition]) -> bool:
        """Join the labels that some hours have not seen; whether there was time for all."""
        pieces = arrivals.pieces(hour.joined for hour in self.hours.values())
        done = all(self._join_piece(attempt, [arrived[name].key for name in piece], arrivals) for piece in pieces)
        self._unsaved += sum(map(len, pieces))
        if self._unsaved >= self._save_after:
            self._store.save_unmatched((hour.key, hour.joined) for hour in self.hours.values())
            self._unsaved, self._save_after = 0, _SAVED_EVERY
        return done

    def _join_piece(self, attempt: Attempt, keys: Collection[Key], arrivals: Arrivals) -> bool:
        if self._none_matches(keys):
            return True
        chunks = self._store.labels(keys)
        names, labels = list(chunks), merge_chunks(list(chunks.values()))
        sets: Sets = {}
        compared: Sets = {}
        unseen = [hour for hour in self.hours.values() if not hour.joined.seen.issuperset(names)]
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

    def _none_matches(self, keys: Collection[Key]) -> bool:
        """Note that hours have none of these labels, if all that it takes to know that is in memory."""
        names, compared = [sys.intern(key.path.name) for key in keys], dict[frozenset[str], frozenset[str]]()
        ids = self._store.label_ids(keys)
        if ids is None:
            return False
        unseen = [hour for hour in self.hours.values() if not hour.joined.seen.issuperset(names)]
        if any(self._store.predictions(hour.key) is None for hour in unseen):
            return False
        if len(self._store.without_any([hour.key for hour in unseen], ids)) < len(unseen):
            return False
        for hour in unseen:
            hour.joined = hour.joined.compared(names, compared)
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
        for hour in self.hours.values():
            if hour.outcomes is None:
                if attempt.overdue():
                    return False
                if (loaded := self._loaded(hour)) is not None:
                    self._evaluate_hour(hour, *loaded)
        return True

    def _evaluate_segments(self, attempt: Attempt, starts: Collection[datetime]) -> bool:
        """Evaluate the segments of some hours, and drop those of others; whether there was time for all."""
        for start, hour in self.hours.items() if self._evaluation.segments else ():
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
        hour.rejected_rows = rejected_rows(predictions, known)
