"""The outcomes of a partition's predictions: rows, delays and performance, all of which merge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Final, TypeVar

import numpy as np

from exporter.labels.evaluation import Classes, Evaluation, Lists
from exporter.labels.ids import Ids
from exporter.labels.join import KnownLabels
from exporter.labels.predictions import Predictions
from exporter.labels.sums.by_score import ByScore, by_score, unweighted
from exporter.labels.sums.classified import Classified, ClassScores, classified, no_probabilities
from exporter.labels.sums.labelled import Labelled, RegressionErrors, confusion, regression_errors
from exporter.labels.sums.ranked import Ranked, ranked
from exporter.labels.truths import INVALID
from exporter.labels.validity import NONE_INVALID, Invalid, invalid_scores, judged
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.group import Group, Segment
from exporter.profiles.values import find_values

Performance = Labelled | RegressionErrors | Classified | Ranked

DUPLICATE: Final = "duplicate"
CORRECTED: Final = "corrected"
EARLY: Final = "before_prediction"
UNKNOWN: Final = "without_prediction"
"""Why a row of the label log is rejected: it repeats the label of another row, it is one of several rows with different
labels, it is older than its prediction, its prediction is not in the log."""
IMPROPER_SCORE: Final = "prediction_with_improper_score"
"""Why a prediction with a label is not judged: its score is no probability, as the model's scores are."""

DELAY_EDGES: Final = np.geomspace(1.0, 10 * 365 * 86400.0, 1000)
"""The ends of the cells of delays, in seconds: each is 2 % wider than the one before, up to ten years."""

_MICRO: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Outcome:
    """Predictions and their labels.

    `rows` are the predictions, and `known` those with a label by which they can be judged; `invalid` are those with a
    label by which they cannot. `delays` counts the labels by the time from the prediction to its newest label, in the
    cells of `DELAY_EDGES`, (edges + 1,), without labels that are older than their prediction. `improper` are known
    ones whose scores are no probabilities. `performance` of the known ones is None where it cannot be computed.
    `by_score` are all predictions by the fine bin of their score, None where its bins are not known. `near` are known
    ones whose score differs from the label by each tolerance of the evaluation at most, (tolerances,).

    Of a segment, `delays`, `by_score` and `near` are empty: a segment has no metrics before its predictions are mature.
    """

    rows: int
    known: int
    improper: int
    delays: Counts
    performance: Performance | None
    by_score: ByScore | None = None
    near: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    invalid: Invalid = NONE_INVALID

    @property
    def labelled(self) -> int:
        """The predictions that have a label of the model."""
        return self.known + self.invalid.scores

    @property
    def withheld(self) -> bool:
        """Whether performance is withheld: too many predictions cannot be judged, or no label is a returned class."""
        return self.invalid.too_many(self.known) or self.foreign

    @property
    def foreign(self) -> bool:
        """Whether labels and returned classes are written in two ways: several of each, and none is both."""
        return isinstance(self.performance, Classified) and self.performance.foreign

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
            self.invalid + other.invalid,
        )

    def labelled_within(self, seconds: float) -> int:
        """Return how many predictions had their newest label within this time, up to 2 %, or before the prediction."""
        return self.labelled - int(self.delays[np.searchsorted(DELAY_EDGES, seconds) + 1 :].sum())


def _both(left: Performance | None, right: Performance | None) -> Performance | None:
    if left is None or type(left) is not type(right):
        return None
    return left + right  # type: ignore[operator]  # they are of one type


def outcomes(predictions: Predictions, known_labels: KnownLabels, evaluation: Evaluation) -> dict[Group, Outcome]:
    """Return the outcomes of a partition's predictions, by model version and role."""
    truths = _truths(predictions, known_labels, evaluation)
    return {
        group: _outcome(predictions, known_labels, truths, evaluation, np.flatnonzero(predictions.groups == code))
        for code, group in enumerate(predictions.names)
    }


