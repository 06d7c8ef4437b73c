"""A store with hours of predictions and hours of labels, and what a joiner makes of them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from exporter.labels.evaluation import Evaluation
from exporter.labels.join import chunk
from exporter.labels.outcomes import Outcome
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.group import Group
from exporter.profiles.naming import CodedColumn
from exporter.service.attempt import Attempt
from exporter.service.labels.joining import Joiner
from exporter.service.labels.logs import StoredPartition
from exporter.store.labels import load_known_labels, save_labels, save_predictions
from exporter.store.profiles import Key, ProfileStore

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, tzinfo=UTC)
PLANS = {"plan": ("free", "paid")}
EDGES = np.array([0.25, 0.5, 0.75])
EVALUATION = Evaluation(binary=True, threshold=0.5, edges=EDGES, segments=PLANS)
FIRST = "20261101T0000"
GROUP = "fraud/answers"

Row = tuple[int, float, int]
"""An id, a label, and when it became known."""


class World:
    """A store with hours of predictions, ten ids each, and hours of labels."""

    def __init__(self, folder: Path, predictions: int, evaluation: Evaluation = EVALUATION) -> None:
        self.folder = folder
        self.store = ProfileStore(folder)
        self.evaluation = evaluation
        self.predictions = {START + hour * HOUR: self.predict(hour) for hour in range(predictions)}
        self.labels: dict[datetime, StoredPartition] = {}

    def predict(self, hour: int) -> StoredPartition:
        ids = np.arange(10 * hour, 10 * hour + 10, dtype=np.uint64)
        zeros = np.zeros(10, np.int64)
        sure, names = np.linspace(0, 1, 10), (Group("v", "challenger"), Group("v", "champion"))
        scores, lists = np.column_stack([sure, 1 - sure]), np.repeat(np.arange(5, dtype=np.uint64), 2)
        made = Predictions(
            ids,
            sure,
            zeros,
            (np.arange(10) % 3 == 0).astype(np.int8),
            names,
            {},
            classes=(sure < 0.5) * 1.0,
            class_scores=scores,
            queries=lists,
            segments={"plan": CodedColumn((np.arange(10, dtype=np.int16) // 3) - 1, ("free", "gone", "paid"))},
        )
        key = Key("fraud/predictions", f"{START + hour * HOUR:%Y%m%dT%H%M}", ("a",))
        save_predictions(self.store, key, made)
        return StoredPartition({key: 10}, {})

    def label(self, hour: int, *rows: Row, tag: str = "a") -> None:
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        labels = chunk(table[:, 0].astype(np.uint64), table[:, 1], table[:, 2].astype(np.int64))
        key = Key("fraud/labels", f"{START + hour * HOUR:%Y%m%dT%H%M}", (tag,))
        save_labels(self.store, key, LabelRows(labels, {}))
        self.labels[START + hour * HOUR] = StoredPartition({key: len(rows)}, {})

    def joiner(self) -> Joiner:
        return Joiner(GROUP, self.store, self.evaluation)

    def join(self, joiner: Joiner, attempt: Attempt | None = None, first: str = FIRST) -> bool:
        every = set(self.predictions)
        return joiner.bring_up_to_date(attempt or Attempt(START), self.predictions, self.labels, first, every)

    def known_key(self, hour: int) -> Key:
        """The key of the known labels of an hour."""
        key = self.predictions[START + hour * HOUR].key
        return Key(GROUP, key.name, key.sources)

    def known(self) -> list[Any]:
        """The labels of every hour's predictions, as they are on disk."""
        found = []
        for hour in range(len(self.predictions)):
            stored = load_known_labels(self.store, self.known_key(hour))
            if stored is None:
                found.append([])
                continue
            columns = (stored[0].labels, stored[0].labelled_at, stored[0].rows, stored[0].disputed)
            found.append([column.tobytes() for column in columns] + [dict(sorted(stored[1].items()))])
        return found

    def files(self) -> dict[str, bytes]:
        """The known labels and the index of unmatched partitions, by name."""
        return {path.name: path.read_bytes() for path in (self.folder / GROUP).glob("*.arrow")}


def results(joiner: Joiner) -> list[tuple[bytes, bytes]]:
    """The outcomes of every hour, to the last bit."""
    # Each by itself, since the pickle of several depends on which of their names are one object.
    return [(pickle.dumps(hour.outcomes), pickle.dumps(hour.segments)) for hour in joiner.hours.values()]


def labelled(outcomes: Mapping[Group, Outcome] | None) -> int:
    """How many predictions have a label, in all their roles."""
    return sum(outcome.known for outcome in (outcomes or {}).values())


def matched(joiner: Joiner) -> list[int]:
    """How many rows of labels are joined to each hour."""
    return [sum(hour.joined.rows.values()) for hour in joiner.hours.values()]
