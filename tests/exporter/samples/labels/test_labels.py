"""Samples of labels and performance: the oracle is scikit-learn on the same rows; unknown values are absent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.evaluation import Classes, Evaluation, Lists
from exporter.labels.join import KnownLabels
from exporter.labels.outcomes import Outcome, outcomes
from exporter.labels.predictions import Predictions
from exporter.labels.truths import INVALID
from exporter.profiles.group import Group, Segment
from exporter.profiles.times import NO_TIME
from exporter.samples.labels.labels import REJECTED_ROWS, MatureWindow, label_samples
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from fraud_log import labelled_spec_document
from profiling import quantile_bins

Floats = npt.NDArray[np.float64]

END = datetime(2026, 11, 22, 10, tzinfo=UTC)
THRESHOLD = 0.3
V = Group("v")
ROWS = 4000
COVERAGE = {catalogue.LABEL_ROWS, catalogue.LABEL_COVERAGE_RATIO, catalogue.LABEL_COVERAGE_RATIO_THRESHOLD}


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(**{"windows": ["24h"], **body}))


def of(
    scores: Floats,
    labels: Floats,
    *,
    binary: bool = True,
    bins: bool = True,
    edges: Floats | None = None,
    threshold: float = THRESHOLD,
) -> Outcome:
    """The outcomes of predictions; a label of NaN is missing. The labels arrived after a minute."""
    known, rows = ~np.isnan(labels), len(scores)
    made = Predictions(
        np.arange(rows, dtype=np.uint64), scores, np.zeros(rows, np.int64), np.zeros(rows, np.int8), (V,), {}
    )
    when = np.where(known, 60_000_000, NO_TIME)
    answers = KnownLabels(labels, when, known.astype(np.int32), np.zeros(rows, bool))
    if bins and edges is None:
        edges = quantile_bins(scores).edges
    evaluation = Evaluation(binary, threshold, edges)
    return outcomes(made, answers, evaluation)[V]


def gauges(outcome: Outcome, model: ModelSpec | None = None) -> dict[Metric, float]:
    window = MatureWindow("24h", END, {V: outcome})
    samples = label_samples(model or spec(), [window], {})
    return {one.metric: one.value for one in samples if one.labels == ("fraud", "v", "24h", "", "")}


@pytest.fixture(scope="module")
def truth() -> tuple[Floats, Floats]:
    """Scores that are true probabilities, and the labels, of which a tenth is missing."""
    random = np.random.default_rng(7)
    scores = random.beta(1, 4, ROWS)
    labels = (random.random(ROWS) < scores).astype(np.float64)
    return scores, np.where(random.random(ROWS) < 0.1, np.nan, labels)


def test_the_calibration_error_follows_from_the_reliability_diagram(truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    window = MatureWindow("24h", END, {V: of(scores, labels)})
    values: dict[Metric, dict[str, float]] = {}
    for sample in label_samples(spec(), [window], {}):
        if catalogue.BIN in sample.metric.labels:
            values.setdefault(sample.metric, {})[sample.labels[2]] = sample.value
    predicted, observed, rows = (
        np.array(list(values[metric].values()))
        for metric in (
            catalogue.CALIBRATION_BIN_PREDICTED_RATIO,
            catalogue.CALIBRATION_BIN_OBSERVED_RATIO,
            catalogue.CALIBRATION_BIN_ROWS,
        )
    )
    assert list(values[catalogue.CALIBRATION_BIN_ROWS]) == [f"{number:02}" for number in range(1, 11)]
    known = np.isfinite(labels)
    assert rows.sum() == known.sum()
    assert rows @ observed == pytest.approx(labels[known].sum())
    assert rows @ predicted == pytest.approx(scores[known].sum())
    gaps, found = np.abs(predicted - observed), gauges(of(scores, labels))
    assert rows @ gaps / rows.sum() == pytest.approx(found[catalogue.CALIBRATION_ERROR])
    assert gaps.max() == pytest.approx(found[catalogue.CALIBRATION_ERROR_MAX])


@pytest.mark.parametrize("case", ["few labels", "no probabilities"])
def test_without_a_calibration_error_there_is_no_diagram(case: str, truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    outcome = of(scores[:5], labels[:5]) if case == "few labels" else of(scores * 3, labels, threshold=2)
    samples = list(label_samples(spec(), [MatureWindow("24h", END, {V: outcome})], {}))
    assert samples
    assert all(catalogue.BIN not in sample.metric.labels for sample in samples)


def test_the_performance_of_a_classifier_is_that_of_scikit_learn(truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    known = np.isfinite(labels)
    y, p = labels[known], scores[known]
    found, decided = gauges(of(scores, labels)), p >= THRESHOLD
    exact: Mapping[Metric, float] = {
        catalogue.F1_SCORE: metrics.f1_score(y, decided),
        catalogue.PRECISION: metrics.precision_score(y, decided),
        catalogue.RECALL: metrics.recall_score(y, decided),
        catalogue.ACCURACY: metrics.accuracy_score(y, decided),
        catalogue.LOG_LOSS: metrics.log_loss(y, p),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(y, p),
    }
    assert {metric: found[metric] for metric in exact} == pytest.approx(exact, rel=1e-12)
    assert found[catalogue.AUROC] == pytest.approx(metrics.roc_auc_score(y, p), abs=0.0005)
    for metric in (*exact, catalogue.AUROC):
        lower, upper = metric.interval()
        assert found[lower] < found[metric] < found[upper]
    assert (found[catalogue.LABEL_ROWS], found[catalogue.LABEL_COVERAGE_RATIO]) == (known.sum(), known.mean())


def test_scores_that_are_true_probabilities_are_within_the_calibration_band(truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    found = gauges(of(scores, labels), spec(thresholds={"calibration_error": 0}))
    assert 0 < found[catalogue.CALIBRATION_ERROR] < found[catalogue.CALIBRATION_ERROR_THRESHOLD] < 0.05
    off = gauges(of(scores**0.5, labels))
    assert off[catalogue.CALIBRATION_ERROR] > 5 * off[catalogue.CALIBRATION_ERROR_THRESHOLD]
    assert off[catalogue.CALIBRATION_ERROR_DEBIASED] > 0.1


def test_the_calibration_threshold_is_the_floor_where_the_noise_is_smaller(truth: tuple[Floats, Floats]) -> None:
    limits = {"calibration_error": {"floor": 0.5, "weekdays": {"sunday": 0.25}}}
    assert gauges(of(*truth), spec(thresholds=limits))[catalogue.CALIBRATION_ERROR_THRESHOLD] == 0.25


def test_a_regression_has_only_its_errors() -> None:
    random = np.random.default_rng(1)
    predictions, truths = random.normal(size=500), random.normal(size=500)
    found = gauges(of(predictions, truths, binary=False))
    assert found[catalogue.RMSE] == pytest.approx(metrics.root_mean_squared_error(truths, predictions))
    assert found[catalogue.MAE] == pytest.approx(metrics.mean_absolute_error(truths, predictions))
    assert set(found) == {
        *COVERAGE,
        *(each for metric in (catalogue.RMSE, catalogue.MAE) for each in (metric, *metric.interval())),
    }


def test_scores_that_are_not_probabilities_have_an_auroc_and_no_calibration(truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    found = gauges(of(10 * scores, labels, threshold=3))
    assert catalogue.AUROC in found
    assert found.keys().isdisjoint({catalogue.LOG_LOSS, catalogue.BRIER_SCORE, catalogue.CALIBRATION_ERROR})


def test_with_more_than_one_invalid_label_in_a_hundred_performance_is_withheld(truth: tuple[Floats, Floats]) -> None:
    """By hand: of 4,000 labels, 40 are few."""
    scores, labels = truth[0], np.where(np.isnan(truth[1]), 0.0, truth[1])
    few, many = (of(scores, np.where(np.arange(ROWS) < number, INVALID, labels)) for number in (40, 41))
    assert gauges(few).keys() > COVERAGE
    assert set(gauges(many)) == COVERAGE
    assert gauges(many)[catalogue.LABEL_COVERAGE_RATIO] == pytest.approx(1 - 41 / ROWS)
    samples = list(label_samples(spec(), [MatureWindow("24h", END, {V: many})], {}))
    assert all(catalogue.BIN not in sample.metric.labels for sample in samples)
    found = {sample.metric: sample.value for sample in samples}
    assert found[catalogue.LABEL_INVALID_RATIO] == pytest.approx(41 / ROWS)
    assert found[catalogue.LABEL_INVALID_RATIO_THRESHOLD] == 0.01


def test_few_labels_have_no_threshold_of_invalid_ones_and_none_have_no_share(truth: tuple[Floats, Floats]) -> None:
    few = of(truth[0][:20], np.full(20, INVALID))
    none = of(truth[0][:20], np.full(20, np.nan))
    for outcome, expected in ((few, {catalogue.LABEL_INVALID_RATIO: 1.0}), (none, {})):
        samples = label_samples(spec(), [MatureWindow("24h", END, {V: outcome})], {})
        invalid = {catalogue.LABEL_INVALID_RATIO, catalogue.LABEL_INVALID_RATIO_THRESHOLD}
        assert {one.metric: one.value for one in samples if one.metric in invalid} == expected


def test_too_few_labels_have_only_coverage(truth: tuple[Floats, Floats]) -> None:
    scores, labels = truth
    few = of(scores, np.where(np.arange(ROWS) < 30, labels, np.nan))
    assert set(gauges(few)) == COVERAGE
    none = gauges(of(scores, np.full(ROWS, np.nan)))
    assert set(none) == COVERAGE
    assert none[catalogue.LABEL_ROWS] == none[catalogue.LABEL_COVERAGE_RATIO] == 0


def test_the_threshold_of_coverage_allows_for_chance(truth: tuple[Floats, Floats]) -> None:
    found = gauges(of(*truth), spec(thresholds={"label_coverage": 0.9, "false_positive_rate": 0.01}))
    level = stats.binom.ppf(0.01, ROWS, 0.9) / ROWS
    assert found[catalogue.LABEL_COVERAGE_RATIO_THRESHOLD] == pytest.approx(level)
    few = gauges(of(truth[0][:50], truth[1][:50]), spec(thresholds={"label_coverage": 0.9}))
    assert few[catalogue.LABEL_COVERAGE_RATIO_THRESHOLD] < level


def test_without_bins_of_the_score_there_is_only_coverage(truth: tuple[Floats, Floats]) -> None:
    assert set(gauges(of(*truth, bins=False))) == COVERAGE


def test_undefined_values_are_absent(truth: tuple[Floats, Floats]) -> None:
    """No positives: no recall, no AUROC, no F1 without positive decisions."""
    found = gauges(of(np.minimum(truth[0], 0.29), np.zeros(ROWS)))
    assert found.keys().isdisjoint({catalogue.AUROC, catalogue.RECALL, catalogue.PRECISION, catalogue.F1_SCORE})
    assert found[catalogue.ACCURACY] == 1


def test_delays_are_those_of_all_versions(truth: tuple[Floats, Floats]) -> None:
    window = MatureWindow("24h", END, {Group("a"): of(*truth), Group("b"): of(*truth)})
    delays = [one for one in label_samples(spec(), [window], {}) if one.metric is catalogue.LABEL_DELAY_SECONDS]
    assert [one.labels for one in delays] == [("fraud", "24h", percent) for percent in ("50", "90", "99")]
    assert [one.value for one in delays] == pytest.approx([60] * 3, rel=0.0105)


def test_versions_beyond_the_limit_are_not_exposed(truth: tuple[Floats, Floats]) -> None:
    few = of(truth[0][:100], truth[1][:100])
    window = MatureWindow("24h", END, {Group("a"): few, Group("b"): of(*truth)})
    samples = label_samples(spec(limits={"versions": 1}), [window], {})
    assert {one.labels[1] for one in samples if one.metric is catalogue.LABEL_ROWS} == {"b"}


def test_every_reason_has_a_sample_even_without_rows() -> None:
    samples = list(label_samples(spec(), [MatureWindow("24h", END, {})], {"duplicate": 3}))
    expected = [
        Sample(catalogue.LABEL_ODD_ROWS, ("fraud", reason), 3 * (reason == "duplicate")) for reason in REJECTED_ROWS
    ]
    assert samples == expected


def test_each_role_and_segment_has_the_samples_that_it_has_alone(truth: tuple[Floats, Floats]) -> None:
    champion, challenger = Group("v", "champion"), Group("v", "challenger")
    free = champion.within(Segment("plan", "free"))
    parts = {champion: of(*truth), challenger: of(truth[0] ** 2, truth[1]), free: of(truth[0][:900], truth[1][:900])}
    samples = list(label_samples(spec(), [MatureWindow("24h", END, parts)], {}))
    for group, outcome in parts.items():
        own = ("fraud", "v", "24h", group.role, group.segment.label)
        assert {one.metric: one.value for one in samples if one.labels == own} == gauges(outcome)
    delays = [one.value for one in samples if one.metric is catalogue.LABEL_DELAY_SECONDS]
    assert len(delays) == 3, "of all rows, once"


def test_too_few_labels_of_a_segment_have_only_coverage(truth: tuple[Floats, Floats]) -> None:
    part = V.within(Segment("plan", "free"))
    window = MatureWindow("24h", END, {V: of(*truth), part: of(truth[0][:20], truth[1][:20])})
    samples = label_samples(spec(), [window], {})
    assert {one.metric for one in samples if one.labels[-1] == "plan=free"} == COVERAGE


# ------------------------------------------------------------------------------------------------ other tasks

CLASSES = {"cat": "p_cat", "cow": "p_cow", "dog": "p_dog"}
KEYS = class_keys(CLASSES)


def several_spec(**body: Any) -> ModelSpec:
    document = labelled_spec_document(**{"windows": ["24h"], "task": "multiclass_classification", **body})
    document["spec"]["inference"]["columns"] |= {"prediction": "animal", "scores": CLASSES}
    return ModelSpec.model_validate(document)


def of_classes(scores: Floats, truths: npt.NDArray[np.int64], *, by_class: bool = True) -> Outcome:
    """The outcomes of predictions of the likeliest class."""
    rows, returned = len(scores), scores.argmax(axis=1)
    zeros = np.zeros(rows, np.int64)
    made = Predictions(
        np.arange(rows, dtype=np.uint64),
        scores.max(axis=1),
        zeros,
        zeros.astype(np.int8),
        (V,),
        {},
        classes=KEYS[returned],
        class_scores=scores if by_class else None,
    )
    answers = KnownLabels(KEYS[truths], zeros + 60_000_000, np.ones(rows, np.int32), np.zeros(rows, bool))
    edges = tuple(quantile_bins(column).edges if by_class else None for column in scores.T)
    return outcomes(made, answers, Evaluation(False, THRESHOLD, None, classes=Classes(KEYS, edges)))[V]


def likely(random: np.random.Generator, rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Scores that are the true probabilities of three classes, and the true classes."""
    scores = random.dirichlet([0.5, 1, 1.5], rows)
    return scores, (random.random((rows, 1)) > scores.cumsum(axis=1)).sum(axis=1)


