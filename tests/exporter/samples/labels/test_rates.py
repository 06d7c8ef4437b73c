"""Which levels of labels have samples, and what moves them; `test_label_levels` shows that the values are right."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.by_score import against_rest, by_score
from exporter.labels.sums.classified import ClassScores, classified
from exporter.profiles.group import Group, Segment
from exporter.samples.conditions import conditions
from exporter.samples.labels.estimators import Estimator, MulticlassClassifier, fit_single_score
from exporter.samples.labels.history import histories, level_key
from exporter.samples.labels.labels import MatureWindow
from exporter.samples.labels.noise import LabelNoise, fit_log
from exporter.samples.labels.rates import rate_samples
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.statistics.thresholds import normal_noise
from fraud_log import labelled_spec_document
from random_outcomes import EDGES, END, Floats, outcome_of

V = Group("v")
SEGMENT = V.within(Segment("country", "US"))


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(**{"windows": ["24h"], **body}))


def scored(rows: int, factor: float = 1.0, seed: int = 1) -> tuple[Floats, Floats]:
    """Scores of 0.2 on average, and labels that come true `factor` times as often."""
    random = np.random.default_rng(seed)
    scores = random.beta(2, 8, rows)
    return scores, (random.random(rows) < factor * scores).astype(np.float64)


def outcome(rows: int = 20_000, factor: float = 1.0) -> Outcome:
    return outcome_of(*scored(rows, factor))


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    found = fit_single_score(by_score(*scored(50_000, seed=2), EDGES, binary=True), EDGES, 0.05, binary=True)
    assert found is not None
    return found


def samples(groups: dict[Group, Outcome], estimator: Estimator | None, model: ModelSpec | None = None) -> list[Sample]:
    return list(rate_samples(model or spec(), estimator, [MatureWindow("24h", END, groups)]))


def values(
    groups: dict[Group, Outcome], estimator: Estimator | None, model: ModelSpec | None = None
) -> dict[Metric, float]:
    return {one.metric: one.value for one in samples(groups, estimator, model)}


def fires(found: list[Sample]) -> bool:
    return any(each.alert == catalogue.BASE_RATE_SHIFT_ALERT for each in conditions(found, ["24h"]))


def test_a_window_has_its_rates_and_differences(estimator: Estimator) -> None:
    made = outcome()
    found = values({V: made}, estimator)
    assert found[catalogue.LABEL_RATE_OBSERVED] == pytest.approx(0.2, abs=0.01)
    assert found[catalogue.LABEL_RATE_PREDICTED] == pytest.approx(scored(20_000)[0].mean())
    assert found[catalogue.LABEL_RATE_OBSERVED_REFERENCE] == pytest.approx(0.2, abs=0.01)
    assert found.keys() == {
        catalogue.LABEL_RATE_OBSERVED,
        catalogue.LABEL_RATE_OBSERVED_REFERENCE,
        catalogue.LABEL_RATE_PREDICTED,
        catalogue.LABEL_RATE_GAP,
        catalogue.LABEL_RATE_GAP_THRESHOLD,
        catalogue.LABEL_RATE_CHANGE,
        catalogue.LABEL_RATE_CHANGE_THRESHOLD,
        catalogue.BASE_RATE_SHIFT,
        catalogue.BASE_RATE_SHIFT_THRESHOLD,
    }
    assert not fires(samples({V: made}, estimator))


def test_labels_that_come_true_more_often_than_predicted_alert(estimator: Estimator) -> None:
    found = samples({V: outcome(factor=1.5)}, estimator)
    assert fires(found)
    assert fires(samples({V: outcome(factor=0.5)}, None)), "in either direction, and without a reference"
    assert not fires(samples({V: outcome()}, None))


def test_a_rate_that_the_model_predicts_alerts_as_another_than_the_references(estimator: Estimator) -> None:
    random = np.random.default_rng(3)
    scores = random.beta(4, 6, 20_000)
    found = values({V: outcome_of(scores, (random.random(20_000) < scores).astype(np.float64))}, estimator)
    assert abs(found[catalogue.LABEL_RATE_GAP]) < found[catalogue.LABEL_RATE_GAP_THRESHOLD]
    assert found[catalogue.LABEL_RATE_CHANGE] == pytest.approx(0.2, abs=0.02)
    assert found[catalogue.BASE_RATE_SHIFT] == pytest.approx(
        found[catalogue.LABEL_RATE_CHANGE] / found[catalogue.LABEL_RATE_CHANGE_THRESHOLD]
    )


def test_scores_that_are_no_probabilities_have_no_predicted_rate(estimator: Estimator) -> None:
    scores, labels = scored(20_000)
    made = outcome_of(10 * scores, labels, threshold=5.0)
    assert catalogue.LABEL_RATE_PREDICTED not in values({V: made}, estimator)
    assert values({V: made}, None).keys() == {catalogue.LABEL_RATE_OBSERVED}
    assert catalogue.BASE_RATE_SHIFT in values({V: made}, estimator), "the rate of the reference is known"


def test_a_segment_has_rates_and_no_differences(estimator: Estimator) -> None:
    found = samples({V: outcome(), SEGMENT: outcome(2000)}, estimator)
    segment = {one.metric for one in found if "country=US" in one.labels}
    assert segment == {catalogue.LABEL_RATE_OBSERVED, catalogue.LABEL_RATE_PREDICTED}


def classes(rows: int, factor: float, seed: int) -> tuple[Outcome, Estimator]:
    """Three classes with the scores that they have, of which the first comes true `factor` times as often."""
    random = np.random.default_rng(seed)
    scores = random.dirichlet([1, 2, 7], rows)
    chances = scores * [factor, 1, 1] / (scores * [factor, 1, 1]).sum(axis=1, keepdims=True)
    truths = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    keys, returned = class_keys(["a", "b", "c"]), scores.argmax(axis=1)
    counted = classified(
        keys[returned], keys[truths], scores.max(axis=1), ClassScores(scores, keys, [EDGES, EDGES, EDGES])
    )
    fitted = MulticlassClassifier.fit([against_rest(counted.against_rest[key]) for key in keys], [EDGES] * 3)
    assert fitted is not None
    return Outcome(rows, rows, 0, np.zeros(0, np.int64), counted), fitted


def test_the_worst_of_several_classes_counts() -> None:
    columns = {"prediction_id": "id", "prediction": "kind", "scores": {"a": "sa", "b": "sb", "c": "sc"}}
    source = {"local": "log/%Y%m%dT%H.parquet"}
    several = model(task="multiclass_classification", inference={"source": source, "columns": columns}).spec
    usual, fitted = classes(50_000, 1, 1)
    for reference in (fitted, None):
        assert values({V: usual}, reference, several)[catalogue.BASE_RATE_SHIFT] < 1
        moved, _ = classes(20_000, 2, 2)
        assert values({V: moved}, reference, several)[catalogue.BASE_RATE_SHIFT] > 2


def test_too_few_labels_have_no_levels(estimator: Estimator) -> None:
    assert samples({V: outcome(20)}, estimator) == []


def numbers(rows: int, bias: float, seed: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    scores = random.random(rows)
    return scores, scores - bias + 0.1 * random.standard_normal(rows)


def regression(bias: float, reference: float | None) -> list[Sample]:
    fitted = None
    if reference is not None:
        fitted = fit_single_score(by_score(*numbers(50_000, reference, 2), EDGES, binary=False), EDGES, 0, binary=False)
        assert fitted is not None
    made = outcome_of(*numbers(5000, bias, 1), binary=False)
    return samples({V: made}, fitted, spec(task="regression", features=[{"name": "a", "type": "numeric"}]))


def test_a_regression_has_its_mean_error_with_an_interval() -> None:
    found = {one.metric: one.value for one in regression(0.05, 0.05)}
    assert found[catalogue.MEAN_ERROR] == pytest.approx(0.05, abs=0.005)
    assert found[catalogue.MEAN_ERROR_CI_UPPER] - found[catalogue.MEAN_ERROR] == pytest.approx(
        1.96 * 0.1 / 5000**0.5, rel=0.05
    )
    assert found[catalogue.MEAN_ERROR_REFERENCE] == pytest.approx(0.05, abs=0.002)
    assert found[catalogue.LABEL_MEAN] == pytest.approx(0.45, abs=0.02)
    assert found[catalogue.LABEL_MEAN_REFERENCE] == pytest.approx(0.45, abs=0.01)


@pytest.mark.parametrize(
    ("bias", "reference", "expected"), [(0, None, False), (0.05, None, True), (0.05, 0.05, False), (0, 0.05, True)]
)
def test_a_mean_error_that_is_not_the_references_alerts(bias: float, reference: float | None, expected: bool) -> None:
    assert fires(regression(bias, reference)) is expected


@lru_cache
def noise_of(spread: float, *, binary: bool = True) -> LabelNoise:
    """Fitted to four weeks of 60 predictions an hour, where the labels of a day have a shift in common."""
    hours, random = {}, np.random.default_rng(5)
    for day in range(28):
        shift = spread * random.standard_normal()
        for hour in range(24):
            scores = random.beta(4, 8, 60)
            chances = np.clip(scores + shift, 0, 1)
            labels = random.random(60) < chances if binary else scores + shift + 0.1 * random.standard_normal(60)
            moment = END - timedelta(days=28 - day, hours=-hour)
            hours[moment] = {V: outcome_of(scores, labels.astype(np.float64), binary=binary)}
    body = {} if binary else {"task": "regression", "features": [{"name": "a", "type": "numeric"}]}
    return fit_log(spec(**body), hours)


@pytest.mark.parametrize(
    ("binary", "metric"),
    [(True, catalogue.LABEL_RATE_GAP), (True, catalogue.LABEL_RATE_OBSERVED), (False, catalogue.MEAN_ERROR)],
)
def test_days_that_vary_together_widen_the_noise_of_each_level(binary: bool, metric: Metric) -> None:
    """A day's 1,440 labels have a standard error of 0.012, or of 0.0026 for numbers; their shift adds 0.05."""
    found = {
        spread: noise_of(spread, binary=binary).difference_noise(level_key(metric), 0.012, 24, 0.00025)
        for spread in (0.0, 0.05)
    }
    plain = normal_noise(0.012, 0.00025)
    assert plain <= found[0] < 1.6 * plain, "four weeks do not exclude that days vary a little"
    assert found[0.05] > 3 * plain


