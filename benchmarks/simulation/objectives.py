"""Days of labelled predictions of a model with a known true AUROC, evaluated by the exporter's own functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.spec.sections.slo import Slo
from exporter.statistics.block_sums import BlockSums
from exporter.statistics.labels.performance import auroc
from exporter.statistics.objectives.slo import Tally, Verdict, budget_remaining, firing, slice_tally, verdict

Counts = npt.NDArray[np.float64]
Day = tuple[Counts, Counts]
"""The positives and negatives of a day by score bin."""

_BINS = 256
GOOD = slice_tally(Verdict.GOOD)


@dataclass(frozen=True, slots=True)
class Labels:
    """The mean number of labels per day."""

    positives: float = 40
    negatives: float = 4000


def day(random: np.random.Generator, area: float, labels: Labels) -> Day:
    """Draw the labels of a day; the scores of both classes are normal, shifted so that the AUROC is `area`."""
    shift = math.sqrt(2) * float(special.ndtri(area))
    edges = np.linspace(-4, 4 + shift, _BINS - 1)
    ends = np.concatenate(([-np.inf], edges, [np.inf]))
    return (
        _drawn(random, labels.positives, special.ndtr(ends - shift)),
        _drawn(random, labels.negatives, special.ndtr(ends)),
    )


def _drawn(random: np.random.Generator, rows: float, cumulative: Counts) -> Counts:
    return random.poisson(rows * np.diff(cumulative)).astype(np.float64)


def evaluated(slo: Slo, days: Sequence[Day]) -> list[Tally]:
    """Evaluate every day on which a window ends."""
    length = slo.judged_over // slo.slice
    sums: BlockSums[Day, Day] = BlockSums(lambda _, own: own, lambda one, other: (one[0] + other[0], one[1] + other[1]))
    sums.update(dict(enumerate(days)))
    runs = filter(None, (sums.total(end - length, end) for end in range(length, len(days) + 1)))
    return [slice_tally(verdict(auroc(*run), slo.target, at_least=True)) for run in runs]


def months(slo: Slo, area: float, labels: Labels, count: int, seed: int = 1) -> Iterator[bool]:
    """Yield whether a model with a constant AUROC of `area` spends the budget of a period."""
    random, before = np.random.default_rng(seed), slo.judged_over // slo.slice - 1
    for _ in range(count):
        days = [day(random, area, labels) for _ in range(slo.slices + before)]
        remaining = budget_remaining(evaluated(slo, days), slo.ratio)
        yield remaining is not None and remaining <= 0


def falls(slo: Slo, areas: tuple[float, float], labels: Labels, count: int, seed: int = 2) -> Iterator[int]:
    """Yield the days until a model pages whose AUROC falls from one value to the other; more than a period if never."""
    random, before = np.random.default_rng(seed), slo.judged_over // slo.slice - 1
    good, fallen = areas
    for _ in range(count):
        days = [day(random, good, labels) for _ in range(before)]
        days += [day(random, fallen, labels) for _ in range(slo.slices)]
        tallies = [GOOD] * slo.slices + evaluated(slo, days)
        fired = (index for index in range(1, slo.slices + 1) if _fires(slo, tallies[: slo.slices + index]))
        yield next(fired, slo.slices + 1)


def _fires(slo: Slo, tallies: Sequence[Tally]) -> bool:
    return firing(tallies, slo.ratio, slo.fast())
