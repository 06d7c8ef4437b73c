"""A partition's predictions and what is known of them by now, reduced to what merges: rows, delays, performance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Final

import numpy as np

from exporter.profiles.binning import Counts, Floats
from exporter.profiles.label_join import Answers
from exporter.profiles.labelled import Labelled, Measured, labelled, measured
from exporter.profiles.predictions import Predictions

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
    `improper` are those with a label whose score is no probability. `performance` is None where there is no telling.
    `near` are those whose score is no farther from the label than each tolerance of the judgement, (tolerances,).
    """

    rows: int
    known: int
    improper: int
    delays: Counts
    performance: Labelled | Measured | None
    near: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    def __add__(self, other: Outcome) -> Outcome:
        """Both together."""
        one, two = self.performance, other.performance
        if isinstance(one, Labelled) and isinstance(two, Labelled):
            performance: Labelled | Measured | None = one + two
        elif isinstance(one, Measured) and isinstance(two, Measured):
            performance = one + two
        else:
            performance = None
        return Outcome(
            self.rows + other.rows,
            self.known + other.known,
            self.improper + other.improper,
            self.delays + other.delays,
            performance,
            self.near + other.near,
        )

    def labelled_within(self, seconds: float) -> int:
        """How many predictions had their newest label after so long, within 2 %, or one that is older than they are."""
        return self.known - int(self.delays[np.searchsorted(DELAY_EDGES, seconds) + 1 :].sum())


@dataclass(frozen=True, slots=True)
class Judgement:
    """How predictions are judged.

    Of a number there is an error. Of a binary classifier, `threshold` is the score from which on it says yes, and
    `edges` are the fine bins of the score; None where they are not known. `tolerances` are how far a score may be from
    the label and count as near it.
    """

    binary: bool
    threshold: float
    edges: Floats | None
    tolerances: tuple[float, ...] = ()


def outcomes(predictions: Predictions, answers: Answers, judgement: Judgement) -> dict[str, Outcome]:
    """What became of a partition's predictions, by model version."""
    codes = range(len(predictions.names))
    return {
        predictions.names[code]: _outcome(predictions, answers, judgement, np.flatnonzero(predictions.versions == code))
        for code in codes
    }


def _outcome(predictions: Predictions, answers: Answers, judgement: Judgement, rows: Counts) -> Outcome:
    known = rows[answers.known[rows]]
    scores, labels = predictions.scores[known], answers.labels[known]
    waited = (answers.labelled_at[known] - predictions.made_at[known]) * _MICRO
    cells = np.searchsorted(DELAY_EDGES, waited[waited >= 0])
    return Outcome(
        rows=len(rows),
        known=len(known),
        improper=int(((scores < 0) | (scores > 1)).sum()),
        delays=np.bincount(cells, minlength=len(DELAY_EDGES) + 1),
        performance=_performance(scores, labels, judgement),
        near=np.array([(np.abs(scores - labels) <= each).sum() for each in judgement.tolerances], np.int64),
    )


def _performance(scores: Floats, labels: Floats, judgement: Judgement) -> Labelled | Measured | None:
    if not judgement.binary:
        return measured(scores, labels)
    if judgement.edges is None:
        return None
    return labelled(scores, labels, scores >= judgement.threshold, judgement.edges)


def total(parts: Iterable[Mapping[str, Outcome]]) -> dict[str, Outcome]:
    """Several partitions together, by version."""
    by_version: dict[str, list[Outcome]] = {}
    for part in parts:
        for version, outcome in part.items():
            by_version.setdefault(version, []).append(outcome)
    return {version: reduce(add, by_version[version]) for version in sorted(by_version)}


def peculiar(predictions: Predictions, answers: Answers) -> dict[str, int]:
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
