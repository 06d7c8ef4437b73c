"""Checks of the columns: features, classes, confidence, scores and segments; and of proxies."""

from __future__ import annotations

import difflib
from typing import Final

from exporter import catalogue
from exporter.spec.checks.mistakes import Checks, Mistakes, duplicates
from exporter.spec.model import Body
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.sections.reference import ReferenceColumns
from exporter.spec.sections.task import CLASSIFICATION


def _named_columns(columns: InferenceColumns) -> dict[str, str]:
    """Return the columns of the inference log by their key, such as `score` or `scores.cat`."""
    named: dict[str, str] = columns.model_dump(exclude_none=True, exclude={"scores", "timestamp_unit"})
    return named | {f"scores.{name}": column for name, column in columns.scores.items()}


def uses(columns: InferenceColumns) -> dict[str, str]:
    """Return the key of every column of the inference log; the first key where a column has several."""
    return {column: key for key, column in reversed(_named_columns(columns).items())}


def _features(body: Body) -> Mistakes:
    yield from duplicates(("features",), [feature.name for feature in body.features], "name")


def _importance(body: Body) -> Mistakes:
    if not any(feature.importance for feature in body.features):
        yield (
            ("features",),
            "must have a feature with an importance above 0: without any, the drift share has no weights",
        )


def _feature_labels(body: Body) -> Mistakes:
    """Names that are equal where label values are cut would give two features the same series."""
    first: dict[str, tuple[int, str]] = {}
    for index, feature in enumerate(body.features):
        cut = catalogue.label_value(feature.name)
        other, name = first.setdefault(cut, (index, feature.name))
        if name != feature.name:
            message = f"has the same first {catalogue.MAX_LABEL_BYTES} bytes as features[{other}], and labels end there"
            yield ("features", index, "name"), message


def _feature_columns(body: Body) -> Mistakes:
    used = uses(body.inference.columns)
    for index, feature in enumerate(body.features):
        if use := used.get(feature.name):
            yield ("features", index, "name"), f"is the column of inference.columns.{use}, and cannot be a feature too"


def _class_column(body: Body) -> Mistakes:
    if body.class_column is not None and body.class_column == body.inference.columns.score:
        message = "is the column of inference.columns.score: a score is a number, a prediction is one of a few classes"
        yield ("inference", "columns", "prediction"), message


def _confidence(body: Body) -> Mistakes:
    edges, path = body.inference.confidence or (), ("inference", "confidence")
    if not edges:
        return
    if body.task not in CLASSIFICATION:
        yield path, f"is only for a classifier: a score of {body.task} is not a confidence"
        return
    lowest = body.confidence_edges[0]
    for index, edge in enumerate(edges):
        if edge < lowest:
            yield (*path, index), f"must not be below {lowest:g}, the lowest possible confidence of two classes"
    if len(body.confidence_edges) < 3:
        yield path, f"must have an edge between {lowest:g} and 1: without one there is only one bucket"


def _class_scores(body: Body) -> Mistakes:
    columns, path = body.inference.columns, ("inference", "columns")
    if columns.scores and body.task != "multiclass_classification":
        yield (*path, "scores"), f"is only for multiclass_classification: {body.task} has one score, columns.score"
    if len(columns.scores) == 1:
        yield (*path, "scores"), "must name every class, not only one"
    used = uses(columns)
    for name, column in columns.scores.items():
        if used[column] != f"scores.{name}":
            yield (*path, "scores", name), f"is also the column of inference.columns.{used[column]}"
    if columns.query is not None and body.task != "ranking":
        yield (*path, "query"), f"is only for ranking, not for {body.task}"


def _time_units(body: Body) -> Mistakes:
    sections: dict[str, InferenceColumns | LabelColumns | ReferenceColumns] = {
        "inference": body.inference.columns,
        "reference": body.reference.columns,
    }
    if body.labels is not None:
        sections["labels"] = body.labels.columns
    for section, columns in sections.items():
        if columns.timestamp_unit is not None and columns.timestamp is None:
            yield (section, "columns", "timestamp_unit"), "needs columns.timestamp, whose unit it is"


def _segments(body: Body) -> Mistakes:
    yield from duplicates(("segments",), body.segments)
    columns = _named_columns(body.inference.columns)
    known = [feature.name for feature in body.features if feature.type == "categorical"]
    known += [columns[key] for key in ("model_version", "prediction", "role") if key in columns]
    for index, segment in enumerate(body.segments):
        if segment not in known:
            near = difflib.get_close_matches(segment, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            yield ("segments", index), f"must be a categorical feature or column{hint}"


def _proxies(body: Body) -> Mistakes:
    yield from duplicates(("proxies",), [proxy.name for proxy in body.proxies], "name")


def _prometheus(body: Body) -> Mistakes:
    if "prometheus" in body.model_fields_set and not any(proxy.promql for proxy in body.proxies):
        yield ("prometheus",), "must be left out: no proxy has promql"


COLUMN_CHECKS: Final[Checks] = {
    _features: frozenset({"features[].name"}),
    _importance: frozenset({"features"}),
    _feature_labels: frozenset({"features[].name"}),
    _feature_columns: frozenset({"features[].name", "inference.columns"}),
    _class_column: frozenset({"inference.columns.prediction", "inference.columns.score", "task"}),
    _confidence: frozenset({"inference.confidence", "task"}),
    _class_scores: frozenset({"inference.columns", "task"}),
    _time_units: frozenset({"inference.columns", "labels.columns", "reference.columns"}),
    _segments: frozenset({"segments", "features", "inference.columns"}),
    _proxies: frozenset({"proxies[].name"}),
    _prometheus: frozenset({"proxies", "prometheus"}),
}
