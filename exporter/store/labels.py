"""What labels are joined from and to, on disk: predictions, labels as they arrived, and what is known by now."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np

from exporter.labels.join import Chunk, KnownLabels
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.group import Group
from exporter.profiles.naming import CodedColumn
from exporter.store.profiles import Arrays, Key, ProfileStore

_COLUMNS = tuple(field.name for field in fields(KnownLabels))
_OF_TASKS: Final = ("classes", "queries")
_SCORE: Final = "class_score_"
_SEGMENT: Final = "segment_"


def save_predictions(store: ProfileStore, key: Key, predictions: Predictions) -> None:
    """Keep a partition's predictions, whole or not at all.

    Raises:
        OSError: when the disk refuses.
    """
    arrays = {name: getattr(predictions, name) for name in ("ids", "scores", "made_at", "groups")}
    arrays |= {name: part for name in _OF_TASKS if (part := getattr(predictions, name)) is not None}
    if predictions.class_scores is not None:
        arrays |= {f"{_SCORE}{place}": part for place, part in enumerate(predictions.class_scores.T)}
    arrays |= {f"{_SEGMENT}{place}": part.codes for place, part in enumerate(predictions.segments.values())}
    told = {
        "names": [[group.version, group.role] for group in predictions.names],
        "class_names": predictions.class_names,
        "segments": {column: part.names for column, part in predictions.segments.items()},
        "left_out": dict(predictions.left_out),
    }
    store.save_arrays(key, arrays, told)


def load_predictions(store: ProfileStore, key: Key) -> Predictions | None:
    """The predictions kept under a key, or None."""
    kept = store.load_arrays(key)
    if kept is None:
        return None
    arrays, told = kept
    scores = [arrays[name] for place in range(len(arrays)) if (name := f"{_SCORE}{place}") in arrays]
    segments = {
        column: CodedColumn(arrays[f"{_SEGMENT}{place}"], tuple(names))
        for place, (column, names) in enumerate(told["segments"].items())
    }
    return Predictions(
        **{name: part for name, part in arrays.items() if not name.startswith((_SCORE, _SEGMENT))},
        class_scores=np.column_stack(scores) if scores else None,
        names=tuple(Group(version, role) for version, role in told["names"]),
        segments=segments,
        class_names=tuple(map(sys.intern, told["class_names"])),
        left_out=told["left_out"],
    )


def save_labels(store: ProfileStore, key: Key, rows: LabelRows) -> None:
    """Keep the labels of a partition of their log, whole or not at all.

    Raises:
        OSError: when the disk refuses.
    """
    arrays = {"ids": rows.labels.ids, **_columns(rows.labels.answers)}
    store.save_arrays(key, arrays, {"left_out": dict(rows.left_out), "class_names": rows.class_names})


def load_labels(store: ProfileStore, key: Key) -> LabelRows | None:
    """The labels kept under a key, or None."""
    kept = store.load_arrays(key)
    if kept is None:
        return None
    arrays, told = kept
    labels = Chunk(arrays["ids"], _answers(arrays))
    return LabelRows(labels, told["left_out"], tuple(map(sys.intern, told["class_names"])))


def save_known_labels(store: ProfileStore, key: Key, answers: KnownLabels, joined: Mapping[str, int]) -> None:
    """Keep what is known of a partition's predictions, and from which labels: their rows that belong to it, by name.

    Both are in one file, so that after a crash no label counts twice.

    Raises:
        OSError: when the disk refuses.
    """
    store.save_arrays(key, _columns(answers), {"joined": dict(joined)})


def load_known_labels(store: ProfileStore, key: Key) -> tuple[KnownLabels, dict[str, int]] | None:
    """What is known of a partition's predictions and from which labels that is, or None."""
    kept = store.load_arrays(key)
    if kept is None:
        return None
    arrays, told = kept
    return _answers(arrays), {sys.intern(name): int(rows) for name, rows in told["joined"].items()}


def save_unmatched_partitions(store: ProfileStore, key: Key, apart: Mapping[str, Collection[str]]) -> None:
    """Keep which partitions of labels have none of a partition of predictions, by the names of both.

    Names tell content, so this stays true whatever becomes of other files: it saves looking, and nothing rests on it.

    Raises:
        OSError: when the disk refuses.
    """
    every = frozenset[str]().union(*apart.values())
    places = {name: place for place, name in enumerate(sorted(every))}
    arrays = {made: np.ones(len(every), bool) for made in apart}
    for made, labels in apart.items():
        arrays[made][[places[name] for name in every.difference(labels)]] = False
    store.save_arrays(key, arrays, {"labels": list(places)})


def load_unmatched_partitions(store: ProfileStore, key: Key, wanted: Collection[str]) -> dict[str, frozenset[str]]:
    """What `save_unmatched_partitions` kept of some partitions of predictions; nothing where it is lost."""
    kept = store.load_arrays(key)
    if kept is None:
        return {}
    arrays, told = kept
    names = np.array([sys.intern(name) for name in told["labels"]], object)
    return {made: frozenset(names[apart]) for made, apart in arrays.items() if made in wanted}


def _columns(answers: KnownLabels) -> dict[str, Any]:
    return {name: getattr(answers, name) for name in _COLUMNS}


def _answers(arrays: Arrays) -> KnownLabels:
    return KnownLabels(*(arrays[name] for name in _COLUMNS))
