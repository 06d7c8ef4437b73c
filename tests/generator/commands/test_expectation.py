"""What is expected of an objective: worked out by hand, or held against simulated predictions and labels."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from simulation.objectives import Labels, falls, months

from examples import model
from exporter.spec.model import ModelSpec
from exporter.statistics.labels.performance import Z_95
from exporter.statistics.objectives.laws import Area, Number, Share
from generator.commands.expectation import Assumptions, Case, cases, expectation, page_time, steps

KEPT = {"name": "auroc", "metric": "auroc", "at_least": 0.91, "over": "rolling", "window": "7d", "objective": 0.95}
DEFAULT = Assumptions(rows=(100, 300, 1000, 10_000), width=None, above=None, below=None, effect=1)


def of(**slo: Any) -> ModelSpec:
    return model(slos=[{**KEPT, **slo}]).spec


def daily(**slo: Any) -> ModelSpec:
    return of(over="cohort", window=None, **slo)


def error(target: float, metric: str = "mae", **slo: Any) -> ModelSpec:
    task = {"task": "regression"} if metric in {"mae", "rmse"} else {}
    return model(slos=[{"name": "a", "metric": metric, "at_most": target, "objective": 0.95, **slo}], **task).spec


def text(spec: ModelSpec, assumptions: Assumptions = DEFAULT) -> str:
    console = Console(file=io.StringIO(), width=140, highlight=False)
    for part in expectation(spec, spec.spec.slos[0], assumptions):
        console.print(part)
    printed: str = console.file.getvalue()  # type: ignore[attr-defined]
    return printed


def rows(printed: str, first: str) -> list[list[str]]:
    """The rows of a table that begin with a word, cell by cell."""
    lines = [line for line in printed.splitlines() if line.strip().startswith(first)]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def case(spec: ModelSpec, assumptions: Assumptions = DEFAULT) -> Case:
    return next(cases(spec, spec.spec.slos[0], assumptions))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (of(), (0.02, 0.03)),  # at most these, of a share
        (of(at_least=0.994), (0.0015, 0.002)),
        (of(at_least=0.02, metric="precision"), (0.005, 0.02 / 3)),
        (error(1500), (375, 500)),
        (error(3e-7, "rmse"), (0.75e-7, 1e-7)),
        (error(0.02, "calibration_error"), (0.005, 0.02 / 3)),
        (error(0.6, "log_loss"), (0.15, 0.2)),
    ],
)
def test_steps_are_on_the_scale_of_the_target(spec: ModelSpec, expected: tuple[float, float]) -> None:
    assert steps(spec.spec.slos[0], DEFAULT) == pytest.approx(expected)


def test_given_steps_are_those_of_the_metric() -> None:
    [slo] = error(1500).spec.slos
    assert steps(slo, replace(DEFAULT, above=100, below=7)) == (100, 7)


@pytest.mark.parametrize(
    ("spec", "healthy", "degraded"),
    [
        (of(), "0.93", "0.88"),
        (of(at_least=0.994), "0.9955", "0.992"),
        (error(1500), "1,125", "2,000"),
        (error(2_000_000), "1,500,000", "2,666,667"),
        (error(0.0003, "rmse"), "0.000225", "0.0004"),
    ],
)
def test_values_are_written_as_a_person_writes_them(spec: ModelSpec, healthy: str, degraded: str) -> None:
    printed = text(spec, replace(DEFAULT, width=spec.spec.slos[0].target / 100))
    assert f"chance that a model at {healthy} exhausts the budget in 30d" in printed
    assert f"time until a drop to {degraded} pages" in printed


@pytest.mark.parametrize(
    ("spec", "given"),
    [(of(at_least=0.995), {"above": 0.02}), (error(0), {}), (error(1500), {"above": 1600}), (of(), {"below": 0.92})],
)
def test_values_that_a_metric_cannot_have_are_asked_for(spec: ModelSpec, given: dict[str, float]) -> None:
    assert text(spec, replace(DEFAULT, width=0.01, **given)).strip().startswith("Give --above and --below")


def test_nothing_is_expected_of_values_that_are_known_exactly() -> None:
    fresh = {"name": "fresh", "metric": "freshness", "at_most": 3600, "objective": 0.95}
    coverage = {"name": "coverage", "metric": "label_coverage", "at_least": 0.8, "objective": 0.95}
    for slo in (fresh, coverage):
        assert not text(model(slos=[slo]).spec, replace(DEFAULT, width=60))


def test_the_law_comes_from_the_labels_or_from_the_gauges() -> None:
    [slo] = of().spec.slos
    names = ["100 a week", "300 a week", "1,000 a week", "10,000 a week"]
    assert [each.name for each in cases(of(), slo, DEFAULT)] == names
    assert case(of()).law == Area(pytest.approx(100 / 7))
    assert case(of(metric="recall")).law == Share(pytest.approx(100 / 7))
    given = case(of(), replace(DEFAULT, width=0.02))
    assert given.name == "interval of 0.02"
    assert isinstance(given.law, Number)
    # The week has seven slices: its own standard deviation is 0.01 / 1.96.
    assert given.law.deviation == pytest.approx(0.01 / Z_95 * np.sqrt(7))
    assert given.truths((0.02, 0.03)) == (0.02, -0.03)


def test_a_metric_without_a_known_width_needs_the_flag() -> None:
    spec = error(0.5, "log_loss")
    assert "Give --width" in text(spec)
    assert "chance that a model at 0.375 exhausts the budget" in text(spec, replace(DEFAULT, width=0.01))


def test_the_design_effect_is_printed_and_used() -> None:
    assert "A day's value has 1 times the variance of independent labels" in text(of())
    stormy = text(daily(), replace(DEFAULT, effect=7, rows=(1000,)))
    assert "has 7 times the variance of independent labels" in stormy
    calm = text(daily(), replace(DEFAULT, rows=(1000,)))
    alone, clustered = (rows(each, "1,000")[0][1] for each in (calm, stormy))
    assert alone == "less than 0.1 %"
    assert 0.3 < float(clustered.split()[0]) < 5, "the days' luck is wider, and has a longer tail"


def test_verdicts_on_too_few_labels_are_none() -> None:
    few = rows(text(daily(metric="accuracy")), "100 ")[0]
    assert few == ["100 a week", "none: fewer than thresholds.min_rows (30) in a verdict", "never"]
    assert rows(text(of(metric="accuracy")), "100 ")[0][1] != few[1]


def test_without_a_tier_that_pages_nothing_pages() -> None:
    spec = of(objective=0.5)
    assert page_time(spec, spec.spec.slos[0], case(spec), (0.02, 0.03)) is None


def test_the_time_to_page_has_maturity_the_slice_and_the_evaluation_in_it() -> None:
    spec = daily()
    sharp = case(spec, replace(DEFAULT, width=0.0001))
    # Two bad days, one that had begun, a week of maturity, ten minutes of delay, three refreshes.
    expected = timedelta(days=3 + 7, minutes=10 + 15)
    assert page_time(spec, spec.spec.slos[0], sharp, (0.02, 0.03)) == expected


def test_a_healthy_model_keeps_its_budget_and_one_that_fell_pages_in_time() -> None:
    """Simulated scores and labels, 280 positives a week, give the printed chances; benchmarks/slo.py has more."""
    spec, assumptions, labels = of(), replace(DEFAULT, rows=(280,)), Labels()
    [slo] = spec.spec.slos
    assert np.mean(list(months(slo, 0.93, labels, 60))) < 0.05
    assert rows(text(spec, assumptions), "280")[0][:2] == ["280 a week", "less than 0.1 %"]
    within = page_time(spec, slo, case(spec, assumptions), (0.02, 0.03))
    assert within is not None
    days = (within - timedelta(days=7)) // timedelta(days=1)
    assert np.mean(np.array(list(falls(slo, (0.93, 0.88), labels, 80))) <= days) >= 0.9
