"""A labelled history as sums over its blocks, metric by metric; the variance of performance is fitted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import OTHER
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.blocks import LabelledBlocks, moments_of
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.labelled import Labelled, RegressionErrors
from exporter.labels.sums.ranked import Ranked
from exporter.profiles.binning import Floats
from exporter.spec.sections.task import Task
from exporter.statistics.labels import linearisation
from exporter.statistics.labels.design_effect import Linearised

COMMON: Final = "calibration_common"
OWN: Final = "calibration_own"
"""The keys of the two parts of calibration: the gap of all scores together, and those of its cells besides."""

_MOST_CLASSES: Final = 100
"""Of more classes only the accuracy is fitted, not the means over classes."""


def level_key(metric: Metric, of_class: float | None = None) -> str:
    """The key of a level of labels: of a class where there are several."""
    return metric.key if of_class is None else f"{metric.key} of {of_class:g}"


def histories_of_reference(blocks: LabelledBlocks, task: Task, *, proper: bool) -> dict[str, Linearised]:
    """Each metric of the labelled rows of a reference, by its key.

    Args:
        blocks: of a multiclass model, by the score of the returned class, whose label is whether it was right.
        task: the model's task.
        proper: whether scores are probabilities.
    """
    if task == "regression":
        return _of_errors(blocks.squared_errors, blocks.log_losses) | _of_mean_error(
            blocks.squared_errors, blocks.positives.sum(axis=1) - blocks.scores.sum(axis=1)
        )
    if task == "multiclass_classification":
        right, rows = blocks.positives.sum(axis=1), blocks.rows.sum(axis=1)
        return _known({catalogue.ACCURACY: linearisation.of_share(right, rows)}) | _of_calibration(blocks)
    return _of_binary(blocks, proper=proper)


def histories(parts: Sequence[Outcome | None]) -> dict[str, Linearised]:
    """Each metric of the outcomes of some blocks, by its key; what is not defined is left out."""
    kinds = {type(part.performance) for part in parts if part is not None}
    if len(kinds) != 1:
        return {}
    performances = [None if part is None else part.performance for part in parts]
    proper = not any(part.improper for part in parts if part is not None)
    if kinds == {Labelled}:
        blocks = LabelledBlocks.of([each if isinstance(each, Labelled) else None for each in performances])
        return _of_binary(blocks, proper=proper) if blocks is not None else {}
    if kinds == {Classified}:
        return _of_classes([each if isinstance(each, Classified) else None for each in performances], proper=proper)
    if kinds == {RegressionErrors}:
        errors = [each if isinstance(each, RegressionErrors) else None for each in performances]
        squared, absolute = (
            moments_of([None if each is None else getattr(each, name) for each in errors])
            for name in ("squared_errors", "absolute_errors")
        )
        return _of_errors(squared, absolute) | _of_signed_errors(parts, squared)
    if kinds == {Ranked}:
        gains = [each.gains if isinstance(each, Ranked) else None for each in performances]
        return _known({catalogue.NDCG: linearisation.of_mean(*moments_of(gains).T)})
    return {}


def _known(found: Mapping[Metric, Linearised | None]) -> dict[str, Linearised]:
    return {metric.key: each for metric, each in found.items() if each is not None}


def _of_binary(blocks: LabelledBlocks, *, proper: bool) -> dict[str, Linearised]:
    hits, misses = blocks.confusion[:, 1, 1], blocks.confusion[:, 1, 0]
    alarms, right = blocks.confusion[:, 0, 1], blocks.confusion[:, 0, 0]
    found = _known(
        {
            catalogue.AUROC: linearisation.of_auroc(blocks.positives, blocks.negatives),
            catalogue.F1_SCORE: linearisation.of_f1_score(hits, hits + misses + alarms),
            catalogue.PRECISION: linearisation.of_share(hits, hits + alarms),
            catalogue.RECALL: linearisation.of_share(hits, hits + misses),
            catalogue.ACCURACY: linearisation.of_share(hits + right, hits + misses + alarms + right),
        }
    )
    found |= _of_rates(blocks, proper=proper)
    if not proper:
        return found
    losses = {
        catalogue.LOG_LOSS: linearisation.of_mean(*blocks.log_losses.T),
        catalogue.BRIER_SCORE: linearisation.of_mean(*blocks.squared_errors.T),
    }
    return found | _known(losses) | _of_calibration(blocks)


def _of_calibration(blocks: LabelledBlocks) -> dict[str, Linearised]:
    parts = linearisation.of_calibration(blocks.positives, blocks.scores, blocks.rows)
    return {} if parts is None else dict(zip((COMMON, OWN), parts, strict=True))


def _of_rates(blocks: LabelledBlocks, of_class: float | None = None, *, proper: bool) -> dict[str, Linearised]:
    """The rate of positives, and where scores are probabilities its difference to the predicted one."""
    rows, positives, predicted = (each.sum(axis=1) for each in (blocks.rows, blocks.positives, blocks.scores))
    found = {level_key(catalogue.LABEL_RATE_OBSERVED, of_class): linearisation.of_share(positives, rows)}
    if proper:
        gap = linearisation.of_mean(rows, positives - predicted, blocks.squared_errors[:, 1])
        found[level_key(catalogue.LABEL_RATE_GAP, of_class)] = gap
    return {key: each for key, each in found.items() if each is not None}


def _of_class_rates(parts: Sequence[Classified | None], *, proper: bool) -> dict[str, Linearised]:
    """The rates of each class that has a score."""
    keys = sorted({key for part in parts if part is not None for key in part.against_rest})
    found: dict[str, Linearised] = {}
    for key in keys[:_MOST_CLASSES]:
        blocks = LabelledBlocks.of([None if part is None else part.against_rest.get(key) for part in parts])
        found |= _of_rates(blocks, key, proper=proper) if blocks is not None else {}
    return found


def _of_signed_errors(parts: Sequence[Outcome | None], squared: Floats) -> dict[str, Linearised]:
    """The mean error of a regression's outcomes; nothing where the bins of their score are not known."""
    sums = np.zeros(len(parts))
    for place, part in enumerate(parts):
        if part is not None and part.by_score is None:
            return {}
        if part is not None and part.by_score is not None:
            sums[place] = part.by_score.labels.sum() - part.by_score.scores.sum()
    return _of_mean_error(squared, sums)


