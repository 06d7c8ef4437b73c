"""Weeks of a scored log whose labels arrive at once, and the estimator that a part of it must fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.sums.by_score import by_score
from exporter.profiles.binning import NumericBins
from exporter.samples.labels.estimators import Estimator, fit_single_score
from exporter.samples.windows import Sample
from exporter.service.reading import ModelReader
from scored_log import AT, DAY, ID, LABEL, SCORE, START, ScoredLog, moments

WEEK = 7
A_DAY = 600


def weeks(folder: Path, days: int, *, others_from: int | None = None, regression: bool = False) -> pd.DataFrame:
    """Write a log of so many days, and return its rows; from day `others_from` on, scores are half as informative."""
    random, log = np.random.default_rng(days), ScoredLog(folder)
    rows = days * A_DAY
    made = pd.DataFrame({ID: np.arange(rows), AT: moments(random, rows, days), SCORE: random.beta(1, 4, rows)})
    day = (made[AT] - START) // DAY
    changed = day >= (days if others_from is None else others_from)
    if regression:
        made[LABEL] = made[SCORE] + np.where(changed, 2.0, 1.0) * made[SCORE] * random.normal(size=rows)
    else:
        chances = np.where(changed, 0.2 + (made[SCORE] - 0.2) / 2, made[SCORE])
        made[LABEL] = (random.random(rows) < chances).astype(float)
    log.put_predictions(made[[ID, AT, SCORE]])
    log.put_labels(made[[ID, AT, LABEL]])
    return made.assign(day=day)


def expected_fit(reader: ModelReader, rows: pd.DataFrame, now: Any, *, binary: bool = True) -> Estimator:
    """Return the estimator fitted on some rows of the log, in the bins of the reader's reference."""
    bins = reader.reference(now).binning.by_name[SCORE]
    assert isinstance(bins, NumericBins)
    counted = by_score(rows[SCORE].to_numpy(), rows[LABEL].to_numpy(), bins.edges, binary=binary)
    found = fit_single_score(counted, bins.edges, 0.25, binary=binary)
    assert found is not None
    return found


def expected(reader: ModelReader, taught: Estimator, rows: pd.DataFrame, now: Any) -> dict[Metric, float]:
    """Return the estimates of that estimator for some rows."""
    bins = reader.reference(now).binning.by_name[SCORE]
    assert isinstance(bins, NumericBins)
    counted = by_score(rows[SCORE].to_numpy(), np.full(len(rows), np.nan), bins.edges, binary=True)
    place = np.searchsorted(bins.edges, rows[SCORE])
    sums = np.bincount(place, rows[SCORE], len(bins.edges) + 1)
    return {metric.estimated(): each.value for metric, each in taught.expected(counted.made, sums).items()}


def estimated(samples: list[Sample]) -> dict[Metric, float]:
    """Return the estimates among samples."""
    estimates = {each.estimated() for each in (catalogue.AUROC, catalogue.F1_SCORE, catalogue.PRECISION)}
    estimates |= {each.estimated() for each in (catalogue.RECALL, catalogue.ACCURACY, catalogue.RMSE, catalogue.MAE)}
    return {one.metric: one.value for one in samples if one.metric in estimates}