def test_multiclass_performance_is_of_all_classes_and_of_each() -> None:
    scores, truths = likely(np.random.default_rng(3), ROWS)
    outcome = of_classes(scores, truths)
    samples = list(label_samples(several_spec(), [MatureWindow("24h", END, {V: outcome})], {}))
    found = {one.metric: one.value for one in samples if one.labels == ("fraud", "v", "24h", "", "")}
    assert found[catalogue.F1_SCORE] == pytest.approx(metrics.f1_score(truths, scores.argmax(axis=1), average="macro"))
    assert found[catalogue.F1_SCORE_CI_LOWER] < found[catalogue.F1_SCORE] < found[catalogue.F1_SCORE_CI_UPPER]
    by_class = {one.labels[2]: one.value for one in samples if one.metric is catalogue.CLASS_LABEL_ROWS}
    assert by_class == {name: (truths == place).sum() for place, name in enumerate(CLASSES)}
    hidden = [one for one in samples if one.metric is catalogue.SERIES_LIMITED]
    assert hidden == [Sample(catalogue.SERIES_LIMITED, ("fraud", "labelled class"), 0)]
    assert {catalogue.LOG_LOSS, catalogue.CALIBRATION_ERROR, catalogue.CALIBRATION_ERROR_THRESHOLD} <= found.keys()