def test_the_interval_of_a_mean_error_is_as_wide_as_days_vary() -> None:
    made = outcome_of(*numbers(1440, 0.05, 1), binary=False)
    body = spec(task="regression", features=[{"name": "a", "type": "numeric"}])
    widths = {}
    for spread in (0.0, 0.05):
        window = [MatureWindow("24h", END, {V: made})]
        found = {one.metric: one.value for one in rate_samples(body, None, window, noise_of(spread, binary=False))}
        widths[spread] = found[catalogue.MEAN_ERROR_CI_UPPER] - found[catalogue.MEAN_ERROR_CI_LOWER]
    assert widths[0] == pytest.approx(2 * 1.96 * 0.1 / 1440**0.5, rel=0.1)
    assert 2 * 1.96 * 0.03 < widths[0.05] < 2 * 1.96 * 0.08


def test_a_stormy_day_is_no_shift_where_days_are_stormy(estimator: Estimator) -> None:
    noise = noise_of(0.05)
    scores = np.random.default_rng(6).beta(2, 8, 1440)
    labels = (np.random.default_rng(7).random(1440) < scores + 0.08).astype(np.float64)
    window = [MatureWindow("24h", END, {V: outcome_of(scores, labels)})]
    assert fires(list(rate_samples(spec(), estimator, window)))
    assert not fires(list(rate_samples(spec(), estimator, window, noise)))
    all_day = (np.random.default_rng(7).random(1440) < scores + 0.4).astype(np.float64)
    far = [MatureWindow("24h", END, {V: outcome_of(scores, all_day)})]
    assert fires(list(rate_samples(spec(), estimator, far, noise))), "a shift beyond all storms still alerts"


def test_classes_have_histories_of_their_own() -> None:
    outcome_of_classes, _ = classes(500, 1, 1)
    found = histories([outcome_of_classes, None, outcome_of_classes])
    for key in class_keys(["a", "b", "c"]).tolist():
        assert level_key(catalogue.LABEL_RATE_OBSERVED, key) in found
        assert found[level_key(catalogue.LABEL_RATE_GAP, key)].influences == pytest.approx([0, 0, 0])
