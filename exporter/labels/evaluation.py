"""How predictions are evaluated once their labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from exporter.profiles.binning import Floats


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that have a score of their own: their keys, (classes,), and the fine bins of each, where known."""

    keys: Floats
    edges: tuple[Floats | None, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """How ranked lists are evaluated: up to the rank `depth`; an item without a label has the relevance `absent`."""

    depth: int | None
    absent: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How predictions are evaluated.

    Of a binary classifier, a score of at least `threshold` is a positive decision. Where that threshold is a
    probability above 0, so are the scores; another one is on a scale of the model's own, such as log odds. `edges` are
    the fine bins of the score; None where they are not known. A multiclass classifier has `classes`, a ranking has
    `lists`, and a regression has neither. `tolerances` are the distances from the label within which a score counts as
    near it. `segments` are the columns of segments, with the values that have one.
    """

    binary: bool
    threshold: float
    edges: Floats | None
    classes: Classes | None = None
    lists: Lists | None = None
    tolerances: tuple[float, ...] = ()
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def probabilities(self) -> bool:
        """Whether scores are probabilities of a positive: the decision threshold is one."""
        return self.binary and 0 < self.threshold <= 1

    def counts_like(self, other: Evaluation) -> bool:
        """Whether both count in the same bins, and evaluate the same segments."""
        left, right = self._bins, other._bins
        bins = len(left) == len(right) and all(map(_equal, left, right))
        return bins and self.segments == other.segments

    @property
    def _bins(self) -> tuple[Floats | None, ...]:
        return (self.edges, *(self.classes.edges if self.classes else ()))


def _equal(left: Floats | None, right: Floats | None) -> bool:
    return left is right or (left is not None and right is not None and np.array_equal(left, right))