def test_class_scores_that_do_not_add_up_to_1_have_no_calibration() -> None:
    scores, truths = likely(np.random.default_rng(3), ROWS)
    found = gauges(of_classes(scores / 2, truths), several_spec())
    assert {catalogue.AUROC, catalogue.F1_SCORE} <= found.keys()
    assert found.keys().isdisjoint({catalogue.LOG_LOSS, catalogue.BRIER_SCORE, catalogue.CALIBRATION_ERROR})


def test_a_labelled_class_without_a_name_is_not_exposed() -> None:
    scores, truths = likely(np.random.default_rng(3), ROWS)
    few = several_spec(limits={"classes": 1})
    samples = list(label_samples(few, [MatureWindow("24h", END, {V: of_classes(scores, truths)})], {}, ["dog"]))
    assert {one.labels[2] for one in samples if one.metric is catalogue.CLASS_RECALL} == {"dog"}
    assert [one.value for one in samples if one.metric is catalogue.SERIES_LIMITED] == [2]


def ranking_spec() -> ModelSpec:
    document = labelled_spec_document(windows=["24h"], task="ranking")
    document["spec"]["inference"]["columns"]["query"] = "request"
    return ModelSpec.model_validate(document)


def of_lists(scores: Floats, relevances: Floats, depth: int | None = None, absent: float | None = None) -> Outcome:
    """The outcomes of lists, one per row; an item of NaN has no label."""
    rows, known = scores.size, np.isfinite(relevances.ravel())
    zeros = np.zeros(rows, np.int64)
    queries = np.repeat(np.arange(len(scores), dtype=np.uint64), scores.shape[1])
    ids = np.arange(rows, dtype=np.uint64)
    made = Predictions(ids, scores.ravel(), zeros, zeros.astype(np.int8), (V,), {}, queries=queries)
    when = np.where(known, 60_000_000, NO_TIME)
    answers = KnownLabels(relevances.ravel(), when, known.astype(np.int32), np.zeros(rows, bool))
    return outcomes(made, answers, Evaluation(False, THRESHOLD, None, lists=Lists(depth, absent)))[V]


