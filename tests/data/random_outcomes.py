"""Outcomes of predictions with random scores, of which some have labels."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from exporter.labels.evaluation import Evaluation
from exporter.labels.join import KnownLabels
from exporter.labels.outcomes import Outcome, outcomes
from exporter.labels.predictions import Predictions
from exporter.profiles.binning import edges_below
from exporter.profiles.group import Group
from exporter.profiles.times import NO_TIME

Floats = npt.NDArray[np.float64]

THRESHOLD = 0.05
END = datetime(2026, 11, 22, 10, tzinfo=UTC)
EDGES = np.append(edges_below(np.array([THRESHOLD])), np.arange(2, 20) / 20)
ROWS = 2000


def outcome_of(scores: Floats, labels: Floats, *, binary: bool = True, threshold: float = THRESHOLD) -> Outcome:
    """Return the outcomes of an hour's predictions; a label of NaN has not arrived."""
    known, rows = ~np.isnan(labels), len(scores)
    made = Predictions(
        np.arange(rows, dtype=np.uint64), scores, np.zeros(rows, np.int64), np.zeros(rows, np.int8), (Group("v"),), {}
    )
    answers = KnownLabels(labels, np.where(known, 60, NO_TIME), known.astype(np.int32), np.zeros(rows, bool))
    return outcomes(made, answers, Evaluation(binary, threshold, EDGES))[Group("v")]


def hour_outcome(seed: int, reported: float, *, binary: bool = True) -> Outcome:
    """Return the outcomes of an hour in which a share of the labels has arrived."""
    random = np.random.default_rng(seed)
    scores = random.random(ROWS)
    labels = (random.random(ROWS) < scores).astype(np.float64)
    return outcome_of(scores, np.where(random.random(ROWS) < reported, labels, np.nan), binary=binary)