def _of_mean_error(squared: Floats, missed: Floats) -> dict[str, Linearised]:
    """The mean error of a regression, from the moments of the squared errors and the sums of the errors, by block."""
    return _known({catalogue.MEAN_ERROR: linearisation.of_mean(squared[:, 0], missed, squared[:, 1])})


def _of_classes(parts: Sequence[Classified | None], *, proper: bool) -> dict[str, Linearised]:
    counts = np.array([np.zeros(3) if part is None else part.counts.sum(axis=0) for part in parts], np.float64)
    found = _known({catalogue.ACCURACY: linearisation.of_share(counts[:, 0], counts[:, 1])}) | _of_means(parts)
    found |= _of_class_rates(parts, proper=proper)
    if not proper:
        return found
    losses = {
        catalogue.LOG_LOSS: [None if part is None else part.log_losses for part in parts],
        catalogue.BRIER_SCORE: [None if part is None else part.squared_errors for part in parts],
    }
    confident = LabelledBlocks.of([None if part is None else part.confident for part in parts])
    found |= _of_calibration(confident) if confident is not None else {}
    return found | _known({metric: linearisation.of_mean(*moments_of(each).T) for metric, each in losses.items()})


def _of_means(parts: Sequence[Classified | None]) -> dict[str, Linearised]:
    """The plain means over the classes; nothing for too many."""
    keys = np.unique(np.concatenate([part.keys for part in parts if part is not None]))
    if len(keys) > _MOST_CLASSES or OTHER in keys:
        return {}
    classes = [table.T for table in _tables(parts, keys)]
    scored = sorted({key for part in parts if part is not None for key in part.against_rest})
    areas = [
        LabelledBlocks.of([None if part is None else part.against_rest.get(key) for part in parts]) for key in scored
    ]
    return _known(
        {
            catalogue.AUROC: linearisation.average(
                [linearisation.of_auroc(each.positives, each.negatives) for each in areas if each is not None]
            ),
            catalogue.F1_SCORE: linearisation.average(
                [linearisation.of_f1_score(hits, returned + true - hits) for hits, returned, true in classes]
            ),
            catalogue.PRECISION: linearisation.average(
                [linearisation.of_share(hits, returned) for hits, returned, _ in classes]
            ),
            catalogue.RECALL: linearisation.average([linearisation.of_share(hits, true) for hits, _, true in classes]),
        }
    )


def _tables(parts: Sequence[Classified | None], keys: Floats) -> Floats:
    """The rows in which each class was both, was returned, was true, (classes, blocks, 3)."""
    tables = np.zeros((len(keys), len(parts), 3))
    for place, part in enumerate(parts):
        if part is not None:
            tables[np.searchsorted(keys, part.keys), place] = part.counts
    return tables


def _of_errors(squared: Floats, absolute: Floats) -> dict[str, Linearised]:
    """The errors of a regression, from their moments, (blocks, 3)."""
    return _known(
        {catalogue.RMSE: linearisation.of_root_mean(*squared.T), catalogue.MAE: linearisation.of_mean(*absolute.T)}
    )
