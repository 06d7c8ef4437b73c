"""The result of the statement that counts predictions and their labels, as outcomes like those of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from exporter import catalogue
from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import CORRECTED, DELAY_EDGES, DUPLICATE, EARLY, Outcome, Performance
from exporter.labels.predictions import BAD_TIME, NO_ID, NO_SCORE, OUTSIDE, REPEATED
from exporter.labels.sql.statement import OutcomeQuery
from exporter.labels.sql.steps import (
    CORRECTIONS,
    DELAY,
    DUPLICATES,
    IMPROPER,
    INVALID_LABEL,
    INVALID_PERCENT,
    INVALID_SCORE,
    LEFT_OUT,
    MATCHED,
    NEAR,
    SCORE,
    TOO_EARLY,
)
from exporter.labels.sums.by_score import ByScore
from exporter.labels.sums.labelled import Labelled, Moments, RegressionErrors
from exporter.labels.validity import Invalid
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.group import WHOLE, Group
from exporter.sources.engine import SLOT
from exporter.sql.result import segment_of_row

_REASONS: Final = (NO_ID, NO_SCORE, REPEATED, BAD_TIME, OUTSIDE)
_REJECTED: Final = {DUPLICATES: DUPLICATE, CORRECTIONS: CORRECTED, TOO_EARLY: EARLY}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartitionOutcomes:
    """The outcomes of a partition's predictions.

    `outcomes` are those of its groups and `segments` those of their segments. `rejected_rows` are rows of the label log
    by reason. `joined` are the rows of labels that belong to these predictions, by the place of their partition.
    `left_out` are the predictions that no label can be joined to, by reason.
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


def read_result(result: pa.Table, query: OutcomeQuery, evaluation: Evaluation) -> dict[int, PartitionOutcomes]:
    """Return the outcomes of the predictions of each partition, by its place.

    Args:
        result: of the query.
        query: its statement and groups.
        evaluation: how predictions are evaluated.
    """
    rows: dict[int, list[Row]] = {}
    for row in result.to_pylist():
        rows.setdefault(row[SLOT], []).append(row)
    return {slot: _partition(rows[slot], query, evaluation) for slot in sorted(rows)}


def _partition(rows: Iterable[Row], query: OutcomeQuery, evaluation: Evaluation) -> PartitionOutcomes:
    groups: dict[Group, list[Row]] = {}
    rejected, joined, left_out = Counter(dict.fromkeys(_REJECTED.values(), 0)), Counter[int](), Counter[str]()
    left_out.update(dict.fromkeys(_REASONS, 0))
    for row in rows:
        if row["kind"] == MATCHED:
            joined[row["cell"]] += row["n"]
        elif row["kind"] == LEFT_OUT:
            left_out[_REASONS[row["cell"]]] += row["n"]
        else:
            group = _group(row, query)
            groups.setdefault(group, []).append(row)
            if row["kind"] in _REJECTED and group.segment == WHOLE:
                rejected[_REJECTED[row["kind"]]] += row["n"]
    outcomes = {group: _outcome(groups[group], query, evaluation, group) for group in sorted(groups)}
    return PartitionOutcomes(
        {group: each for group, each in outcomes.items() if group.segment == WHOLE},
        {group: each for group, each in outcomes.items() if group.segment != WHOLE},
        rejected,
        joined,
        left_out,
    )


def _group(row: Row, query: OutcomeQuery) -> Group:
    names = dict.fromkeys((catalogue.VERSION, catalogue.ROLE), "") | {catalogue.VERSION: catalogue.UNKNOWN_VERSION}
    for place, (what, key) in enumerate(zip(query.keys, query.grouping.keys, strict=True)):
        text = row[f"key{place}"]
        names[what] = text if text in {key.missing, key.other} else key.named(text)
    return Group(names[catalogue.VERSION], names[catalogue.ROLE], segment_of_row(row, query.grouping))


def _outcome(rows: Sequence[Row], query: OutcomeQuery, evaluation: Evaluation, group: Group) -> Outcome:
    scored = [row for row in rows if row["kind"] == SCORE]
    known = [row for row in scored if row["truth"] >= 0]
    whole, delays = group.segment == WHOLE, len(DELAY_EDGES) + 1
    return Outcome(
        rows=sum(row["n"] for row in scored),
        known=sum(row["n"] for row in known),
        improper=int(_cells(rows, IMPROPER, 1).sum()),
        delays=_cells(rows, DELAY, delays) if whole else np.zeros(0, np.int64),
        performance=_performance(known, query.bins, evaluation),
        by_score=_by_score(scored, known, query.bins) if whole and evaluation.edges is not None else None,
        near=_cells(rows, NEAR, len(evaluation.tolerances)) if whole else np.zeros(0, np.int64),
        invalid=_invalid(rows),
    )


def _invalid(rows: Sequence[Row]) -> Invalid:
    labels, percentages, others = (
        int(_cells(rows, kind, 1).sum()) for kind in (INVALID_LABEL, INVALID_PERCENT, INVALID_SCORE)
    )
    return Invalid(labels, percentages + others, percentages)


def _cells(rows: Iterable[Row], kind: int, cells: int) -> Counts:
    totals = np.zeros(cells, np.int64)
    for row in rows:
        if row["kind"] == kind:
            totals[row["cell"]] += row["n"]
    return totals


def _sums(rows: Iterable[Row], name: str, cells: int) -> Floats:
    totals = np.zeros(cells)
    for row in rows:
        totals[row["cell"]] += row[name]
    return totals


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


def _performance(known: Sequence[Row], bins: int, evaluation: Evaluation) -> Performance | None:
    squared, losses = _moments(known, "squared", "squared_squares"), _moments(known, "losses", "loss_squares")
    if not evaluation.binary:
        return RegressionErrors(sum(row["n"] for row in known), squared, losses)
    if evaluation.edges is None:
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
