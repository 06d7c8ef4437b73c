"""Predictions, labels, and the known labels of predictions, on disk."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np

from exporter.labels.ids import Ids, without_any
from exporter.labels.join import Chunk, KnownLabels
from exporter.labels.plan import Joined
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.group import Group
from exporter.profiles.naming import CodedColumn
from exporter.store.profiles import Arrays, Key, ProfileStore

MOST_IDS: Final = 2_000_000
"""The ids of both logs that stay in memory, 16 MB: where none match, no file is needed."""

_COLUMNS = tuple(field.name for field in fields(KnownLabels))
_OF_TASKS: Final = ("classes", "queries")
_SCORE: Final = "class_score_"
_SEGMENT: Final = "segment_"


def save_predictions(store: ProfileStore, key: Key, predictions: Predictions) -> None:
    """Save a partition's predictions, whole or not at all.

    Raises:
        OSError: when the disk refuses.
    """
    arrays = {name: getattr(predictions, name) for name in ("ids", "scores", "made_at", "groups")}
    arrays |= {name: part for name in _OF_TASKS if (part := getattr(predictions, name)) is not None}
    if predictions.class_scores is not None:
        arrays |= {f"{_SCORE}{place}": part for place, part in enumerate(predictions.class_scores.T)}
    arrays |= {f"{_SEGMENT}{place}": part.codes for place, part in enumerate(predictions.segments.values())}
    metadata = {
        "names": [[group.version, group.role] for group in predictions.names],
        "class_names": predictions.class_names,
        "segments": {column: part.names for column, part in predictions.segments.items()},
        "left_out": dict(predictions.left_out),
        "problem": predictions.problem,
    }
    store.save_arrays(key, arrays, metadata | _number(predictions.parts))


def load_predictions(store: ProfileStore, key: Key) -> Predictions | None:
    """Return the predictions under a key, or None."""
    stored = store.load_arrays(key)
    if stored is None:
        return None
    arrays, metadata = stored
    scores = [arrays[name] for place in range(len(arrays)) if (name := f"{_SCORE}{place}") in arrays]
    segments = {
        column: CodedColumn(arrays[f"{_SEGMENT}{place}"], tuple(names))
        for place, (column, names) in enumerate(metadata["segments"].items())
    }
    columns: dict[str, Any] = {name: part for name, part in arrays.items() if not name.startswith((_SCORE, _SEGMENT))}
    return Predictions(
        **columns,
        class_scores=np.column_stack(scores) if scores else None,
        names=tuple(Group(version, role) for version, role in metadata["names"]),
        segments=segments,
        class_names=tuple(map(sys.intern, metadata["class_names"])),
        left_out=metadata["left_out"],
        problem=metadata.get("problem", ""),
        parts=metadata.get("parts", 1),
    )


def save_labels(store: ProfileStore, key: Key, rows: LabelRows) -> None:
    """Save the labels of a partition of their log, whole or not at all.

    Raises:
        OSError: when the disk refuses.
    """
    arrays = {"ids": rows.labels.ids, **_columns(rows.labels.known)}
    metadata = {"left_out": dict(rows.left_out), "class_names": rows.class_names, "problem": rows.problem}
    store.save_arrays(key, arrays, metadata | _number(rows.parts))


def load_labels(store: ProfileStore, key: Key) -> LabelRows | None:
    """Return the labels under a key, or None."""
    stored = store.load_arrays(key)
    if stored is None:
        return None
    arrays, metadata = stored
    labels = Chunk(arrays["ids"], _known_labels(arrays))
    names = tuple(map(sys.intern, metadata["class_names"]))
    return LabelRows(labels, metadata["left_out"], names, metadata.get("problem", ""), metadata.get("parts", 1))


def save_known_labels(store: ProfileStore, key: Key, known: KnownLabels, joined: Mapping[str, int]) -> None:
    """Save the labels of a partition's predictions, and from which partitions of labels they come.

    Both are in one file, so that no label counts twice after a crash.

    Args:
        store: where.
        key: under which.
        known: the labels.
        joined: the rows of each partition of labels that belong to the predictions, by its name.

    Raises:
        OSError: when the disk refuses.
    """
    store.save_arrays(key, _columns(known), {"joined": dict(joined)}, for_restart=True)


def load_known_labels(store: ProfileStore, key: Key) -> tuple[KnownLabels, dict[str, int]] | None:
    """Return what `save_known_labels` saved, or None."""
    stored = store.load_arrays(key)
    if stored is None:
        return None
    arrays, metadata = stored
    return _known_labels(arrays), {sys.intern(name): int(rows) for name, rows in metadata["joined"].items()}


def save_unmatched_partitions(store: ProfileStore, key: Key, unmatched: Mapping[str, Collection[str]]) -> None:
    """Save which partitions of labels have no label of a partition of predictions, by the names of both.

    A name depends on the content, so this stays true whatever happens to other files. It saves work; no result depends
    on it.

    Raises:
        OSError: when the disk refuses.
    """
    every = frozenset[str]().union(*unmatched.values())
    places = {name: place for place, name in enumerate(sorted(every))}
    arrays = {predictions: np.ones(len(every), bool) for predictions in unmatched}
    for predictions, labels in unmatched.items():
        arrays[predictions][[places[name] for name in every.difference(labels)]] = False
    store.save_arrays(key, arrays, {"labels": list(places)}, for_restart=True)


def load_unmatched_partitions(store: ProfileStore, key: Key, wanted: Collection[str]) -> dict[str, frozenset[str]]:
    """Return what `save_unmatched_partitions` saved of some partitions of predictions; nothing where it is damaged."""
    stored = store.load_arrays(key)
    if stored is None:
        return {}
    arrays, metadata = stored
    names = np.array([sys.intern(name) for name in metadata["labels"]], object)
    return {predictions: frozenset(names[labels]) for predictions, labels in arrays.items() if predictions in wanted}


def _number(parts: int) -> dict[str, int]:
    return {"parts": parts} if parts > 1 else {}


def _columns(known: KnownLabels) -> dict[str, Any]:
    return {name: getattr(known, name) for name in _COLUMNS}


def _known_labels(arrays: Arrays) -> KnownLabels:
    return KnownLabels(*(arrays[name] for name in _COLUMNS))


class LabelStore:
    """What one model's labels are joined from and to. A partition of predictions is named by its key.

    `missing` are the keys of what should be on disk and is not: it must be read again.
    """

    def __init__(self, store: ProfileStore, group: str) -> None:
        """Nothing is loaded yet; known labels are saved in `group`."""
        self.missing: set[Key] = set()
        self._store = store
        self._group = group
        self._index = Key(group, "apart", ())
        self._cached: tuple[Key, Predictions] | None = None
        self._ids: dict[Key, Ids] = {}
        self._id_count = 0

    def ids(self, key: Key) -> Ids | None:
        """Return the ids of a partition of either log, increasing; None where the store does not have them alone."""
        if (known := self._ids.get(key)) is not None:
            return known
        column = self._store.load_column(key, "ids")
        if column is not None and self._id_count + len(column) <= MOST_IDS:
            column = self._ids[key] = column.copy()
            self._id_count += len(column)
        return column

    def without_any(self, keys: Iterable[Key], ids: Ids) -> frozenset[Key]:
        """Return the partitions of either log that have none of some ids, as far as `ids` knows theirs.

        Args:
            keys: the partitions.
            ids: increasing.
        """
        known = ((key, own) for key in keys if (own := self.ids(key)) is not None)
        return without_any(known, ids)

    def joined(self, predictions: Collection[Key]) -> dict[Key, Joined]:
        """Return the partitions of labels that each of some partitions of predictions was compared with."""
        if not predictions:
            return {}
        unmatched = load_unmatched_partitions(self._store, self._index, {self._name(key) for key in predictions})
        joined = {}
        for key in predictions:
            stored = load_known_labels(self._store, self._known_key(key))
            rows = stored[1] if stored is not None else {}
            joined[key] = Joined(rows, unmatched.get(self._name(key), frozenset()).union(rows))
        return joined

    def save_unmatched(self, hours: Iterable[tuple[Key, Joined]]) -> None:
        """Save which partitions of labels have no label of each partition of predictions.

        Raises:
            OSError: when the disk refuses.
        """
        unmatched = {self._name(key): joined.unmatched for key, joined in hours}
        save_unmatched_partitions(self._store, self._index, unmatched)

    def predictions(self, key: Key) -> Predictions | None:
        """Return a partition's predictions, the last of which stay in memory; None, and noted, where missing."""
        if self._cached is None or self._cached[0] != key:
            predictions = load_predictions(self._store, key)
            if predictions is None:
                self.missing.add(key)
                return None
            self._cached = key, predictions
        return self._cached[1]

    def labels(self, keys: Iterable[Key]) -> dict[str, Chunk]:
        """Return the labels of some partitions, by name; those that are missing are noted."""
        loaded = {key: load_labels(self._store, key) for key in keys}
        self.missing |= {key for key, rows in loaded.items() if rows is None}
        return {sys.intern(key.path.name): rows.labels for key, rows in loaded.items() if rows is not None}

    def known(self, key: Key, predictions: int) -> tuple[KnownLabels, dict[str, int]]:
        """Return the labels of so many predictions, and from which partitions they come; none where missing."""
        return load_known_labels(self._store, self._known_key(key)) or (KnownLabels.none(predictions), {})

    def save_known(self, key: Key, known: KnownLabels, joined: Joined) -> None:
        """Save the labels of a partition's predictions.

        Raises:
            OSError: when the disk refuses.
        """
        save_known_labels(self._store, self._known_key(key), known, joined.rows)

    def note_changed(self, key: Key) -> None:
        """Note that the known labels of a partition are not those that were saved."""
        self.missing.add(self._known_key(key))

    def discard(self, key: Key) -> None:
        """Remove the known labels of a partition.

        Raises:
            OSError: when the disk refuses.
        """
        self._store.discard(self._known_key(key))

    def finish(self, predictions: Iterable[Key], labels: Iterable[Key]) -> None:
        """Remove the known labels of all other partitions, and have only ids of these in memory.

        Raises:
            OSError: when the disk refuses.
        """
        self._cached, wanted = None, list(predictions)
        self._ids = {key: self._ids[key] for key in (*wanted, *labels) if key in self._ids}
        self._id_count = sum(map(len, self._ids.values()))
        self._store.prune(self._group, [self._index, *map(self._known_key, wanted)])

    def _known_key(self, predictions: Key) -> Key:
        return Key(self._group, predictions.name, predictions.sources)

    def _name(self, predictions: Key) -> str:
        return self._known_key(predictions).path.name
