"""The windows of evaluated predictions, and the rows that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from exporter.labels.outcomes import IMPROPER_SCORE, UNKNOWN, total
from exporter.labels.usable_files import UNUSABLE_COLUMN
from exporter.samples.labels.labels import REJECTED_ROWS, MatureWindow
from exporter.samples.labels.outcome_sums import OutcomeSums
from exporter.samples.labels.provisional import OpenWindow
from exporter.service.labels.joining import EvaluatedHour
from exporter.service.labels.logs import StoredPartition
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window, window

Hours = Mapping[datetime, EvaluatedHour]


def mature_windows(spec: ModelSpec, hours: Hours, outcomes: OutcomeSums, end: datetime) -> Iterator[MatureWindow]:
    """Return the newest windows whose predictions are all mature.

    Args:
        spec: the model.
        hours: the evaluated predictions, of which the segments are taken.
        outcomes: the outcomes of all predictions.
        end: the end of mature predictions.
    """
    for length in spec.spec.windows:
        span = Window(end - length, end)
        starts = span.partitions(spec.spec.inference.grain)
        segments = [part for start in starts if start in hours and (part := hours[start].segments)]
        whole = outcomes.total(span)
        yield MatureWindow(format_duration(length), end, total([whole, *segments]) if segments else whole)


def open_windows(spec: ModelSpec, hours: Hours, now: datetime) -> Iterator[OpenWindow]:
    """Return the newest windows of the inference log, whose labels still arrive."""
    inference = spec.spec.inference
    for length in spec.spec.windows:
        starts = reversed(window(now, length, inference.delay, inference.grain).partitions(inference.grain))
        outcomes = (hours[start].outcomes for start in starts if start in hours)
        yield OpenWindow(format_duration(length), [each for each in outcomes if each])


def rejected_rows(
    hours: Iterable[EvaluatedHour],
    predictions: Iterable[StoredPartition],
    labels: Mapping[datetime, StoredPartition],
    since: datetime,
) -> Mapping[str, int]:
    """Count the rows of both logs that are not used, by reason.

    Args:
        hours: the evaluated predictions.
        predictions: the partitions of the inference log.
        labels: the partitions of the label log, by start.
        since: labels that arrived before it may belong to predictions before the look-back: they are not rejected.
    """
    rejected, matched = Counter(dict.fromkeys(REJECTED_ROWS, 0)), 0
    for stored in (*labels.values(), *predictions):
        if stored.left_out:
            rejected.update(stored.left_out)
    del rejected[UNUSABLE_COLUMN]  # no row is odd in itself
    arrived = [stored.parts for start, stored in labels.items() if start >= since]
    recent = {key.path.name: rows for parts in arrived for key, rows in parts.items()}
    for hour in hours:
        if hour.rejected_rows:
            rejected.update(hour.rejected_rows)
        rejected[IMPROPER_SCORE] += sum(outcome.invalid.scores for outcome in (hour.outcomes or {}).values())
        matched += sum(rows for name, rows in hour.joined.rows.items() if name in recent)
    rejected[UNKNOWN] = max(sum(recent.values()) - matched, 0)  # an id that was used twice matches twice
    return rejected
