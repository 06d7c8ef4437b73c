"""The checks of what is in the rows: each takes what it needs from the samples of one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from exporter.labels.rows import INVALID_VALUE, NO_VALUE, LabelRows
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.readability import Use
from exporter.service.labels.reading import STREAM as LABELS
from exporter.service.labels.reductions import label_reduction, prediction_reduction
from exporter.service.references.source import STREAM as REFERENCE
from exporter.spec.seasons import Calendar
from exporter.spec.sections.logs import LabelColumns
from exporter.spec.sections.reference import ReferenceColumns
from exporter.validation.checks import columns, ids, labels, left_out, likeness, scores, times, trends
from exporter.validation.finding import Finding, Place
from exporter.validation.gathering import Samples, look_back
from exporter.validation.sample import Rows


def check_columns(samples: Samples) -> Iterator[Finding]:
    """Yield the columns that are missing or cannot be used."""
    body, rows = samples.loaded.spec.spec, samples.inference.rows
    if rows is not None:
        yield from columns.column_findings(body, samples.inference.place.source, rows)
    label_rows = samples.labels.rows if samples.labels is not None else None
    if body.labels is not None and label_rows is not None:
        uses = {"prediction_id": [Use.CATEGORY], "label": [], "timestamp": [Use.TIME]}
        yield from _used(Place(LABELS, "spec.labels.columns"), body.labels.columns, uses, label_rows)
    if body.reference.source is not None and samples.reference.rows is not None:
        uses = {"timestamp": [Use.TIME], "label": []}
        place = Place(REFERENCE, "spec.reference.columns")
        yield from _used(place, body.reference.columns, uses, samples.reference.rows)


def _used(
    place: Place, named: LabelColumns | ReferenceColumns, uses: Mapping[str, list[Use]], rows: Rows
) -> Iterator[Finding]:
    for key, own in uses.items():
        name = getattr(named, key)
        if name is not None and rows.batches:
            column = Place(place.source, f"{place.key}.{key}", name)
            yield from columns.missing_column(column, rows)
            yield from columns.unusable_column(column, rows, own)


def check_likeness(samples: Samples) -> Iterator[Finding]:
    """Yield how the log is unlike the reference."""
    now, before = samples.inference.rows, samples.reference.rows
    if now is not None and before is not None:
        yield from likeness.likeness_findings(samples.loaded.spec, REFERENCE, now, before)


def check_trends(samples: Samples) -> Iterator[Finding]:
    """Yield what trends in the reference, where its rows have times."""
    spec, rows = samples.loaded.spec, samples.reference.rows
    own, log = spec.spec.reference, spec.spec.inference.columns
    used = own.columns if own.source is not None else log
    if rows is not None and used.timestamp is not None:
        column = times.TimeColumn(rows.column(used.timestamp), used.timestamp_unit)
        yield from trends.trend_findings(spec, REFERENCE, rows, column, Calendar.of(spec.spec.seasonality))


def check_times(samples: Samples) -> Iterator[Finding]:
    """Yield what is wrong with times."""
    body = samples.loaded.spec.spec
    calendar = Calendar.of(body.seasonality)
    sample, used = samples.inference, body.inference.columns
    rows, span = samples.day_times or sample.rows, sample.span
    if rows is not None and span is not None and used.timestamp is not None:
        place = Place(sample.place.source, "spec.inference.columns.timestamp", used.timestamp)
        column = times.TimeColumn(rows.column(used.timestamp), used.timestamp_unit)
        yield from times.time_findings(place, column, span, samples.now, calendar, whole=rows.whole)
    if body.labels is not None and samples.labels is not None and samples.labels.rows is not None:
        known = body.labels.columns
        if known.timestamp is not None and samples.labels.span is not None:
            place = Place(LABELS, "spec.labels.columns.timestamp", known.timestamp)
            column = times.TimeColumn(samples.labels.rows.column(known.timestamp), known.timestamp_unit)
            yield from times.label_time_findings(place, column, samples.labels.span, samples.now)


def check_ids(samples: Samples) -> Iterator[Finding]:
    """Yield whether labels find their predictions."""
    body = samples.loaded.spec.spec
    if samples.ids is not None and body.labels is not None and samples.labels is not None:
        place = Place(LABELS, "spec.labels.columns.prediction_id", body.labels.columns.prediction_id)
        yield from ids.id_findings(place, samples.ids)


def check_left_out(samples: Samples) -> Iterator[Finding]:
    """Yield the rows that the exporter's own reductions leave out; a column of a wrong type is reported elsewhere."""
    spec, sample = samples.loaded.spec, samples.inference
    rows = sample.rows
    if spec.spec.labels_evaluated and rows is not None and rows.start is not None and rows.count:
        try:
            reduced = prediction_reduction(spec).reduce(iter(rows.batches), rows.start)[0]
            yield from left_out.prediction_findings(spec.spec, sample.place.source, reduced.left_out, rows.count)
        except ColumnMismatch:
            pass
    result = _reduced_labels(samples)
    if isinstance(result, LabelRows) and samples.labels is not None and samples.labels.rows is not None:
        stream, count = LABELS, samples.labels.rows.count
        yield from left_out.label_findings(spec.spec, stream, result.left_out, count)


