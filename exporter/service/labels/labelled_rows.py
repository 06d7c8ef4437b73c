"""Labelled rows by fine bin of each score, on disk, and the estimators that are fitted on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Final

from exporter import catalogue
from exporter.labels.classes import class_keys
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.by_score import ByScore, against_rest, merged
from exporter.labels.sums.classified import Classified
from exporter.profiles.binning import Binning, Floats, NumericBins
from exporter.profiles.group import Group
from exporter.samples.labels.estimators import Estimator, MulticlassClassifier, fit_single_score
from exporter.spec.model import ModelSpec
from exporter.store.profiles import Key, ProfileStore

GROUP: Final = "labelled-reference"
"""Their group in the store, below the model's name."""

REFERENCE_LABELS: Final = "labels of the reference"
"""The subject of problems with them."""

Rows = list[ByScore]
"""One for each of `score_columns`, and one more for the confidence of a multiclass model that has its `score_edges`."""


def score_columns(spec: ModelSpec) -> tuple[str, ...]:
    """Return the columns of the scores that performance depends on: of a multiclass model, one for each class."""
    columns = spec.spec.inference.columns
    multiclass = spec.spec.task == "multiclass_classification"
    return tuple(columns.scores.values()) if multiclass else (columns.score or "",)


def score_edges(spec: ModelSpec, binning: Binning) -> list[Floats] | None:
    """Return the edges of the fine bins of each of these scores, and of the returned class's score where it has bins.

    None where one of `score_columns` has none.

    Args:
        spec: the model.
        binning: of the reference.
    """
    bins = [binning.by_name.get(column) for column in score_columns(spec)]
    edges = [each.edges for each in bins if isinstance(each, NumericBins)]
    return [*edges, *_confidence_edges(spec, binning)] if len(edges) == len(bins) else None


def _confidence_edges(spec: ModelSpec, binning: Binning) -> list[Floats]:
    bins, has_classes = (
        binning.by_name.get(spec.spec.inference.columns.score or ""),
        spec.spec.class_column in binning.by_name,
    )
    multiclass = spec.spec.task == "multiclass_classification"
    return [bins.edges] if multiclass and has_classes and isinstance(bins, NumericBins) else []


def fit_estimator(spec: ModelSpec, rows: Rows, edges: Sequence[Floats]) -> Estimator | None:
    """Fit an estimator on rows; None where no row has a label."""
    task = spec.spec.task
    if task == "multiclass_classification":
        classes = len(score_columns(spec))
        return MulticlassClassifier.fit(rows[:classes], edges[:classes], *rows[classes:])
    return fit_single_score(rows[0], edges[0], spec.spec.decision_threshold, binary=task == "binary_classification")


def labelled_rows(spec: ModelSpec, parts: Iterable[Mapping[Group, Outcome]]) -> Rows | None:
    """Add up the labelled predictions of all versions; None where there are none.

    A challenger's are left out: it serves no users, and its scores need not mean the same as the champion's. So are
    parts in which too many predictions cannot be judged.

    Args:
        spec: the model.
        parts: outcomes by group, for example those of each hour.
    """
    counted = [
        own
        for part in parts
        for group, outcome in part.items()
        if group.role != catalogue.CHALLENGER and (own := _rows_of(spec, outcome)) is not None
    ]
    return [merged(each) for each in zip(*counted, strict=True)] or None


def _rows_of(spec: ModelSpec, outcome: Outcome) -> Rows | None:
    if outcome.invalid.too_many(outcome.known):
        return None
    if spec.spec.task != "multiclass_classification":
        return None if outcome.by_score is None else [outcome.by_score]
    if not isinstance(outcome.performance, Classified):
        return None
    columns, by_class = spec.spec.inference.columns, outcome.performance.against_rest
    keys = class_keys(columns.scores).tolist()
    confident = [outcome.performance.confident] if columns.score is not None else []
    each = [by_class[key] for key in keys if key in by_class]
    return [*map(against_rest, [*each, *confident])] if len(each) == len(keys) else None


def equal(left: Rows, right: Rows) -> bool:
    """Whether both have the same counts."""
    pairs = zip(left, right, strict=True)
    return all((getattr(a, each.name) == getattr(b, each.name)).all() for a, b in pairs for each in fields(ByScore))


def save_rows(store: ProfileStore, key: Key, rows: Rows) -> None:
    """Save rows, in place of all others of the key's group.

    Raises:
        OSError: when the disk refuses.
    """
    keys = _parts(key, len(rows))
    for part, own in zip(keys, rows, strict=True):
        store.save_arrays(part, {each.name: getattr(own, each.name) for each in fields(own)}, {})
    store.prune(key.group, keys)


def load_rows(store: ProfileStore, key: Key, number: int) -> Rows | None:
    """Return the rows under a key, one for each of so many scores; None where some are missing."""
    stored = [store.load_arrays(part) for part in _parts(key, number)]
    counted = [ByScore(**each[0]) for each in stored if each is not None]
    return counted if len(counted) == number else None


def _parts(key: Key, number: int) -> list[Key]:
    return [Key(key.group, f"{key.name}-{place}", key.sources) for place in range(number)]
