from __future__ import annotations

from typing import Any

import pytest

from examples import model
from exporter.spec.sections.slo import Slo
from generator.objectives import objective_sentence, objectives

AUROC = {"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "auroc is at least 0.91 in 95 % of slices of 24h"),
        ({"objective": 0.995, "slice": "1h"}, "auroc is at least 0.91 in 99.5 % of slices of 1h"),
        (
            {"over": "rolling", "window": "7d"},
            "auroc is at least 0.91 (over the 7d that end with the slice) in 95 % of slices of 24h",
        ),
        ({"metric": "rmse", "at_least": None, "at_most": 3}, "rmse is at most 3 in 95 % of slices of 24h"),
        (
            {"metric": "within_tolerance", "at_least": None, "tolerance": 0.5},
            "95 % of predictions are within 0.5 of their label",
        ),
    ],
)
def test_an_objective_as_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert objective_sentence(Slo.model_validate({**AUROC, **changes})) == sentence


def test_numbers_are_exact_text() -> None:
    [objective] = objectives(model(slos=[{**AUROC, "objective": 0.9}]).spec)
    assert objective["fast"] == [{"factor": "6", "long": "48h", "short": "24h", "above": "6.75", "formatted": "6.75"}]
    assert [tier["factor"] for tier in objective["slow"]] == ["3", "1"]
    assert objective["period"] == "30d"


def test_only_what_is_evaluated_has_rules() -> None:
    assert objectives(model(slos=[AUROC], labels=None).spec) == []
    drift = {"name": "drift", "metric": "drift_share", "at_most": 0.3, "objective": 0.9}
    assert [objective["name"] for objective in objectives(model(slos=[AUROC, drift], labels=None).spec)] == ["drift"]