@pytest.mark.parametrize("depth", [None, 3])
def test_the_gain_of_a_ranking_is_that_of_scikit_learn(depth: int | None) -> None:
    random = np.random.default_rng(2)
    scores, relevances = random.integers(0, 6, (500, 8)) * 1.0, random.integers(0, 4, (500, 8)) * 1.0
    found = gauges(of_lists(scores, relevances, depth), ranking_spec())
    exact = [metrics.ndcg_score(relevances[[row]], scores[[row]], k=depth) for row in range(500)]
    assert found[catalogue.NDCG] == pytest.approx(np.mean(exact), rel=1e-9)
    half = 1.959964 * np.std(exact, ddof=1) / np.sqrt(500)
    assert found[catalogue.NDCG_CI_UPPER] - found[catalogue.NDCG] == pytest.approx(half, rel=1e-6)
    assert found[catalogue.NDCG_LISTS] == 500


def test_an_item_without_a_label_is_irrelevant_only_if_the_spec_sets_it() -> None:
    random = np.random.default_rng(2)
    scores, relevances = random.random((200, 5)), random.integers(1, 4, (200, 5)) * 1.0
    partly = relevances.copy()
    partly[:50, 2] = np.nan
    window = MatureWindow("24h", END, {V: of_lists(scores, partly)})
    samples = list(label_samples(ranking_spec(), [window], {}))
    found = {(one.metric, one.labels[2]): one.value for one in samples if one.labels[1] == "v"}
    assert found[catalogue.NDCG, "24h"] == pytest.approx(metrics.ndcg_score(relevances[50:], scores[50:]))
    assert found[catalogue.NDCG_LISTS, "24h"] == 150
    assert found[catalogue.NDCG_LISTS_LEFT_OUT, "partly_labelled"] == 50
    values = gauges(of_lists(scores, partly, absent=0), ranking_spec())
    assert values[catalogue.NDCG] == pytest.approx(metrics.ndcg_score(np.nan_to_num(partly), scores))