def _reduced_labels(samples: Samples) -> LabelRows | ColumnMismatch | None:
    spec, sample = samples.loaded.spec, samples.labels
    if spec.spec.labels is None or sample is None or sample.rows is None or sample.rows.start is None:
        return None
    if not sample.rows.count:
        return None
    try:
        reduction = label_reduction(spec, spec.spec.labels, look_back(spec.spec))
        return reduction.reduce(iter(sample.rows.batches), sample.rows.start)[0]
    except ColumnMismatch as problem:
        return problem


def check_labels(samples: Samples) -> Iterator[Finding]:
    """Yield what is wrong with the values of labels."""
    body = samples.loaded.spec.spec
    if body.labels is None or samples.labels is None or samples.labels.rows is None:
        return
    place = Place(LABELS, "spec.labels.columns.label", body.labels.columns.label)
    pieces = samples.labels.rows.column(place.column)
    reduced = _reduced_labels(samples)
    left_out_rows = reduced.left_out if isinstance(reduced, LabelRows) else {}
    invalid = left_out_rows.get(NO_VALUE, 0) + left_out_rows.get(INVALID_VALUE, 0)
    refused = isinstance(reduced, ColumnMismatch)
    yield from labels.value_findings(body, place, pieces, refused=refused, invalid=invalid)
    predictions = samples.inference.rows
    if body.task == "binary_classification" and isinstance(reduced, LabelRows) and predictions is not None:
        made = scores.finite(predictions.column(body.inference.columns.score))
        known = reduced.labels.known.labels
        yield from labels.balance_findings(place, known[np.isfinite(known)], made)
    if body.task == "multiclass_classification" and samples.inference.rows is not None:
        predicted = samples.inference.rows.column(body.inference.columns.prediction)
        yield from labels.class_findings(place, pieces, predicted)


def check_scores(samples: Samples) -> Iterator[Finding]:
    """Yield what is wrong with scores."""
    body, rows = samples.loaded.spec.spec, samples.inference.rows
    if rows is None:
        return
    used, stream = body.inference.columns, samples.inference.place.source
    probability = body.probability_scores or body.task == "multiclass_classification"
    if used.score is not None:
        place = Place(stream, "spec.inference.columns.score", used.score)
        yield from scores.score_findings(place, rows.column(used.score), probability=probability)
    for name, column in used.scores.items():
        place = Place(stream, f"spec.inference.columns.scores.{name}", column)
        yield from scores.score_findings(place, rows.column(column), probability=True)
    if used.scores:
        place = Place(stream, "spec.inference.columns.scores")
        yield from scores.sum_findings(place, [rows.column(column) for column in used.scores.values()])
