from __future__ import annotations

from typing import Any, get_args

import pytest

from exporter.spec.checks import mistakes
from exporter.spec.messages import format_path
from exporter.spec.model import Body
from exporter.spec.objective_checks import JUDGED
from exporter.spec.schema import EXAMPLE
from exporter.spec.sections.task import Task

LABELS = {"source": {"local": "labels/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "fraud"}}
JOINED = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "score": "p"}}
COLUMNS = {
    "multiclass_classification": {"prediction": "class", "scores": {"a": "p_a", "b": "p_b"}},
    "ranking": {"score": "p", "query": "q"},
}
"""What a task needs beside ids, where that is not one score."""


def found(**parts: Any) -> list[str]:
    body = Body.model_validate({**EXAMPLE["spec"], **parts})
    return [f"{format_path(path)}: {message}" for path, message in mistakes(body)]


def slo(**changes: Any) -> dict[str, Any]:
    return {"name": "slo", "metric": "auroc", "at_least": 0.9, "objective": 0.95, **changes}


def test_a_sound_one_has_no_mistakes() -> None:
    assert found(slos=[slo()], labels=LABELS, inference=JOINED) == []


@pytest.mark.parametrize("task", get_args(Task))
def test_every_task_has_metrics(task: str) -> None:
    known = [name for name, metric in JUDGED.items() if task in metric.tasks]
    slos = [{"name": name, "metric": name, JUDGED[name].target: 0.5, "objective": 0.9} for name in known]
    assert known
    inference = {**JOINED, "columns": {"prediction_id": "id", **COLUMNS.get(task, {"score": "p"})}}
    assert found(task=task, slos=slos, labels=LABELS, inference=inference) == []


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"metric": "rmse"}, "metric: must be a metric of binary_classification: auroc, "),
        ({"metric": "aurco"}, "metric: must be a metric of binary_classification: auroc, "),
        ({"at_least": 91}, "at_least: must be between 0 and 1"),
        ({"at_least": None, "at_most": 0.9}, "at_most: must be at_least: higher is better in auroc"),
        ({"metric": "brier_score"}, "at_least: must be at_most: lower is better in brier_score"),
        ({"slice": "90m", "period": "3d"}, "slice: must be a whole multiple of the grain, 1h"),
        ({"period": "30d12h"}, "period: must be a whole multiple of the slice, 24h"),
        ({"over": "rolling", "window": "90m", "slice": "1h"}, "window: must be a whole multiple of the grain, 1h"),
        ({"over": "rolling", "window": "12h"}, "window: must not be shorter than the slice, 24h"),
        (
            {"metric": "drift_share", "at_least": None, "at_most": 0.2, "over": "rolling", "window": "7d"},
            "over: must be cohort: drift_share is told of each slice by itself",
        ),
        (
            {"metric": "freshness", "at_least": None, "at_most": 60, "slice": "8d", "period": "240d"},
            "slice: must not be longer than the longest window, 7d",
        ),
    ],
)
def test_what_cannot_be_judged_is_told(changes: dict[str, Any], mistake: str) -> None:
    [told] = found(slos=[slo(**changes)], labels=LABELS, inference=JOINED)
    assert told.startswith(f"spec.slos[0].{mistake}")


def test_what_the_log_tells_itself_needs_no_labels() -> None:
    target = {"metric": "drift_share", "at_least": None, "at_most": 0.3}
    assert found(slos=[slo(**target)]) == []


def test_a_target_without_bounds_may_be_any_number() -> None:
    target = {"metric": "log_loss", "at_least": None, "at_most": 3}
    assert found(slos=[slo(**target)], labels=LABELS, inference=JOINED) == []
