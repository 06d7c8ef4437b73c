from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from examples import model
from exporter.catalogue import ERROR_BUDGET_BURN_FAST, ERROR_BUDGET_BURN_SLOW
from exporter.spec.sections.slo import Slo
from exporter.statistics.objectives.slo import slices_to_fire
from generator.proof.slo_cases import slo_cases, tick

AUROC = {"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95}


def slo(**changes: Any) -> Slo:
    return Slo.model_validate({**AUROC, **changes})


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("1d", timedelta(hours=1)),
        ("1h", timedelta(minutes=10)),
        ("15m", timedelta(minutes=1)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_a_slice_has_whole_evaluations(length: str, expected: timedelta) -> None:
    assert tick(slo(slice=length)) == expected


@pytest.mark.parametrize("changes", [{}, {"objective": 0.9}, {"objective": 0.995, "slice": "1h"}])
def test_the_condition_holds_from_the_slice_that_is_predicted_on(changes: dict[str, Any]) -> None:
    given = slo(**changes)
    cases = slo_cases(model(slos=[{**AUROC, **changes}]).spec)["ranking"]
    ticks = given.slice // tick(given)
    for alert, tiers in ((ERROR_BUDGET_BURN_FAST, given.fast()), (ERROR_BUDGET_BURN_SLOW, given.slow())):
        outage = next(case for case in cases if case["alert"] == alert.key)
        needed = min(slices_to_fire(one, given.ratio) or 999 for one in tiers)
        assert [run["fires"] for run in outage["runs"]] == [False, True, False]
        assert outage["runs"][0]["ticks"] == (2 + needed - 1) * ticks  # two good slices, and the bad ones before


def test_spans_and_runs_last_equally_long() -> None:
    for case in slo_cases(model().spec)["ranking"]:
        assert sum(span["ticks"] for span in case["spans"]) == sum(run["ticks"] for run in case["runs"])


def test_the_exporter_is_away_for_an_hour() -> None:
    away = [case for case in slo_cases(model().spec)["ranking"] if "away" in case["title"]]
    for case in away:
        gone = [span["ticks"] for span in case["spans"] if None in span["rates"].values()]
        assert gone == [1, 1], "an hour on a good day, and one while it fires"


def test_what_is_not_evaluated_has_no_stories() -> None:
    assert slo_cases(model(labels=None).spec) == {}
