"""How a model's predictions and labels are read, and how predictions are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO

from exporter.labels import predictions
from exporter.labels import rows as label_rows
from exporter.labels.classes import class_keys
from exporter.labels.evaluation import Classes, Evaluation, Lists
from exporter.labels.parts import Parts, RowsById
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.labels.truths import LabelRule
from exporter.profiles.binning import Binning, Floats, NumericBins
from exporter.samples.slo import tolerances
from exporter.service.labels.logs import Reduction
from exporter.service.references.reading import segment_values
from exporter.sources.source import Batch
from exporter.spec.model import Body, ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.windows import Window
from exporter.store import labels as label_store

OpenFile = Callable[[], IO[bytes]]
"""Opens the file in which the rows of a large partition wait."""


def prediction_reduction(spec: ModelSpec, open_file: OpenFile = TemporaryFile) -> Reduction[Predictions]:
    """Return how the inference log is reduced to predictions."""
    columns, task, segments = spec.spec.inference.columns, spec.spec.task, spec.spec.segments
    grain, rows = spec.spec.inference.grain, partial(RowsById, open_file=open_file)

    def reduce(batches: Iterator[Batch], start: datetime) -> Parts[Predictions]:
        partition = Window(start, start + grain)
        return predictions.reduced(batches, columns, partition, task, segments, rows_by_id=rows)

    return Reduction(
        selection=predictions.selection(columns, task, segments),
        reduce=reduce,
        load=label_store.load_predictions,
        save=label_store.save_predictions,
        rows=lambda content: len(content.ids),
        left_out=lambda content: content.left_out,
        problem=lambda content: content.problem,
        parts=lambda content: content.parts,
        content=(columns.model_dump_json(), task, *segments),
        names=lambda content: content.class_names,
    )


def label_reduction(
    spec: ModelSpec, labels: Labels, look_back: timedelta, open_file: OpenFile = TemporaryFile
) -> Reduction[LabelRows]:
    """Return how the label log is reduced to labels that are at most `look_back` older than their arrival."""
    rule, rows = label_rule(spec.spec), partial(RowsById, open_file=open_file)

    def reduce(batches: Iterator[Batch], start: datetime) -> Parts[LabelRows]:
        arrival = Window(start, start + labels.grain)
        return label_rows.reduced(batches, labels.columns, arrival, look_back, rule, rows_by_id=rows)

    return Reduction(
        selection=label_rows.selection(labels.columns),
        reduce=reduce,
        load=label_store.load_labels,
        save=label_store.save_labels,
        rows=lambda content: int(content.labels.known.rows.sum()),
        left_out=lambda content: content.left_out,
        problem=lambda content: content.problem,
        parts=lambda content: content.parts,
        content=(labels.columns.model_dump_json(), str(rule), str(look_back)),
        names=lambda content: content.class_names,
    )


def label_rule(body: Body) -> LabelRule:
    """Return what a label of a model is, in its label log and in its reference."""
    positive = body.labels.positive or () if body.labels is not None else ()
    return LabelRule(body.task, positive, tuple(body.inference.columns.scores))


def evaluation_of(spec: ModelSpec, labels: Labels, binning: Binning | None) -> Evaluation:
    """Return how predictions are evaluated; `binning` is of the reference, None where it is not known yet."""
    columns, task = spec.spec.inference.columns, spec.spec.task
    by_class = tuple(_edges(binning, column) for column in columns.scores.values())
    return Evaluation(
        task == "binary_classification",
        labels.threshold,
        _edges(binning, columns.score),
        Classes(class_keys(columns.scores), by_class) if task == "multiclass_classification" else None,
        Lists(labels.ndcg_at, labels.absent) if task == "ranking" else None,
        tolerances(spec.spec),
        segment_values(spec, binning) if binning else {},
    )


def _edges(binning: Binning | None, column: str | None) -> Floats | None:
    bins = binning.by_name.get(column or "") if binning else None
    return bins.edges if isinstance(bins, NumericBins) else None