def _truths(predictions: Predictions, known_labels: KnownLabels, evaluation: Evaluation) -> KnownLabels:
    """Return the same labels, NaN where a prediction cannot be judged."""
    labels = judged(known_labels.labels, predictions.scores, probabilities=evaluation.probabilities)
    return replace(known_labels, labels=labels)


def segment_outcomes(
    predictions: Predictions, known_labels: KnownLabels, evaluation: Evaluation
) -> dict[Group, Outcome]:
    """Return the outcomes of a partition's predictions by model version, role and segment."""
    by_group, truths = {}, _truths(predictions, known_labels, evaluation)
    for segment, among in _segment_rows(predictions, evaluation):
        for code, group in enumerate(predictions.names):
            rows = among[predictions.groups[among] == code]
            if len(rows):
                by_group[group.within(segment)] = _segment_outcome(predictions, known_labels, truths, evaluation, rows)
    return by_group


def _segment_rows(predictions: Predictions, evaluation: Evaluation) -> Iterator[tuple[Segment, Counts]]:
    for column, values in evaluation.segments.items():
        coded = predictions.segments[column]
        places = np.array([*find_values(coded.names, values), -1], np.int64)  # the last is of rows without a name
        of_rows = places[coded.codes]
        for place, value in enumerate(values):
            if place in places:
                yield Segment(column, value), np.flatnonzero(of_rows == place)


def _segment_outcome(
    predictions: Predictions, given: KnownLabels, truths: KnownLabels, evaluation: Evaluation, rows: Counts
) -> Outcome:
    known = _known(truths, rows)
    evaluated = rows if predictions.queries is None else _whole_lists(predictions.queries, rows)
    counted = _by_score(predictions, truths, evaluation, evaluated) if evaluation.binary else None
    performance = _performance(predictions, truths, evaluation, evaluated, counted)
    return Outcome(
        len(rows),
        len(known),
        _improper(predictions, known),
        np.zeros(0, np.int64),
        performance,
        invalid=_invalid(predictions, given, truths, rows),
    )


def _whole_lists(queries: Ids, rows: Counts) -> Counts:
    """Return the rows whose lists have no other rows: no user saw a part of a list."""
    others = np.ones(len(queries), np.bool_)
    others[rows] = False
    return rows[~np.isin(queries[rows], queries[others])]


def _known(truths: KnownLabels, rows: Counts) -> Counts:
    return rows[~np.isnan(truths.labels[rows])]


def _invalid(predictions: Predictions, given: KnownLabels, truths: KnownLabels, rows: Counts) -> Invalid:
    labels = given.labels[rows]
    left_out = rows[np.isfinite(labels) & np.isnan(truths.labels[rows])]
    return Invalid(labels=int((labels == INVALID).sum())) + invalid_scores(predictions.scores[left_out])


def _outcome(
    predictions: Predictions, given: KnownLabels, truths: KnownLabels, evaluation: Evaluation, rows: Counts
) -> Outcome:
    known, labelled = _known(truths, rows), rows[np.isfinite(given.labels[rows])]
    waited = _MICRO * (given.labelled_at[labelled] - predictions.made_at[labelled]).astype(np.float64)
    cells = _delay_cells(waited[waited >= 0])
    counted = _by_score(predictions, truths, evaluation, rows)
    return Outcome(
        rows=len(rows),
        known=len(known),
        improper=_improper(predictions, known),
        delays=np.bincount(cells, minlength=len(DELAY_EDGES) + 1),
        performance=_performance(predictions, truths, evaluation, rows, counted),
        by_score=counted,
        near=_near(predictions.scores[known] - truths.labels[known], evaluation.tolerances),
        invalid=_invalid(predictions, given, truths, rows),
    )


def _near(misses: Floats, tolerances: tuple[float, ...]) -> Counts:
    return np.array([(np.abs(misses) <= each).sum() for each in tolerances], np.int64)


