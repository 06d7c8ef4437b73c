"""Which labels are joined to which predictions, and what became of those: kept on disk, a partition at a time."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from exporter.profiles.group import Group
from exporter.profiles.label_join import Answers, Gathered, gathered, join
from exporter.profiles.label_store import keep_answers, kept_answers, kept_labels, kept_predictions
from exporter.profiles.outcomes import Judgement, Outcome, outcomes, peculiar, segment_outcomes
from exporter.profiles.predictions import Predictions
from exporter.profiles.store import Key, ProfileStore
from exporter.service.label_logs import Kept

if TYPE_CHECKING:
    from exporter.service.reading import Attempt

MERGED_LABELS: Final = 2_000_000
"""Labels that are joined at a time: some 200 MB while they are merged."""
_WORTH_MERGING: Final = 8
"""To merge chunks takes as long as to join them one by one with so many partitions of predictions."""


@dataclass(slots=True)
class Judged:
    """A partition of predictions, and what became of it.

    `joined` are the partitions of labels that are joined to it, by name, and how many of the rows of each belong to it.
    `outcomes` are None where they are to be told anew; `segments`, where these or nobody asks for them yet.
    """

    key: Key
    joined: Mapping[str, int]
    outcomes: Mapping[Group, Outcome] | None = None
    segments: Mapping[Group, Outcome] | None = None
    peculiar: Mapping[str, int] | None = None


class Joiner:
    """Joins one model's labels. One thread at a time may use it.

    Names of labels begin with the start of their partition, so that they are in the order of time.
    """

    def __init__(self, group: str, store: ProfileStore, judgement: Judgement) -> None:
        """Nothing is joined yet; `group` is where in the store what is known of predictions is."""
        self.hours: dict[datetime, Judged] = {}
        self.lost: set[Key] = set()
        """What the store should have and has not: to be read again."""
        self._group = group
        self._store = store
        self._judgement = judgement

    def judge_by(self, judgement: Judgement) -> None:
        """Judge all predictions in this way from now on."""
        same = judgement.like(self._judgement)
        self._judgement = judgement
        for hour in () if same else self.hours.values():
            hour.outcomes = hour.segments = None

    def bring_up_to_date(
        self,
        attempt: Attempt,
        predictions: Mapping[datetime, Kept],
        labels: Mapping[datetime, Kept],
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
        self.hours = {start: self._hour(start, kept.key) for start, kept in sorted(predictions.items())}
        current = {kept.key.path.name: kept for _, kept in sorted(labels.items())}
        groups: dict[frozenset[str], list[Judged]] = {}
        for hour in self.hours.values():
            groups.setdefault(frozenset(hour.joined), []).append(hour)
        done = all(self._join(attempt, hours, current, first) for hours in groups.values())
        done = done and self._judge(attempt) and self._divide(attempt, divided)
        self._store.prune(self._group, [self._answers_key(hour) for hour in self.hours.values()])
        return done and not self.lost

    def _hour(self, start: datetime, key: Key) -> Judged:
        known = self.hours.get(start)
        if known is not None and known.key == key:
            return known
        fresh = Judged(key, {})
        kept = kept_answers(self._store, self._answers_key(fresh))
        return fresh if kept is None else Judged(key, kept[1])

    def _answers_key(self, hour: Judged) -> Key:
        return Key(self._group, hour.key.name, hour.key.sources)

    def _join(self, attempt: Attempt, hours: Sequence[Judged], current: Mapping[str, Kept], first: str) -> bool:
        """Join the labels that some partitions lack, which are the same for all of them."""
        joined = set(hours[0].joined)
        rewritten = any(name >= first for name in joined - current.keys())
        if rewritten:  # what was joined cannot be taken out again
            joined = set()
        missing = [kept for name, kept in current.items() if name not in joined]
        pieces = list(_pieces(missing, MERGED_LABELS if len(hours) > _WORTH_MERGING else 1))
        for number, piece in enumerate(pieces or [()] * rewritten):
            names, labels = self._gathered(piece)
            for hour in hours:
                if attempt.overdue():
                    return False
                last = number + 1 >= len(pieces)
                self._add(hour, names, labels, first, anew=rewritten and number == 0, last=last)
        return True

    def _gathered(self, piece: Sequence[Kept]) -> tuple[list[str], Gathered]:
        """The labels of those partitions that the store still has."""
        found = {kept.key: kept_labels(self._store, kept.key) for kept in piece}
        self.lost |= {key for key, rows in found.items() if rows is None}
        there = {sys.intern(key.path.name): rows.labels for key, rows in found.items() if rows is not None}
        return list(there), gathered(list(there.values()))

    def _add(self, hour: Judged, names: Sequence[str], labels: Gathered, first: str, *, anew: bool, last: bool) -> None:
        """Join some labels; with the last of them judge what this touches, while it is at hand."""
        predictions = kept_predictions(self._store, hour.key)
        if predictions is None:
            self.lost.add(hour.key)
            return
        kept = None if anew else kept_answers(self._store, self._answers_key(hour))
        before, joined = (Answers.none(len(predictions.ids)), {}) if kept is None else kept
        found = join(predictions.ids, before, labels)
        after, rows = found.answers, found.rows.tolist()
        joined = {name: count for name, count in joined.items() if name >= first} | dict(zip(names, rows, strict=True))
        keep_answers(self._store, self._answers_key(hour), after, joined)
        hour.joined = joined
        if anew or after is not before:
            hour.outcomes = hour.segments = None
        if last and hour.outcomes is None:
            self._tell(hour, predictions, after)

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

    def _known(self, hour: Judged) -> tuple[Predictions, Answers] | None:
        """An hour's predictions and what is known of them; None where the store has lost them."""
        predictions = kept_predictions(self._store, hour.key)
        if predictions is None:
            self.lost.add(hour.key)
            return None
        kept = kept_answers(self._store, self._answers_key(hour))
        return predictions, Answers.none(len(predictions.ids)) if kept is None else kept[0]

    def _tell(self, hour: Judged, predictions: Predictions, answers: Answers) -> None:
        hour.outcomes = outcomes(predictions, answers, self._judgement)
        hour.peculiar = peculiar(predictions, answers)


def _pieces(partitions: Sequence[Kept], most: int) -> Iterator[tuple[Kept, ...]]:
    """The partitions in runs of at most so many rows, or one by one."""
    run: list[Kept] = []
    rows = 0
    for kept in partitions:
        if run and rows + kept.rows > most:
            yield tuple(run)
            run, rows = [], 0
        run.append(kept)
        rows += kept.rows
    if run:
        yield tuple(run)
