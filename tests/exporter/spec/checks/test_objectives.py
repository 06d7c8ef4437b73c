from __future__ import annotations

from typing import Any, get_args

import pytest

from exporter.spec.checks.objectives import SLO_METRICS
from exporter.spec.sections.task import Task
from spec_parts import LABELS, LOG_WITH_IDS, inconsistencies

COLUMNS = {
    "multiclass_classification": {"prediction": "class", "scores": {"a": "p_a", "b": "p_b"}},
    "ranking": {"score": "p", "query": "q"},
}
"""The columns that a task needs besides ids, where that is not one score."""


def slo(**changes: Any) -> dict[str, Any]:
    return {"name": "slo", "metric": "auroc", "at_least": 0.9, "objective": 0.95, **changes}


def test_a_valid_objective_has_no_mistakes() -> None:
    assert inconsistencies(slos=[slo()], labels=LABELS, inference=LOG_WITH_IDS) == []


@pytest.mark.parametrize("task", get_args(Task))
def test_every_task_has_metrics(task: str) -> None:
    known = [name for name, metric in SLO_METRICS.items() if task in metric.tasks]
    slos = [{"name": name, "metric": name, SLO_METRICS[name].target: 0.5, "objective": 0.9} for name in known]
    assert known
    inference = {**LOG_WITH_IDS, "columns": {"prediction_id": "id", **COLUMNS.get(task, {"score": "p"})}}
    assert inconsistencies(task=task, slos=slos, labels=LABELS, inference=inference) == []


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"metric": "rmse"}, "metric: must be a metric of binary_classification: auroc, "),
        ({"metric": "aurco"}, "metric: must be a metric of binary_classification: auroc, "),
        ({"at_least": 91}, "at_least: must be between 0 and 1"),
        ({"at_least": None, "at_most": 0.9}, "at_most: must be at_least: a higher auroc is better"),
        ({"metric": "brier_score"}, "at_least: must be at_most: a lower brier_score is better"),
        ({"slice": "90m", "period": "3d"}, "slice: must be a multiple of the grain, 1h"),
        ({"period": "30d12h"}, "period: must be a multiple of the slice, 24h"),
        ({"over": "rolling", "window": "90m", "slice": "1h"}, "window: must be a multiple of the grain, 1h"),
        ({"over": "rolling", "window": "12h"}, "window: must not be shorter than the slice, 24h"),
        (
            {"metric": "drift_share", "at_least": None, "at_most": 0.2, "over": "rolling", "window": "7d"},
            "over: must be cohort: drift_share is measured for each slice alone",
        ),
        (
            {"metric": "freshness", "at_least": None, "at_most": 60, "slice": "8d", "period": "240d"},
            "slice: must not be longer than the longest window, 7d",
        ),
    ],
)
def test_a_wrong_objective_is_reported(changes: dict[str, Any], mistake: str) -> None:
    [message] = inconsistencies(slos=[slo(**changes)], labels=LABELS, inference=LOG_WITH_IDS)
    assert message.startswith(f"spec.slos[0].{mistake}")


def test_metrics_of_the_log_need_no_labels() -> None:
    target = {"metric": "drift_share", "at_least": None, "at_most": 0.3}
    assert inconsistencies(slos=[slo(**target)]) == []


def test_a_target_without_bounds_can_be_any_number() -> None:
    target = {"metric": "log_loss", "at_least": None, "at_most": 3}
    assert inconsistencies(slos=[slo(**target)], labels=LABELS, inference=LOG_WITH_IDS) == []
