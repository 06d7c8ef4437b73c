"""Performance of a multiclass classifier: of all classes together, and of each class against the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import OTHER, class_keys
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.labelled import Labelled
from exporter.statistics.labels import calibration, performance
from exporter.statistics.labels.performance import UNKNOWN, Estimate, macro_average


def multiclass(classified: Classified, classes: int, *, proper: bool) -> dict[Metric, Estimate]:
    """The performance of all classes together: shares of all rows, and unweighted means over the classes.

    Args:
        classified: the labelled predictions.
        classes: the number of classes with a score of their own; the mean of fewer areas is unknown.
        proper: whether the scores are probabilities.
    """
    # OTHER stands for several classes, and a mean without them would be another quantity.
    places = [] if OTHER in classified.keys else range(len(classified.keys))
    confusions = [classified.confusion(place) for place in places]
    areas = [performance.auroc(each.positives, each.negatives) for each in classified.against_rest.values()]
    values = {
        catalogue.AUROC: macro_average(areas) if len(areas) == classes else UNKNOWN,
        catalogue.F1_SCORE: macro_average(list(map(performance.f1_score, confusions))),
        catalogue.PRECISION: macro_average(list(map(performance.precision, confusions))),
        catalogue.RECALL: macro_average(list(map(performance.recall, confusions))),
        catalogue.ACCURACY: performance.share(
            float(classified.counts[:, 0].sum()), classified.counts[:, 1].astype(np.float64)
        ),
    }
    if proper:
        values[catalogue.LOG_LOSS] = performance.mean(classified.log_losses)
        values[catalogue.BRIER_SCORE] = performance.mean(classified.squared_errors, highest=1.0)
    return values


def class_values(
    classified: Classified, names: Mapping[float, str], limit: int, *, proper: bool
) -> dict[str, dict[Metric, float]]:
    """The performance of each class against the rest, by name, for the `limit` classes with the most true rows.

    The calibration and the predicted rate are left out when the scores are not probabilities (`proper`).
    """
    values = {}
    for place in _ranked(classified)[:limit]:
        key = float(classified.keys[place])
        if key in names:
            confusion = classified.confusion(place)
            values[names[key]] = {
                catalogue.CLASS_LABEL_ROWS: float(confusion[1].sum()),
                catalogue.CLASS_RATE_OBSERVED: float(confusion[1].sum() / confusion.sum()),
                catalogue.CLASS_PRECISION: performance.precision(confusion).value,
                catalogue.CLASS_RECALL: performance.recall(confusion).value,
                catalogue.CLASS_F1_SCORE: performance.f1_score(confusion).value,
                **_scored(classified.against_rest.get(key), proper=proper),
            }
    return values


def _ranked(classified: Classified) -> list[int]:
    """The positions of the classes, the most frequent true class first, ties by key."""
    true = classified.counts[:, 2].tolist()
    places = [place for place, key in enumerate(classified.keys.tolist()) if key != OTHER]
    return sorted(places, key=lambda place: -true[place])


def _scored(labelled: Labelled | None, *, proper: bool) -> dict[Metric, float]:
    """The performance of a class's own score."""
    if labelled is None:
        return {}
    area = {catalogue.CLASS_AUROC: performance.auroc(labelled.positives, labelled.negatives).value}
    if not proper:
        return area
    error = calibration.debiased_error(calibration.reliability(labelled))
    predicted = float(labelled.score_sums.sum() / labelled.rows.sum()) if labelled.rows.any() else math.nan
    return area | {catalogue.CLASS_CALIBRATION_ERROR_DEBIASED: error, catalogue.CLASS_RATE_PREDICTED: predicted}


def hidden_classes(counts: object, limit: int) -> int:
    """The number of classes beyond `limit`, among those that are counted separately."""
    return max(len(counts.keys) - limit, 0) if isinstance(counts, Classified) else 0


def by_key(names: Iterable[str]) -> dict[float, str]:
    """The names of classes by their keys."""
    ordered = sorted(names)
    return dict(zip(class_keys(ordered).tolist(), ordered, strict=True))
