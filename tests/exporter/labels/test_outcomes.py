"""Outcomes: predictions by version, those of them that are known, how long it took, and how good they were."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.labels.evaluation import Evaluation, Lists
from exporter.labels.join import KnownLabels
from exporter.labels.outcomes import Outcome, delay_quantile, outcomes, rejected_rows, segment_outcomes, total
from exporter.labels.predictions import Predictions
from exporter.labels.sums.labelled import Labelled, RegressionErrors
from exporter.labels.sums.ranked import Ranked
from exporter.labels.truths import INVALID
from exporter.labels.validity import Invalid
from exporter.profiles.group import Group, Segment
from exporter.profiles.naming import CodedColumn

SECOND = 1_000_000
V1, V2 = Group("v1"), Group("v2")
EDGES = np.array([0.25, 0.5, 0.75])
BINARY = Evaluation(binary=True, threshold=0.5, edges=EDGES)


def predictions(*scores: float, versions: tuple[int, ...] = (), names: tuple[Group, ...] = (V1,)) -> Predictions:
    rows = len(scores)
    codes = np.array(versions or [0] * rows, np.int8)
    return Predictions(np.arange(rows, dtype=np.uint64), np.array(scores), np.zeros(rows, np.int64), codes, names, {})


def answers(*labels: float | None, after: int = 10, rows: int = 1, disputed: bool = False) -> KnownLabels:
    known = np.array([label is not None for label in labels])
    values = np.array([math.nan if label is None else label for label in labels])
    return KnownLabels(
        values,
        np.where(known, after * SECOND, np.iinfo(np.int64).min),
        (rows * known).astype(np.int32),
        known & disputed,
    )


def test_an_absent_label_is_not_a_negative() -> None:
    found = outcomes(predictions(0.9, 0.9, 0.1), answers(1, None, 0), BINARY)[V1]
    assert (found.rows, found.known) == (3, 2)
    assert isinstance(found.performance, Labelled)
    assert found.performance.confusion.tolist() == [[1, 0], [0, 1]]


def test_versions_have_separate_outcomes() -> None:
    found = outcomes(predictions(0.9, 0.1, 0.6, versions=(0, 1, 1), names=(V1, V2)), answers(1, 1, None), BINARY)
    assert {name: (one.rows, one.known) for name, one in found.items()} == {V1: (1, 1), V2: (2, 1)}


def test_the_operating_threshold_decides_and_belongs_to_the_positives() -> None:
    evaluation = Evaluation(binary=True, threshold=0.9, edges=EDGES)
    found = outcomes(predictions(0.9, 0.89), answers(1, 1), evaluation)[V1].performance
    assert isinstance(found, Labelled)
    assert found.confusion.tolist() == [[0, 0], [1, 1]]


def test_of_a_number_the_errors_are_summed() -> None:
    evaluation = Evaluation(binary=False, threshold=0.5, edges=None)
    found = outcomes(predictions(1.0, 5.0, 7.0), answers(4, 3, None), evaluation)[V1].performance
    assert isinstance(found, RegressionErrors)
    assert (found.rows, found.squared_errors.values, found.absolute_errors.values) == (2, 13, 5)


def test_scores_that_are_no_probabilities_are_not_judged_where_the_threshold_is_one() -> None:
    found = outcomes(predictions(1.5, -0.1, 1.0, 9.0), answers(1, 1, 1, None), BINARY)[V1]
    assert (found.known, found.labelled, found.improper, found.invalid) == (1, 3, 0, Invalid(0, 2, 1))
    assert found.withheld
    assert found.delays.sum() == 3, "their labels came all the same"


@pytest.mark.parametrize("threshold", [-0.5, 0.0, 1.5, 50.0])
def test_scores_on_a_scale_of_their_own_are_judged_but_are_no_probabilities(threshold: float) -> None:
    evaluation = Evaluation(binary=True, threshold=threshold, edges=EDGES)
    found = outcomes(predictions(1.5, -0.1, 1.0, 9.0), answers(1, 1, 1, None), evaluation)[V1]
    assert (found.known, found.improper, found.invalid, found.withheld) == (3, 2, Invalid(), False)


@pytest.mark.parametrize(
    "evaluation",
    [BINARY, Evaluation(binary=False, threshold=0.5, edges=EDGES)],
    ids=["binary", "regression"],
)
def test_an_invalid_label_is_not_judged_and_is_counted(evaluation: Evaluation) -> None:
    made, given = predictions(0.9, 0.1, 0.6), answers(1, INVALID, 0, after=5)
    found = outcomes(made, given, evaluation)[V1]
    assert (found.rows, found.known, found.labelled, found.invalid) == (3, 2, 2, Invalid(labels=1))
    assert found.delays.sum() == 2
    assert found.withheld
    assert found.by_score is not None
    assert (found.by_score.made.sum(), found.by_score.known.sum()) == (3, 2)
    assert (found + found).invalid == Invalid(labels=2)
    assert rejected_rows(made, answers(1, INVALID, None, after=-5))["before_prediction"] == 1


def test_a_segment_has_invalid_rows_of_its_own() -> None:
    made = replace(predictions(0.9, 0.1), segments={"c": CodedColumn(np.array([0, 1], np.int16), ("1.0", "x"))})
    evaluation = Evaluation(binary=True, threshold=0.5, edges=EDGES, segments={"c": ("1", "x", "gone")})
    found = segment_outcomes(made, answers(INVALID, 1), evaluation)
    assert {group.segment.value: (each.known, each.invalid.labels) for group, each in found.items()} == {
        "1": (0, 1),
        "x": (1, 0),
    }


def test_an_item_with_an_invalid_label_is_not_one_without() -> None:
    made = replace(predictions(0.9, 0.1), queries=np.array([7, 7], np.uint64))
    lists = Evaluation(binary=False, threshold=0.5, edges=None, lists=Lists(None, 0.0))
    judged = outcomes(made, answers(1, None), lists)[V1].performance
    unknown = outcomes(made, answers(1, INVALID), lists)[V1].performance
    assert isinstance(judged, Ranked)
    assert isinstance(unknown, Ranked)
    assert (judged.lists, unknown.lists) == (1, 0)


def test_without_bins_of_the_score_there_is_no_performance_but_coverage() -> None:
    found = outcomes(predictions(0.5), answers(1), Evaluation(binary=True, threshold=0.5, edges=None))[V1]
    assert (found.known, found.performance) == (1, None)
    assert (found + found).performance is None


def test_rejected_rows_are_counted_by_reason() -> None:
    three = predictions(0.1, 0.2, 0.3)
    assert rejected_rows(three, answers(1, None, 0, rows=3)) == {"duplicate": 4, "corrected": 0, "before_prediction": 0}
    assert rejected_rows(three, answers(1, None, 0, rows=2, disputed=True))["corrected"] == 2
    early = answers(1, None, 0, after=-10)
    assert rejected_rows(three, early)["before_prediction"] == 2
    assert outcomes(three, early, BINARY)[V1].delays.sum() == 0


@pytest.mark.parametrize(("seconds", "told"), [(60, 60), (86_400, 86_400), (0, 1), (10**10, 10 * 365 * 86_400)])
def test_a_delay_is_within_a_hundredth_from_a_second_to_ten_years(seconds: int, told: float) -> None:
    found = outcomes(predictions(0.5, 0.5), answers(1, 1, after=seconds), BINARY)[V1]
    assert delay_quantile(found.delays, 0.5) == pytest.approx(told, rel=0.0105)


@given(st.lists(st.integers(2, 10**6), min_size=1, max_size=40), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_quantiles_of_delays_are_those_of_the_sorted_delays(waits: list[int], q: float) -> None:
    rows = len(waits)
    known = KnownLabels(np.ones(rows), np.array(waits) * SECOND, np.ones(rows, np.int32), np.zeros(rows, bool))
    found = outcomes(predictions(*[0.5] * rows), known, BINARY)[V1]
    exact = sorted(waits)[math.ceil(round(q * rows, 9)) - 1]
    assert delay_quantile(found.delays, q) == pytest.approx(exact, rel=0.0105)


def test_no_labels_have_no_delay() -> None:
    assert math.isnan(delay_quantile(outcomes(predictions(0.5), answers(None), BINARY)[V1].delays, 0.5))


def test_partitions_add_up_by_version() -> None:
    one = outcomes(predictions(0.9, 0.1), answers(1, 0), BINARY)
    two = outcomes(predictions(0.4, names=(V2,)), answers(1), BINARY)
    summed = total([one, two, one])
    assert {name: (each.rows, each.known) for name, each in summed.items()} == {V1: (4, 4), V2: (1, 1)}
    assert isinstance(performance := summed[V1].performance, Labelled)
    assert performance.confusion.tolist() == [[2, 0], [0, 2]]
    assert total([]) == {}


def test_by_score_counts_all_predictions_and_the_errors_of_labelled_ones() -> None:
    found = outcomes(predictions(0.9, 0.9, 0.1), answers(1, None, 0), BINARY)[V1].by_score
    assert found is not None
    assert (found.made.tolist(), found.known.tolist(), found.labels.tolist()) == (
        [1, 0, 0, 2],
        [1, 0, 0, 1],
        [0, 0, 0, 1],
    )
    whole = total([outcomes(predictions(0.9), answers(1), BINARY)] * 3)[V1].by_score
    assert whole is not None
    assert whole.made.tolist() == [0, 0, 0, 3]


def test_without_bins_there_is_no_by_score() -> None:
    blind = outcomes(predictions(1.0), answers(4), Evaluation(binary=False, threshold=0.5, edges=None))[V1]
    assert blind.by_score is None
    assert (blind + blind).by_score is None


def test_scores_near_the_label_are_counted_for_each_tolerance() -> None:
    evaluation = Evaluation(binary=False, threshold=0.5, edges=None, tolerances=(0.5, 2.0))
    found = outcomes(predictions(1.0, 2.5, 7.0, 4.0), answers(1, 2, 9.5, None), evaluation)[V1]
    assert found.near.tolist() == [2, 2]
    assert (found + found).near.tolist() == [4, 4]


def test_labels_within_a_time_are_counted_without_later_ones() -> None:
    soon = outcomes(predictions(0.5, 0.5), answers(1, 0, after=60), BINARY)[V1]
    late = outcomes(predictions(0.5, 0.5), answers(1, None, after=7200), BINARY)[V1]
    early = outcomes(predictions(0.5), answers(1, after=-60), BINARY)[V1]
    assert [each.labelled_within(3600) for each in (soon, late, early, soon + late)] == [2, 0, 1, 2]


# ------------------------------------------------------------------------------------------------ segments

BY_PLAN = replace(BINARY, segments={"plan": ("free", "paid")})


def on_plans(made: Predictions, *plans: str | None) -> Predictions:
    names = tuple(sorted({plan for plan in plans if plan is not None}))
    codes = [-1 if plan is None else names.index(plan) for plan in plans]
    return replace(made, segments={"plan": CodedColumn(np.array(codes, np.int16), names)})


def same(one: Outcome, two: Outcome) -> bool:
    """All fields that a segment has are the same."""
    told = [(each.rows, each.known, each.improper, each.performance) for each in (one, two)]
    return pickle.dumps(told[0]) == pickle.dumps(told[1])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.sampled_from([0.0, 1.0, None]),
            st.sampled_from(["free", "paid", "gone", None]),
            st.sampled_from([0, 1, 2]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_a_segment_is_evaluated_like_its_rows_alone(
    rows: list[tuple[int, float | None, str | None, int]],
) -> None:
    names = (V1, Group("v1", "challenger"), V2)

    def judged(chosen: list[tuple[int, float | None, str | None, int]]) -> tuple[Predictions, KnownLabels]:
        made = predictions(*(score / 4 for score, *_ in chosen), names=names)
        made = replace(made, groups=np.array([group for *_, group in chosen], np.int8))
        return on_plans(made, *(plan for _, _, plan, _ in chosen)), answers(*(label for _, label, *_ in chosen))

    found = segment_outcomes(*judged(rows), BY_PLAN)
    alone = {
        names[group].within(Segment("plan", plan)): outcomes(
            *judged([row for row in rows if row[2:] == (plan, group)]), BINARY
        )[names[group]]
        for plan in ("free", "paid")
        for group in range(3)
        if any(row[2:] == (plan, group) for row in rows)
    }
    assert found.keys() == alone.keys()
    assert all(same(found[group], alone[group]) for group in found)


def test_segments_add_up_and_only_those_of_the_evaluation_have_outcomes() -> None:
    made, known = on_plans(predictions(0.9, 0.1, 0.6), "free", "paid", None), answers(1, 0, 1)
    free = V1.within(Segment("plan", "free"))
    summed = total([segment_outcomes(made, known, BY_PLAN)] * 2)
    assert {group.segment.value: outcome.rows for group, outcome in summed.items()} == {"free": 2, "paid": 2}
    assert summed[free].by_score is None
    assert segment_outcomes(made, known, BINARY) == {}


def test_a_segment_has_only_lists_whose_rows_are_all_in_it() -> None:
    made = replace(predictions(0.9, 0.1, 0.9, 0.1), queries=np.array([7, 7, 8, 8], np.uint64))
    evaluation = replace(BY_PLAN, binary=False, edges=None, lists=Lists(None, None))
    found = segment_outcomes(on_plans(made, "free", "free", "free", "paid"), answers(0, 1, 1, 0), evaluation)
    free, paid = (found[V1.within(Segment("plan", plan))] for plan in ("free", "paid"))
    assert (free.rows, paid.rows) == (3, 1)
    assert isinstance(free.performance, Ranked)
    assert isinstance(paid.performance, Ranked)
    assert (free.performance.lists, paid.performance.lists, paid.performance.single) == (1, 0, 0)
