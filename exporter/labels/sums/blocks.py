"""Labelled predictions block by block, such as hour by hour: what the variance of performance is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.labels.sums.labelled import Labelled, Moments
from exporter.profiles.binning import Floats


@dataclass(frozen=True, slots=True)
class LabelledBlocks:
    """Labelled predictions of a binary classifier, or of one class against the rest.

    By fine bin of the score, (blocks, bins): `positives`, `negatives` and `scores`, the sums of the scores. `confusion`
    is (blocks, 2, 2) as [label, decision]. `squared_errors` and `log_losses` are (blocks, 3): rows, sum and sum of
    squares.
    """

    positives: Floats
    negatives: Floats
    scores: Floats
    confusion: Floats
    squared_errors: Floats
    log_losses: Floats

    @classmethod
    def of(cls, parts: Sequence[Labelled | None]) -> LabelledBlocks | None:
        """Return the blocks of some labelled predictions, of which None has no rows; None where none has any."""
        bins = next((len(part.rows) for part in parts if part is not None), None)
        if bins is None:
            return None
        blocks = cls(
            np.zeros((len(parts), bins)),
            np.zeros((len(parts), bins)),
            np.zeros((len(parts), bins)),
            np.zeros((len(parts), 2, 2)),
            moments_of([None if part is None else part.squared_errors for part in parts]),
            moments_of([None if part is None else part.log_losses for part in parts]),
        )
        for place, part in enumerate(parts):
            if part is not None:
                blocks.positives[place], blocks.negatives[place] = part.positives, part.negatives
                blocks.scores[place], blocks.confusion[place] = part.score_sums, part.confusion
        return blocks

    @property
    def rows(self) -> Floats:
        """The rows by block and bin."""
        return self.positives + self.negatives


def moments_of(parts: Sequence[Moments | None]) -> Floats:
    """Return rows, sum and sum of squares of unweighted values, (blocks, 3); 0 where there are none."""
    return np.array(
        [(0.0, 0.0, 0.0) if part is None else (part.weights, part.values, part.squares) for part in parts]
    ).reshape(-1, 3)
