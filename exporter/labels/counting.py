"""Outcomes that the engine counts, where it has both the predictions and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from exporter.labels import rows as label_rows
from exporter.labels.evaluation import Evaluation
from exporter.labels.result import PartitionOutcomes, read_result
from exporter.labels.statement import label_statement, outcome_query, touched_statement
from exporter.sources.engine import SLOT, CountingSource, JoinedRows
from exporter.sources.source import Partition
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.sections.task import Task
from exporter.sql.logs import Logs


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """The columns of predictions and of labels, the task, and how much older than its arrival a label may be."""

    predictions: InferenceColumns
    labels: LabelColumns
    task: Task
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
    made: LogPartitions, arrived: LogPartitions, spec: JoinSpec, evaluation: Evaluation
) -> dict[datetime, PartitionOutcomes]:
    """Count the outcomes of the predictions of some partitions, by their start, in one statement.

    Args:
        made: the predictions; at least one partition.
        arrived: all labels that may belong to them; at least one partition.
        spec: the columns of both.
        evaluation: how predictions are evaluated.

    Raises:
        NotCountable: the rows must be read.
        SourceError: as `CountingSource.count`.
    """
    query = outcome_query(_logs(made, arrived, spec), spec.task, evaluation)
    beside = JoinedRows(arrived.source, arrived.together, query.beside)
    found = read_result(made.source.count(made.together, query.statement, beside), query, evaluation)
    return {made.first + slot * made.grain: each for slot, each in found.items()}


def count_labels(
    made: LogPartitions, arrived: LogPartitions, spec: JoinSpec
) -> dict[datetime, tuple[int, dict[str, int]]]:
    """Count the labels in some partitions of their log, by start, and the other rows by reason.

    Raises:
        NotCountable, SourceError: as `count_outcomes`.
    """
    statement = label_statement(_logs(made, arrived, spec), spec.task)
    reasons = {"without_id": label_rows.NO_ID, "without_value": label_rows.NO_VALUE, "old": label_rows.OLD}
    return {
        arrived.first + row[SLOT] * arrived.grain: (row["usable"], {why: row[name] for name, why in reasons.items()})
        for row in arrived.source.count(arrived.together, statement).to_pylist()
    }


def touched_partitions(made: LogPartitions, arrived: LogPartitions, spec: JoinSpec) -> set[datetime]:
    """Return the partitions of predictions, by start, that have labels in some partitions of the label log.

    Raises:
        NotCountable, SourceError: as `count_outcomes`.
    """
    statement, columns = touched_statement(_logs(made, arrived, spec))
    result = made.source.count(made.together, statement, JoinedRows(arrived.source, arrived.together, columns))
    return {made.first + row[SLOT] * made.grain for row in result.to_pylist()}


def _logs(made: LogPartitions, arrived: LogPartitions, spec: JoinSpec) -> Logs:
    return Logs(
        made.source.types(made.together),
        spec.predictions,
        made.first,
        made.grain,
        arrived.source.types(arrived.together),
        spec.labels,
        arrived.first,
        arrived.grain,
        spec.look_back,
    )
