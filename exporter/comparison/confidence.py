"""How sure a classifier was of its answers in one window of one version, beside its reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from exporter import catalogue
from exporter.comparison.features import WHOLE, Judge, Labelled, Pair, psi_values
from exporter.profiles.binning import Floats, NumericBins
from exporter.profiles.profile import NumericColumn
from exporter.profiles.score_bins import confidence_ends


def confidence_series(name: str, edges: Sequence[float], pair: Pair, judge: Judge) -> Iterator[Labelled]:
    """What can be said of a classifier's confidence, from its score.

    Args:
        name: the column of the score.
        edges: as `exporter.spec.model.Body.confidence_edges` gives them.
        pair: the window and the reference.
        judge: what a score must exceed.

    Yields:
        The index of all buckets, then each bucket's share of the rows that have a score. Nothing where the bins do not
        have the buckets' ends: the reference has no score, or one that is no probability.
    """
    bins, ends = pair.binning.by_name.get(name), confidence_ends(edges)
    if not isinstance(bins, NumericBins) or not ends.size or not np.isin(ends[np.isfinite(ends)], bins.edges).all():
        return
    before, now = (_buckets(column, ends) for column in pair.numeric(name))
    if now[:-1].sum() < judge.spec.min_rows:
        return
    floor = judge.spec.prediction_confidence_psi
    yield WHOLE, psi_values(catalogue.PREDICTION_CONFIDENCE_PSI, name, (before, now), judge, floor)
    with np.errstate(invalid="ignore"):
        usual, present = (rows[:-1] / rows[:-1].sum() for rows in (before, now))
    for (low, high), share, reference in zip(pairwise(edges), present.tolist(), usual.tolist(), strict=True):
        values = {
            catalogue.PREDICTION_CONFIDENCE_RATIO: share,
            catalogue.PREDICTION_CONFIDENCE_RATIO_REFERENCE: reference,
        }
        yield {catalogue.BUCKET: f"{low}-{high}"}, values


def _buckets(column: NumericColumn, ends: Floats) -> Floats:
    """Rows in each bucket, what lies outside of 0 to 1 in the last, then those without a score.

    A confidence is at most `c` where the score is at most the upper end and, of two classes, above the lower one.
    """
    lower, upper = ends
    below = np.where(np.isneginf(lower), 0.0, column.up_to(lower))
    up_to = np.concatenate([[0.0], column.up_to(upper) - below, [column.comparable]])
    return np.append(np.diff(up_to), column.missing)
