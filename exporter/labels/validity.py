"""Predictions that cannot be judged although they have a label: how many, why, and when performance is withheld."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from exporter.profiles.binning import Floats

FEW: Final = 0.01
"""The largest share of labelled predictions that may be left out. The others then give an accuracy that is at most one
hundredth off, whatever the labels of those left out are; it is below the floors at which performance alerts."""

_MOST: Final = 0.99
"""The share of the invalid scores that must be percentages for a message to say so."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """Predictions with a label that cannot be judged.

    `labels` are those whose label is no label of the model, `scores` those of the others whose score is outside of 0 to
    1 although scores are probabilities. `percentages` are the scores above 1 and up to 100.
    """

    labels: int = 0
    scores: int = 0
    percentages: int = 0

    def __add__(self, other: Invalid) -> Invalid:
        """Both together."""
        return Invalid(self.labels + other.labels, self.scores + other.scores, self.percentages + other.percentages)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.labels + self.scores

    def ratio(self, known: int) -> float:
        """Return their share, beside so many that can be judged; 0 without any, up to 1."""
        return self.rows / (known + self.rows) if self.rows else 0.0

    def too_many(self, known: int) -> bool:
        """Return whether performance of the others would say too little of all."""
        return self.ratio(known) > FEW

    def reason(self, known: int, mismatch: str) -> str:
        """Return why performance is withheld, for a message.

        Args:
            known: the predictions that can be judged.
            mismatch: what the invalid labels are; see `LabelRule.mismatch`.
        """
        total, reasons = known + self.rows, list[str]()
        if self.labels:
            reasons.append(f"{self.labels} of {total} labels are {mismatch}")
        if self.scores:
            percent = "; they look like percent" if self.percentages >= _MOST * self.scores else ""
            reasons.append(
                f"{self.scores} of {total} scores are no probabilities from 0 to 1{percent}: divide them, or give"
                " labels.threshold on their own scale"
            )
        return "; ".join(reasons)


NONE_INVALID: Final = Invalid()


def invalid_scores(scores: Floats) -> Invalid:
    """Count the scores that are no probabilities."""
    outside = (scores < 0) | (scores > 1)
    return Invalid(scores=int(outside.sum()), percentages=int((outside & (scores > 1) & (scores <= 100)).sum()))


def judged(labels: Floats, scores: Floats, *, probabilities: bool) -> Floats:
    """Return the labels that can be judged, and NaN for all others.

    Args:
        labels: NaN where there is none, `INVALID` where a value is no label.
        scores: those of the same rows.
        probabilities: whether scores are probabilities.
    """
    usable = np.isfinite(labels)
    if probabilities:
        usable &= (scores >= 0) & (scores <= 1)
    return np.where(usable, labels, np.nan)