def test_too_few_lists_have_only_their_number() -> None:
    few = gauges(of_lists(np.ones((20, 4)), np.ones((20, 4))), ranking_spec())
    assert few.keys() == {
        catalogue.LABEL_ROWS,
        catalogue.LABEL_COVERAGE_RATIO,
        catalogue.LABEL_COVERAGE_RATIO_THRESHOLD,
        catalogue.NDCG_LISTS,
    }


@pytest.mark.parametrize("rows", [200, 2_000, 20_000])
def test_a_perfectly_calibrated_model_never_alerts(rows: int) -> None:
    """Two and three classes with 200 seeds each; without a floor chance may exceed the noise once in two thousand."""
    bare, several = spec(thresholds={"calibration_error": 0}), several_spec(thresholds={"calibration_error": 0})
    edges = quantile_bins(np.random.default_rng(1).beta(1, 4, 20_000)).edges
    floor = spec().spec.thresholds.calibration_error.floor
    alarms, chance = 0, 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        scores = random.beta(1, 4, rows)
        two = gauges(of(scores, (random.random(rows) < scores).astype(np.float64), edges=edges), bare)
        for each in (two, gauges(of_classes(*likely(random, rows), by_class=False), several)):
            error, level = each[catalogue.CALIBRATION_ERROR], each[catalogue.CALIBRATION_ERROR_THRESHOLD]
            alarms += error > max(floor, level)
            chance += error > level
    assert alarms == 0
    assert chance <= 2
