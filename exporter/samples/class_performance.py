"""How good a classifier of several classes was: as a whole, and each class against the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import OTHER, class_keys
from exporter.labels.classified import Classified
from exporter.labels.labelled import Labelled
from exporter.statistics import calibration, performance
from exporter.statistics.performance import UNKNOWN, Estimate, macro_average

_RATIO_HIGHEST: Final = 1.0


def multiclass(classified: Classified, classes: int, *, proper: bool) -> dict[Metric, Estimate]:
    """What is said of all classes together: shares of all rows, and plain means over the classes.

    Args:
        classified: the labelled predictions.
        classes: how many classes have a score of their own; a mean of fewer areas is not told.
        proper: whether the scores are probabilities.
    """
    # With OTHER some classes are not told apart, and a mean of the rest would be another quantity.
    whole = [classified.confusion(place) for place in range(len(classified.keys))] if _told_apart(classified) else []
    areas = [performance.auroc(one.positives, one.negatives) for one in classified.against_rest.values()]
    found = {
        catalogue.AUROC: macro_average(areas) if len(areas) == classes else UNKNOWN,
        catalogue.F1_SCORE: macro_average([performance.f1_score(one) for one in whole]),
        catalogue.PRECISION: macro_average([performance.precision(one) for one in whole]),
        catalogue.RECALL: macro_average([performance.recall(one) for one in whole]),
        catalogue.ACCURACY: performance.share(
            float(classified.counts[:, 0].sum()), classified.counts[:, 1].astype(np.float64)
        ),
    }
    if proper:
        found[catalogue.LOG_LOSS] = performance.mean(classified.log_losses)
        found[catalogue.BRIER_SCORE] = performance.mean(classified.squared_errors, _RATIO_HIGHEST)
    return found


def _told_apart(classified: Classified) -> bool:
    return OTHER not in classified.keys


def class_values(
    classified: Classified, names: Mapping[float, str], limit: int, *, proper: bool
) -> dict[str, dict[Metric, float]]:
    """What is said of each class against the rest, by name; of at most `limit`, those with the most true rows first.

    Of scores that are no `proper` probabilities there is no calibration.
    """
    found = {}
    for place in _ranked(classified)[:limit]:
        key = float(classified.keys[place])
        if key in names:
            confusion = classified.confusion(place)
            found[names[key]] = {
                catalogue.CLASS_LABEL_ROWS: float(confusion[1].sum()),
                catalogue.CLASS_PRECISION: performance.precision(confusion).value,
                catalogue.CLASS_RECALL: performance.recall(confusion).value,
                catalogue.CLASS_F1_SCORE: performance.f1_score(confusion).value,
                **_scored(classified.against_rest.get(key), proper=proper),
            }
    return found


def _ranked(classified: Classified) -> list[int]:
    """Places of the classes, the most frequent truths first, ties by key."""
    true = classified.counts[:, 2].tolist()
    told = [place for place, key in enumerate(classified.keys.tolist()) if key != OTHER]
    return sorted(told, key=lambda place: -true[place])


def _scored(labelled: Labelled | None, *, proper: bool) -> dict[Metric, float]:
    """What a class's own score tells."""
    if labelled is None:
        return {}
    area = {catalogue.CLASS_AUROC: performance.auroc(labelled.positives, labelled.negatives).value}
    if not proper:
        return area
    error = calibration.debiased_error(calibration.reliability(labelled))
    return area | {catalogue.CLASS_CALIBRATION_ERROR_DEBIASED: error}


def hidden_classes(judged: object, limit: int) -> int:
    """How many classes have no series of their own, as far as they are told apart."""
    return max(len(judged.keys) - limit, 0) if isinstance(judged, Classified) else 0


def by_key(names: Iterable[str]) -> dict[float, str]:
    """Names of classes by their keys."""
    ordered = sorted(names)
    return dict(zip(class_keys(ordered).tolist(), ordered, strict=True))
