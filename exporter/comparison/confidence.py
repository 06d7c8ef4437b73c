"""The confidence of a classifier in a window, compared with its reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from exporter import catalogue
from exporter.comparison.features import NO_LABELS, LabelledValues, Pair, ThresholdSettings, psi_values
from exporter.profiles.binning import Floats, NumericBins
from exporter.profiles.profile import NumericColumn
from exporter.profiles.score_bins import confidence_ends


def confidence_series(
    name: str, edges: Sequence[float], pair: Pair, settings: ThresholdSettings
) -> Iterator[LabelledValues]:
    """The PSI of a classifier's confidence, and the share of each bucket, from its score.

    Args:
        name: the column of the score.
        edges: the edges of the buckets; see `exporter.spec.model.Body.confidence_edges`.
        pair: the window and its reference.
        settings: the settings of the thresholds.

    Yields:
        The PSI of all buckets, then the share of each bucket among rows with a score. Nothing where the bins lack the
        ends of the buckets: the reference has no score, or one that is not a probability.
    """
    bins, ends = pair.binning.by_name.get(name), confidence_ends(edges)
    if not isinstance(bins, NumericBins) or not ends.size or not np.isin(ends[np.isfinite(ends)], bins.edges).all():
        return
    before, now = (_buckets(column, ends) for column in pair.numeric(name))
    if now[:-1].sum() < settings.spec.min_rows:
        return
    floor = settings.spec.prediction_confidence_psi
    yield NO_LABELS, psi_values(catalogue.PREDICTION_CONFIDENCE_PSI, name, (before, now), settings, floor)
    with np.errstate(invalid="ignore"):
        references, shares = ((rows[:-1] / rows[:-1].sum()).tolist() for rows in (before, now))
    for (low, high), share, reference in zip(pairwise(edges), shares, references, strict=True):
        values = {
            catalogue.PREDICTION_CONFIDENCE_RATIO: share,
            catalogue.PREDICTION_CONFIDENCE_RATIO_REFERENCE: reference,
        }
        yield {catalogue.BUCKET: f"{low}-{high}"}, values


def _buckets(column: NumericColumn, ends: Floats) -> Floats:
    """Rows in each bucket, then rows with a score outside 0 to 1, then rows without a score.

    A confidence is at most `c` where the score is at most the upper end and, with two classes, above the lower end.
    """
    lower, upper = ends
    below = np.where(np.isneginf(lower), 0.0, column.up_to(lower))
    up_to = np.concatenate([[0.0], column.up_to(upper) - below, [column.comparable]])
    return np.append(np.diff(up_to), column.missing)
