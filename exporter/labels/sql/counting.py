"""Outcomes that the engine counts, where it has both the predictions and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from exporter.labels import rows as label_rows
from exporter.labels.evaluation import Evaluation
from exporter.labels.sql.result import PartitionOutcomes, read_result
from exporter.labels.sql.statement import label_statement, outcome_query, touched_statement
from exporter.labels.truths import LabelRule
from exporter.sources.engine import SLOT, CountingSource, JoinedRows
from exporter.sources.source import Partition
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.sql.logs import Logs


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """The columns of predictions and labels, what a label is, and how much older than its arrival it may be."""

    predictions: InferenceColumns
    labels: LabelColumns
    rule: LabelRule
    look_back: timedelta


@dataclass(frozen=True, slots=True)
class LogPartitions:
    """Some partitions of a log, by their start, and their grain."""

    source: CountingSource
    partitions: Mapping[datetime, Partition]
    grain: timedelta

    @property
    def first(self) -> datetime:
        """The start of the oldest partition."""
        return min(self.partitions)

    @property
    def together(self) -> Partition:
        """All partitions as one."""
        parts = [self.partitions[start] for start in sorted(self.partitions)]
        return Partition(parts[0].name, tuple(item for part in parts for item in part.objects))


def count_outcomes(
    predictions: LogPartitions, labels: LogPartitions, spec: JoinSpec, evaluation: Evaluation
) -> dict[datetime, PartitionOutcomes]:
    """Count the outcomes of the predictions of some partitions, by their start, in one statement.

    Args:
        predictions: the predictions; at least one partition.
        labels: all labels that may belong to them; at least one partition.
        spec: the columns of both.
        evaluation: how predictions are evaluated.

    Raises:
        NotCountable: the rows must be read.
        SourceError: as `CountingSource.count`.
    """
    query = outcome_query(_logs(predictions, labels, spec), spec.rule.task, evaluation)
    joined = JoinedRows(labels.source, labels.together, query.label_columns)
    by_slot = read_result(predictions.source.count(predictions.together, query.statement, joined), query, evaluation)
    return {predictions.first + slot * predictions.grain: each for slot, each in by_slot.items()}


def count_labels(
    predictions: LogPartitions, labels: LogPartitions, spec: JoinSpec
) -> dict[datetime, tuple[int, dict[str, int]]]:
    """Count the labels in some partitions of their log, by start, and the other rows by reason.

    Raises:
        NotCountable, SourceError: as `count_outcomes`.
    """
    statement = label_statement(_logs(predictions, labels, spec), spec.rule.task)
    reasons = {why: f"rejected{each}" for each, why in enumerate(label_rows.REASONS, 1)}
    reasons[label_rows.INVALID_VALUE] = "invalid"
    return {
        labels.first + row[SLOT] * labels.grain: (row["usable"], {why: row[name] for why, name in reasons.items()})
        for row in labels.source.count(labels.together, statement).to_pylist()
    }


def touched_partitions(predictions: LogPartitions, labels: LogPartitions, spec: JoinSpec) -> set[datetime]:
    """Return the partitions of predictions, by start, that have labels in some partitions of the label log.

    Raises:
        NotCountable, SourceError: as `count_outcomes`.
    """
    statement, columns = touched_statement(_logs(predictions, labels, spec))
    result = predictions.source.count(
        predictions.together, statement, JoinedRows(labels.source, labels.together, columns)
    )
    return {predictions.first + row[SLOT] * predictions.grain for row in result.to_pylist()}


def _logs(predictions: LogPartitions, labels: LogPartitions, spec: JoinSpec) -> Logs:
    return Logs(
        predictions.source.types(predictions.together),
        spec.predictions,
        predictions.first,
        predictions.grain,
        labels.source.types(labels.together),
        spec.labels,
        labels.first,
        labels.grain,
        spec.look_back,
        spec.rule.positive,
    )
