"""A partition's predictions and what is known of them by now, reduced to what merges: rows, delays, performance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Final, TypeVar

import numpy as np

from exporter.labels.by_score import ByScore, by_score, unweighted
from exporter.labels.classified import Classified, ClassScores, classified, no_probabilities
from exporter.labels.join import KnownLabels
from exporter.labels.labelled import Labelled, RegressionErrors, confusion, regression_errors
from exporter.labels.predictions import Ids, Predictions
from exporter.labels.ranked import Ranked, ranked
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.group import Group, Segment

Performance = Labelled | RegressionErrors | Classified | Ranked

DUPLICATE: Final = "duplicate"
CORRECTED: Final = "corrected"
EARLY: Final = "before_prediction"
UNKNOWN: Final = "without_prediction"
"""What a row of the label log can be: one more that says the same, one more of a prediction of which rows say different
things, one that is older than its prediction, one whose prediction is not there."""

DELAY_EDGES: Final = np.geomspace(1.0, 10 * 365 * 86400.0, 1000)
"""Where the cells of delays end, in seconds: each is 2 % wider than the one before, up to ten years."""

_MICRO: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Outcome:
    """Predictions and what became of them.

    `rows` are the predictions, `known` those of them that have a label, and `delays` counts these by how long the
    newest label took, in the cells of `DELAY_EDGES`, (edges + 1,); labels older than their prediction are not in it.
    `improper` are those with a label whose scores are no probabilities. `performance` is None where there is no
    telling. Of a segment, of which nothing is told before its predictions are mature, `delays`, `by_score` and `near`
    have nothing in them.
    `by_score` are all of them by the fine bin of their score, None where its bins are not known.
    `near` are those whose score is no farther from the label than each tolerance of the judgement, (tolerances,).
    """

    rows: int
    known: int
    improper: int
    delays: Counts
    performance: Performance | None
    by_score: ByScore | None = None
    near: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    def __add__(self, other: Outcome) -> Outcome:
        """Both together."""
        return Outcome(
            self.rows + other.rows,
            self.known + other.known,
            self.improper + other.improper,
            self.delays + other.delays,
            _both(self.performance, other.performance),
            None if self.by_score is None or other.by_score is None else self.by_score + other.by_score,
            self.near + other.near,
        )

    def labelled_within(self, seconds: float) -> int:
        """How many predictions had their newest label after so long, within 2 %, or one that is older than they are."""
        return self.known - int(self.delays[np.searchsorted(DELAY_EDGES, seconds) + 1 :].sum())


def _both(one: Performance | None, two: Performance | None) -> Performance | None:
    if one is None or type(one) is not type(two):
        return None
    return one + two  # type: ignore[operator]  # they are of one type


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that have a score of their own: their keys, (classes,), and the fine bins of each, where known."""

    keys: Floats
    edges: tuple[Floats | None, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """How lists are judged: by the ranks up to `depth`, an item without a label having the relevance `absent`."""

    depth: int | None
    absent: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How predictions are judged.

    Of a number there is an error. Of a binary classifier, `threshold` is the score from which on it says yes, and
    `edges` are the fine bins of the score; None where they are not known. Of one of several classes there are
    `classes`, of a ranking `lists`. `tolerances` are how far a score may be from the label and count as near it.
    `segments` are the columns that tell segments, with the values that have one.
    """

    binary: bool
    threshold: float
    edges: Floats | None
    classes: Classes | None = None
    lists: Lists | None = None
    tolerances: tuple[float, ...] = ()
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def like(self, other: Evaluation) -> bool:
        """Whether both count in the same bins, and tell the same segments."""
        return self._same_bins(other) and self.segments == other.segments

    def _same_bins(self, other: Evaluation) -> bool:
        one, two = ((each.edges, *(each.classes.edges if each.classes else ())) for each in (self, other))
        return len(one) == len(two) and all(map(_same, one, two))


def _same(one: Floats | None, two: Floats | None) -> bool:
    return one is two or (one is not None and two is not None and np.array_equal(one, two))


def outcomes(predictions: Predictions, answers: KnownLabels, judgement: Evaluation) -> dict[Group, Outcome]:
    """What became of a partition's predictions, by model version and role."""
    return {
        group: _outcome(predictions, answers, judgement, np.flatnonzero(predictions.groups == code))
        for code, group in enumerate(predictions.names)
    }


def segment_outcomes(predictions: Predictions, answers: KnownLabels, judgement: Evaluation) -> dict[Group, Outcome]:
    """What became of a partition's predictions by model version, role and segment, as far as it is told of segments."""
    found = {}
    for segment, among in _segment_rows(predictions, judgement):
        for code, group in enumerate(predictions.names):
            rows = among[predictions.groups[among] == code]
            if len(rows):
                found[group.within(segment)] = _segment_outcome(predictions, answers, judgement, rows)
    return found


def _segment_rows(predictions: Predictions, judgement: Evaluation) -> Iterator[tuple[Segment, Counts]]:
    for column, values in judgement.segments.items():
        coded = predictions.segments[column]
        places = {name: code for code, name in enumerate(coded.names)}
        for value in values:
            if value in places:
                yield Segment(column, value), np.flatnonzero(coded.codes == places[value])


def _segment_outcome(predictions: Predictions, answers: KnownLabels, judgement: Evaluation, rows: Counts) -> Outcome:
    known = rows[answers.known[rows]]
    judged = rows if predictions.queries is None else _whole_lists(predictions.queries, rows)
    counted = _by_score(predictions, answers, judgement, judged) if judgement.binary else None
    performance = _performance(predictions, answers, judgement, judged, counted)
    return Outcome(len(rows), len(known), _improper(predictions, known), np.zeros(0, np.int64), performance)


def _whole_lists(queries: Ids, rows: Counts) -> Counts:
    """Those of some rows whose lists have no other: a part of a list was shown to nobody as one."""
    others = np.ones(len(queries), np.bool_)
    others[rows] = False
    return rows[~np.isin(queries[rows], queries[others])]


def _outcome(predictions: Predictions, answers: KnownLabels, judgement: Evaluation, rows: Counts) -> Outcome:
    known = rows[answers.known[rows]]
    waited = _MICRO * (answers.labelled_at[known] - predictions.made_at[known]).astype(np.float64)
    cells = _delay_cells(waited[waited >= 0])
    counted = _by_score(predictions, answers, judgement, rows)
    return Outcome(
        rows=len(rows),
        known=len(known),
        improper=_improper(predictions, known),
        delays=np.bincount(cells, minlength=len(DELAY_EDGES) + 1),
        performance=_performance(predictions, answers, judgement, rows, counted),
        by_score=counted,
        near=_near(predictions.scores[known] - answers.labels[known], judgement.tolerances),
    )


def _near(misses: Floats, tolerances: tuple[float, ...]) -> Counts:
    return np.array([(np.abs(misses) <= each).sum() for each in tolerances], np.int64)


def _delay_cells(seconds: Floats) -> Counts:
    """In which cell each delay is: as a search in `DELAY_EDGES` would find, but at an edge, up to rounding."""
    width = math.log(DELAY_EDGES[-1]) / (len(DELAY_EDGES) - 1)
    cells: Counts = np.ceil(np.log(np.maximum(seconds, DELAY_EDGES[0])) / width).astype(np.int64)
    return np.minimum(cells, len(DELAY_EDGES))


def _improper(predictions: Predictions, rows: Counts) -> int:
    if predictions.class_scores is not None:
        return int(no_probabilities(predictions.class_scores[rows]).sum())
    scores = predictions.scores[rows]
    return int(((scores < 0) | (scores > 1)).sum())


def _by_score(predictions: Predictions, answers: KnownLabels, judgement: Evaluation, rows: Counts) -> ByScore | None:
    if judgement.edges is None or judgement.classes is not None or judgement.lists is not None:
        return None
    return by_score(predictions.scores[rows], answers.labels[rows], judgement.edges, binary=judgement.binary)


def _performance(
    predictions: Predictions, answers: KnownLabels, judgement: Evaluation, rows: Counts, counted: ByScore | None
) -> Performance | None:
    """Of some rows, which of a binary classifier are `counted` already."""
    if judgement.lists is not None:
        return _ranked(predictions, answers, judgement.lists, rows)
    known = rows[answers.known[rows]]
    scores, labels = predictions.scores[known], answers.labels[known]
    if judgement.classes is not None:
        return _classified(predictions, labels, judgement.classes, known)
    if not judgement.binary:
        return regression_errors(scores, labels)
    return unweighted(counted, confusion(labels > 0, scores >= judgement.threshold)) if counted else None


def _classified(predictions: Predictions, labels: Floats, known: Classes, rows: Counts) -> Classified | None:
    if predictions.classes is None:
        return None
    scores, by_class = predictions.scores[rows], None
    if predictions.class_scores is not None:
        by_class = ClassScores(predictions.class_scores[rows], known.keys, known.edges)
    return classified(predictions.classes[rows], labels, scores, by_class)


def _ranked(predictions: Predictions, answers: KnownLabels, lists: Lists, rows: Counts) -> Ranked | None:
    if predictions.queries is None:
        return None
    absent = math.nan if lists.absent is None else lists.absent
    relevances = np.where(answers.known[rows], answers.labels[rows], absent)
    return ranked(predictions.queries[rows], predictions.scores[rows], relevances, lists.depth)


K = TypeVar("K", str, Group)


def total(parts: Iterable[Mapping[K, Outcome]]) -> dict[K, Outcome]:
    """Several partitions together, by group or by version."""
    by_key: dict[K, list[Outcome]] = {}
    for part in parts:
        for key, outcome in part.items():
            by_key.setdefault(key, []).append(outcome)
    return {key: reduce(add, by_key[key]) for key in sorted(by_key)}


def peculiar(predictions: Predictions, answers: KnownLabels) -> dict[str, int]:
    """The rows of the label log that say a second time what is known, or something else, and labels that came early."""
    again = np.maximum(answers.rows - 1, 0)
    return {
        DUPLICATE: int(again[~answers.disputed].sum()),
        CORRECTED: int(again[answers.disputed].sum()),
        EARLY: int((answers.known & (answers.labelled_at < predictions.made_at)).sum()),
    }


def delay_quantile(delays: Counts, q: float) -> float:
    """The least delay that at least a share `q` of the labels did not exceed, in seconds, within 1 %; NaN of no labels.

    A second at least, ten years at most.
    """
    if not delays.sum():
        return math.nan
    cell = int(np.searchsorted(np.cumsum(delays), q * delays.sum()))
    ends = DELAY_EDGES[[max(cell - 1, 0), min(cell, len(DELAY_EDGES) - 1)]]
    return float(np.sqrt(ends.prod()))