def _delay_cells(seconds: Floats) -> Counts:
    """Return the cell of each delay: as a search in `DELAY_EDGES`, but for rounding at an edge."""
    width = math.log(DELAY_EDGES[-1]) / (len(DELAY_EDGES) - 1)
    cells: Counts = np.ceil(np.log(np.maximum(seconds, DELAY_EDGES[0])) / width).astype(np.int64)
    return np.minimum(cells, len(DELAY_EDGES))


def _improper(predictions: Predictions, rows: Counts) -> int:
    if predictions.class_scores is not None:
        return int(no_probabilities(predictions.class_scores[rows]).sum())
    scores = predictions.scores[rows]
    return int(((scores < 0) | (scores > 1)).sum())


def _by_score(predictions: Predictions, truths: KnownLabels, evaluation: Evaluation, rows: Counts) -> ByScore | None:
    if evaluation.edges is None or evaluation.classes is not None or evaluation.lists is not None:
        return None
    return by_score(predictions.scores[rows], truths.labels[rows], evaluation.edges, binary=evaluation.binary)


def _performance(
    predictions: Predictions, truths: KnownLabels, evaluation: Evaluation, rows: Counts, counted: ByScore | None
) -> Performance | None:
    """Return the performance of some rows; of a binary classifier they are `counted` already."""
    if evaluation.lists is not None:
        return _ranked(predictions, truths, evaluation.lists, rows)
    known = _known(truths, rows)
    scores, labels = predictions.scores[known], truths.labels[known]
    if evaluation.classes is not None:
        return _classified(predictions, labels, evaluation.classes, known)
    if not evaluation.binary:
        return regression_errors(scores, labels)
    return unweighted(counted, confusion(labels > 0, scores >= evaluation.threshold)) if counted else None


def _classified(predictions: Predictions, labels: Floats, known: Classes, rows: Counts) -> Classified | None:
    if predictions.classes is None:
        return None
    scores, by_class = predictions.scores[rows], None
    if predictions.class_scores is not None:
        by_class = ClassScores(predictions.class_scores[rows], known.keys, known.edges)
    return classified(predictions.classes[rows], labels, scores, by_class)


def _ranked(predictions: Predictions, truths: KnownLabels, lists: Lists, rows: Counts) -> Ranked | None:
    if predictions.queries is None:
        return None
    absent = math.nan if lists.absent is None else lists.absent
    relevances = np.where(truths.known[rows], truths.labels[rows], absent)
    return ranked(predictions.queries[rows], predictions.scores[rows], relevances, lists.depth)


K = TypeVar("K", str, Group)


def total(parts: Iterable[Mapping[K, Outcome]]) -> dict[K, Outcome]:
    """Add up several partitions, by group or by version."""
    by_key: dict[K, list[Outcome]] = {}
    for part in parts:
        for key, outcome in part.items():
            by_key.setdefault(key, []).append(outcome)
    return {key: reduce(add, by_key[key]) for key in sorted(by_key)}


def rejected_rows(predictions: Predictions, known_labels: KnownLabels) -> dict[str, int]:
    """Count the rows of the label log that repeat or correct a label, and labels older than their prediction."""
    again = np.maximum(known_labels.rows - 1, 0)
    return {
        DUPLICATE: int(again[~known_labels.disputed].sum()),
        CORRECTED: int(again[known_labels.disputed].sum()),
        EARLY: int((np.isfinite(known_labels.labels) & (known_labels.labelled_at < predictions.made_at)).sum()),
    }


def delay_quantile(delays: Counts, q: float) -> float:
    """Return the quantile `q` of delays, in seconds, within 1 %; NaN of no labels.

    It is the least delay that at least a share `q` of the labels did not exceed: a second at least, ten years at most.
    """
    if not delays.sum():
        return math.nan
    cell = int(np.searchsorted(np.cumsum(delays), q * delays.sum()))
    ends = DELAY_EDGES[[max(cell - 1, 0), min(cell, len(DELAY_EDGES) - 1)]]
    return float(np.sqrt(ends.prod()))
