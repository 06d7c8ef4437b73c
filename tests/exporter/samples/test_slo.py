"""Samples of objectives: slices good, bad and unknown, late labels, promotions, counted predictions and coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.evaluation import Evaluation
from exporter.labels.join import KnownLabels
from exporter.labels.outcomes import Outcome, outcomes
from exporter.labels.predictions import Predictions
from exporter.profiles.group import Group
from exporter.profiles.times import NO_TIME
from exporter.samples.labels.outcome_sums import Outcomes, OutcomeSums
from exporter.samples.slo import evaluated_slices, look_back, slo_samples, tolerances
from exporter.spec.model import ModelSpec
from exporter.statistics.objectives.slo import Verdict, budget_remaining, slice_tally
from fraud_log import labelled_spec_document

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = datetime(2026, 11, 22, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
EDGES = np.array([0.25, 0.5, 0.75])
ROWS = 40
AUROC = {"name": "auroc", "metric": "auroc", "at_least": 0.8, "objective": 0.9, "period": "20d"}


def spec(*slos: Mapping[str, Any], **body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(windows=["24h"], slos=slos or [AUROC], **body))


def hour(
    model: ModelSpec, right: float, *, version: str = "v1", role: str = "", known: float = 1.0, waited: int = 60
) -> Outcomes:
    """An hour of predictions of which a share is right, and a share has a label, after so many seconds."""
    rows = np.arange(ROWS)
    truth = rows % 2
    scores = np.where(rows < right * ROWS, 0.1 + 0.8 * truth, 0.9 - 0.8 * truth)
    there = rows < known * ROWS
    made = Predictions(
        rows.astype(np.uint64), scores, np.zeros(ROWS, np.int64), np.zeros(ROWS, np.int8), (Group(version, role),), {}
    )
    when = np.where(there, waited * 1_000_000, NO_TIME)
    answers = KnownLabels(np.where(there, truth, np.nan), when, there.astype(np.int32), np.zeros(ROWS, bool))
    return outcomes(made, answers, Evaluation(True, 0.5, EDGES, tolerances=tolerances(model.spec)))


def days(model: ModelSpec, shares: list[float | None], **more: Any) -> dict[datetime, Outcomes]:
    """Whole days before the last midnight, the newest last, each with the share of its predictions that is right."""
    first = MIDNIGHT - len(shares) * DAY
    return {
        first + day * DAY + index * 6 * HOUR: hour(model, share, **more)
        for day, share in enumerate(shares)
        if share is not None
        for index in range(4)
    }


def _sums(model: ModelSpec, hours: Mapping[datetime, Outcomes]) -> OutcomeSums:
    return OutcomeSums(model.spec.inference.grain, hours)


def gauges(model: ModelSpec, hours: Mapping[datetime, Outcomes]) -> dict[tuple[Metric, tuple[str, ...]], float]:
    return {(one.metric, one.labels[1:]): one.value for one in slo_samples(model, _sums(model, hours), END)}


def verdicts(model: ModelSpec, hours: Mapping[datetime, Outcomes]) -> str:
    """A letter for each slice: good, bad or unknown."""
    tallies = [each.tally for each in evaluated_slices(model, model.spec.slos[0], _sums(model, hours), END)]
    return "".join("u" if tally is None or not tally.known else "gb"[tally.bad] for tally in tallies)


def test_every_day_of_the_period_is_good_bad_or_unknown() -> None:
    model = spec()
    assert verdicts(model, days(model, [1, 1, 0.4, None, 1, 0.5])) == "u" * 14 + "ggbugb"


def test_the_samples_of_an_objective() -> None:
    model = spec()
    found = gauges(model, days(model, [1, 0.4, 1, 0.5]))
    budget = {
        (catalogue.SLO_TARGET, ("auroc",)): 0.8,
        (catalogue.SLO_OBJECTIVE_RATIO, ("auroc",)): 0.9,
        (catalogue.SLO_GOOD, ("v1", "auroc")): 0,
        (catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)): 0,  # two of twenty days may be bad
        (catalogue.SLO_ERROR_BUDGET_REMAINING_SECONDS, ("auroc",)): 0,
        (catalogue.SLO_BURN_RATE, ("auroc", "24h")): 10,
        (catalogue.SLO_BURN_RATE, ("auroc", "48h")): 5,
        (catalogue.SLO_BURN_RATE, ("auroc", "4d")): 5,
        (catalogue.SLO_BURN_RATE, ("auroc", "10d")): 2,
        (catalogue.SLO_SLICES, ("v1", "auroc", "20d")): 4,
        (catalogue.SLO_BAD_SLICES, ("v1", "auroc", "20d")): 2,
        (catalogue.SLO_SLICES, ("v1", "auroc", "48h")): 2,
        (catalogue.SLO_BAD_SLICES, ("v1", "auroc", "48h")): 1,
    }
    assert {key: found[key] for key in budget} == budget
    assert found[catalogue.SLO_SLI, ("v1", "auroc")] == pytest.approx(0.5, abs=0.05)


def test_without_known_slices_there_is_only_the_objective() -> None:
    model = spec()
    assert {metric for metric, _ in gauges(model, {})} == {catalogue.SLO_TARGET, catalogue.SLO_OBJECTIVE_RATIO}
    too_few = days(model, [1] * 5, known=0.1)
    assert {metric for metric, _ in gauges(model, too_few)} == {catalogue.SLO_TARGET, catalogue.SLO_OBJECTIVE_RATIO}


def test_a_day_without_enough_labels_is_unknown_and_not_good() -> None:
    model = spec()
    hours = days(model, [1, 1]) | {MIDNIGHT - HOUR: hour(model, 1, known=0.1)}
    for start in [start for start in hours if MIDNIGHT - DAY <= start < MIDNIGHT - HOUR]:
        del hours[start]
    found = gauges(model, hours)
    assert (catalogue.SLO_GOOD, ("v1", "auroc")) not in found
    assert (catalogue.SLO_BURN_RATE, ("auroc", "24h")) not in found
    assert found[catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)] == 1


def test_the_current_day_is_not_evaluated_yet() -> None:
    model = spec()
    hours = days(model, [1] * 3)
    assert gauges(model, hours | {MIDNIGHT + HOUR: hour(model, 0)}) == gauges(model, hours)


def test_late_labels_correct_the_past_in_both_directions() -> None:
    model = spec()
    waiting = days(model, [1, 1, 1])
    key = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)
    assert gauges(model, waiting)[key] == 1
    first = {start for start in waiting if start < MIDNIGHT - 2 * DAY}
    worse = waiting | {start: hour(model, 0.2) for start in first}
    assert gauges(model, worse)[key] == 0.5
    assert gauges(model, worse | {start: hour(model, 0.9) for start in first})[key] == 1


def test_a_bad_day_stays_in_a_rolling_window_for_its_length() -> None:
    model = spec({**AUROC, "over": "rolling", "window": "7d", "at_least": 0.95})
    shares: list[float | None] = [1.0] * 8 + [0.0] + [1.0] * 11
    assert verdicts(model, days(model, shares)) == "g" * 8 + "b" * 7 + "g" * 5


def test_a_rolling_window_needs_days_before_the_period() -> None:
    model = spec({**AUROC, "over": "rolling", "window": "7d", "at_least": 0.95})
    assert look_back(model.spec) == 28 * DAY
    shares: list[float | None] = [1.0] * 3 + [0.0] + [1.0] * 21
    assert verdicts(model, days(model, shares)) == "b" * 5 + "g" * 15, "the bad day is the second before the period"


def test_the_period_continues_after_a_promotion() -> None:
    model = spec()
    old, new = days(model, [0.4, 1, None, None]), days(model, [1, 1], version="v2")
    found = gauges(model, old | new)
    assert found[catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)] == 0.5
    assert found[catalogue.SLO_BAD_SLICES, ("v1", "auroc", "20d")] == 1
    assert found[catalogue.SLO_BAD_SLICES, ("v2", "auroc", "20d")] == 0
    assert (catalogue.SLO_SLI, ("v1", "auroc")) not in found


def test_the_version_with_most_predictions_counts_and_every_version_is_exposed() -> None:
    model = spec()
    both = {
        start: {**hour(model, 1), **({} if index % 4 else hour(model, 0, version="v2"))}
        for index, start in enumerate(days(model, [1, 1]))
    }
    found = gauges(model, both)
    assert found[catalogue.SLO_GOOD, ("v1", "auroc")] == 1
    assert found[catalogue.SLO_SLI, ("v2", "auroc")] == pytest.approx(0, abs=0.02)
    assert found[catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)] == 1


def test_a_challenger_does_not_count_for_an_objective() -> None:
    model = spec()
    champion = days(model, [1, 0.4, 1], role="champion")
    alone = gauges(model, champion)
    for right in (0, 1):
        shadow = days(model, [right] * 3, role="challenger", version="v2")
        both = {start: {**champion[start], **shadow[start]} for start in champion}
        assert gauges(model, both) == alone
    assert gauges(model, days(model, [0, 0], role="challenger")) == gauges(model, {})


def test_a_version_counts_with_all_the_roles_in_which_it_serves() -> None:
    model = spec()
    roles = [days(model, [1, 1], role=role) for role in ("canary", "champion")]
    both = {start: {**roles[0][start], **roles[1][start]} for start in roles[0]}
    assert gauges(model, both) == gauges(model, days(model, [1, 1]))
    halves = [days(model, [share], role=role) for share, role in ((0.4, "canary"), (1, "champion"))]
    mixed = {start: {**halves[0][start], **halves[1][start]} for start in halves[0]}
    worse, better = (gauges(model, one)[catalogue.SLO_SLI, ("v1", "auroc")] for one in halves)
    assert worse < gauges(model, mixed)[catalogue.SLO_SLI, ("v1", "auroc")] < better


class TestKinds:
    NEAR: Mapping[str, Any] = {
        "name": "near",
        "metric": "within_tolerance",
        "tolerance": 0.2,
        "objective": 0.9,
        "period": "20d",
        "slice": "1h",
    }

    def test_predictions_within_tolerance_are_counted(self) -> None:
        model = spec(self.NEAR)
        found = gauges(model, days(model, [1, 0.75]))
        assert found[catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("near",)] == float(1 - Fraction(40, 320) * 10)
        assert found[catalogue.SLO_BURN_RATE, ("near", "48h")] == float(Fraction(40, 240) * 10), "two hours are older"
        assert not any(metric in {catalogue.SLO_SLICES, catalogue.SLO_GOOD} for metric, _ in found)

    def test_few_predictions_have_no_burn_rate(self) -> None:
        model = spec(self.NEAR, thresholds={"min_rows": 100})
        hours = {MIDNIGHT + 9 * HOUR: hour(model, 0)} | days(model, [1, 1])
        found = gauges(model, hours)
        assert (catalogue.SLO_BURN_RATE, ("near", "1h")) not in found
        assert found[catalogue.SLO_SLI, ("v1", "near")] == 0

    def test_coverage_counts_labels_that_arrive_in_time(self) -> None:
        model = spec({"name": "labels", "metric": "label_coverage", "at_least": 0.9, "objective": 0.9, "period": "20d"})
        late = days(model, [1, 1, 1], waited=7200) | days(model, [1], known=0.5) | days(model, [1, None, None, None])
        assert verdicts(model, late) == "u" * 16 + "gbbb"

    def test_a_calibration_error_is_bad_only_above_its_noise(self) -> None:
        poor = {"name": "ece", "metric": "calibration_error", "at_most": 0.05, "objective": 0.9, "period": "20d"}
        assert verdicts(spec(poor), days(spec(poor), [0.9, 0.4])) == "u" * 18 + "gb"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([1.0, 0.2, None]), min_size=1, max_size=25))
def test_the_budget_follows_from_the_verdicts(shares: list[float | None]) -> None:
    model = spec()
    known = {1.0: Verdict.GOOD, 0.2: Verdict.BAD, None: Verdict.UNKNOWN}
    tallies = [slice_tally(known[share]) for share in [*[None] * 20, *shares][-20:]]
    remaining = budget_remaining(tallies, Fraction(9, 10))
    found = gauges(model, days(model, shares)).get((catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, ("auroc",)), math.nan)
    assert found == (pytest.approx(math.nan, nan_ok=True) if remaining is None else float(remaining))


def test_an_outcome_without_tolerances_has_none() -> None:
    [one] = hour(spec(), 1).values()
    assert isinstance(one, Outcome)
    assert one.near.tolist() == []
