"""What became of predictions, told by the engine that has them and their labels: the outcomes that their rows give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from exporter import catalogue
from exporter.labels import rows as label_rows
from exporter.labels.by_score import ByScore
from exporter.labels.labelled import Labelled, Moments, RegressionErrors
from exporter.labels.outcomes import CORRECTED, DELAY_EDGES, DUPLICATE, EARLY, Evaluation, Outcome, Performance
from exporter.labels.predictions import NO_ID, NO_SCORE, REPEATED
from exporter.labels.statement import (
    CORRECTIONS,
    DELAY,
    DUPLICATES,
    IMPROPER,
    LEFT_OUT,
    MATCHED,
    NEAR,
    SCORE,
    TOO_EARLY,
    OutcomeQuery,
    label_statement,
    outcome_query,
    touched_statement,
)
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.group import WHOLE, Group
from exporter.sources.engine import SLOT, CountingSource, JoinedRows
from exporter.sources.source import Partition
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.sections.task import Task
from exporter.sql.logs import Logs
from exporter.sql.result import segment_of_row

_REASONS = (NO_ID, NO_SCORE, REPEATED)
_PECULIAR = {DUPLICATES: DUPLICATE, CORRECTIONS: CORRECTED, TOO_EARLY: EARLY}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """What the columns of predictions and of labels are, and how much older than its arrival a label may be."""

    predictions: InferenceColumns
    labels: LabelColumns
    task: Task
    look_back: timedelta


@dataclass(frozen=True, slots=True)
class PartitionOutcomes:
    """What became of a partition's predictions.

    `outcomes` are those of the groups, `segments` those of their segments; `rejected_rows` are rows of the label log by
    what they are, `joined` those that belong to these predictions, by the place of their partition, and `left_out` the
    predictions that no label can be joined to, by reason.
    """

    outcomes: Mapping[Group, Outcome] = field(default_factory=dict)
    segments: Mapping[Group, Outcome] = field(default_factory=dict)
    rejected_rows: Mapping[str, int] = field(default_factory=dict)
    joined: Mapping[int, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The predictions."""
        return sum(outcome.rows for outcome in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class LogPartitions:
    """Some partitions of a log, by their start, and how long each is."""

    source: CountingSource
    partitions: Mapping[datetime, Partition]
    grain: timedelta

    @property
    def first(self) -> datetime:
        """The start of the oldest."""
        return min(self.partitions)

    @property
    def together(self) -> Partition:
        """All of them as one."""
        parts = [self.partitions[start] for start in sorted(self.partitions)]
        return Partition(parts[0].name, tuple(item for part in parts for item in part.objects))


def count_outcomes(
    made: LogPartitions, arrived: LogPartitions, about: JoinSpec, judgement: Evaluation
) -> dict[datetime, PartitionOutcomes]:
    """What became of the predictions of some partitions, by their start, in one statement.

    Args:
        made: the predictions; at least one partition.
        arrived: all labels that may belong to them; at least one partition.
        about: what the columns of both are.
        judgement: how predictions are judged.

    Raises:
        NotCounted: the rows must be read.
        SourceError: as `CountingSource.count`.
    """
    question = outcome_query(_logs(made, arrived, about), about.task, judgement)
    beside = JoinedRows(arrived.source, arrived.together, question.beside)
    found = counted(made.source.count(made.together, question.statement, beside), question, judgement)
    return {made.first + slot * made.grain: each for slot, each in found.items()}


def count_labels(
    made: LogPartitions, arrived: LogPartitions, about: JoinSpec
) -> dict[datetime, tuple[int, dict[str, int]]]:
    """The labels in some partitions of their log, by start, and the rows that are none, by reason.

    Raises:
        NotCounted, SourceError: as `count_outcomes`.
    """
    statement = label_statement(_logs(made, arrived, about), about.task)
    reasons = {"without_id": label_rows.NO_ID, "without_value": label_rows.NO_VALUE, "old": label_rows.OLD}
    return {
        arrived.first + row[SLOT] * arrived.grain: (row["usable"], {why: row[name] for name, why in reasons.items()})
        for row in arrived.source.count(arrived.together, statement).to_pylist()
    }


def touched_partitions(made: LogPartitions, arrived: LogPartitions, about: JoinSpec) -> set[datetime]:
    """The partitions of predictions, by start, to which labels of some partitions of their log belong.

    Raises:
        NotCounted, SourceError: as `count_outcomes`.
    """
    statement, columns = touched_statement(_logs(made, arrived, about))
    answer = made.source.count(made.together, statement, JoinedRows(arrived.source, arrived.together, columns))
    return {made.first + row[SLOT] * made.grain for row in answer.to_pylist()}


def _logs(made: LogPartitions, arrived: LogPartitions, about: JoinSpec) -> Logs:
    return Logs(
        made.source.types(made.together),
        about.predictions,
        made.first,
        made.grain,
        arrived.source.types(arrived.together),
        about.labels,
        arrived.first,
        arrived.grain,
        about.look_back,
    )


def counted(answer: pa.Table, question: OutcomeQuery, judgement: Evaluation) -> dict[int, PartitionOutcomes]:
    """What became of the predictions of each partition, by its place.

    Args:
        answer: what the engine said.
        question: what it was asked.
        judgement: how predictions are judged.
    """
    rows: dict[int, list[Row]] = {}
    for row in answer.to_pylist():
        rows.setdefault(row[SLOT], []).append(row)
    return {slot: _partition(rows[slot], question, judgement) for slot in sorted(rows)}


def _partition(rows: Iterable[Row], question: OutcomeQuery, judgement: Evaluation) -> PartitionOutcomes:
    groups: dict[Group, list[Row]] = {}
    peculiar, joined, left_out = Counter(dict.fromkeys(_PECULIAR.values(), 0)), Counter[int](), Counter[str]()
    left_out.update(dict.fromkeys(_REASONS, 0))
    for row in rows:
        if row["kind"] == MATCHED:
            joined[row["cell"]] += row["n"]
        elif row["kind"] == LEFT_OUT:
            left_out[_REASONS[row["cell"]]] += row["n"]
        else:
            group = _group(row, question)
            groups.setdefault(group, []).append(row)
            if row["kind"] in _PECULIAR and group.segment == WHOLE:
                peculiar[_PECULIAR[row["kind"]]] += row["n"]
    told = {group: _outcome(groups[group], question, judgement, group) for group in sorted(groups)}
    return PartitionOutcomes(
        {group: each for group, each in told.items() if group.segment == WHOLE},
        {group: each for group, each in told.items() if group.segment != WHOLE},
        peculiar,
        joined,
        left_out,
    )


def _group(row: Row, question: OutcomeQuery) -> Group:
    names = dict.fromkeys((catalogue.VERSION, catalogue.ROLE), "") | {catalogue.VERSION: catalogue.UNKNOWN_VERSION}
    for place, (what, key) in enumerate(zip(question.keys, question.grouping.keys, strict=True)):
        text = row[f"key{place}"]
        names[what] = text if text in {key.missing, key.other} else key.named(text)
    return Group(names[catalogue.VERSION], names[catalogue.ROLE], segment_of_row(row, question.grouping))


def _outcome(rows: Sequence[Row], question: OutcomeQuery, judgement: Evaluation, group: Group) -> Outcome:
    scored = [row for row in rows if row["kind"] == SCORE]
    known = [row for row in scored if row["truth"] >= 0]
    whole, delays = group.segment == WHOLE, len(DELAY_EDGES) + 1
    return Outcome(
        rows=sum(row["n"] for row in scored),
        known=sum(row["n"] for row in known),
        improper=int(_cells(rows, IMPROPER, 1).sum()),
        delays=_cells(rows, DELAY, delays) if whole else np.zeros(0, np.int64),
        performance=_performance(known, question.bins, judgement),
        by_score=_by_score(scored, known, question.bins) if whole and judgement.edges is not None else None,
        near=_cells(rows, NEAR, len(judgement.tolerances)) if whole else np.zeros(0, np.int64),
    )


def _cells(rows: Iterable[Row], kind: int, cells: int) -> Counts:
    found = np.zeros(cells, np.int64)
    for row in rows:
        if row["kind"] == kind:
            found[row["cell"]] += row["n"]
    return found


def _sums(rows: Iterable[Row], name: str, cells: int) -> Floats:
    found = np.zeros(cells)
    for row in rows:
        found[row["cell"]] += row[name]
    return found


def _by_score(scored: Sequence[Row], known: Sequence[Row], bins: int) -> ByScore:
    return ByScore(
        made=_cells(scored, SCORE, bins),
        known=_cells(known, SCORE, bins),
        scores=_sums(known, "scores", bins),
        labels=_sums(known, "truths", bins),
        squared_errors=_sums(known, "squared", bins),
        squared_error_squares=_sums(known, "squared_squares", bins),
        losses=_sums(known, "losses", bins),
        loss_squares=_sums(known, "loss_squares", bins),
    )


def _performance(known: Sequence[Row], bins: int, judgement: Evaluation) -> Performance | None:
    squared, losses = _moments(known, "squared", "squared_squares"), _moments(known, "losses", "loss_squares")
    if not judgement.binary:
        return RegressionErrors(sum(row["n"] for row in known), squared, losses)
    if judgement.edges is None:
        return None
    sides = [_cells([row for row in known if row["truth"] == side], SCORE, bins).astype(float) for side in (0, 1)]
    confusion = np.zeros((2, 2))
    for row in known:
        confusion[row["truth"], row["decided"]] += row["n"]
    rows = _cells(known, SCORE, bins)
    sums = _sums(known, "scores", bins)
    return Labelled(rows, sides[1], sides[0], sides[1], sides[0], sums, confusion, confusion, squared, losses)


def _moments(known: Iterable[Row], values: str, squares: str) -> Moments:
    rows, total, powers = 0.0, 0.0, 0.0
    for row in known:
        rows, total, powers = rows + row["n"], total + row[values], powers + row[squares]
    return Moments(rows, rows, total, total, powers)
