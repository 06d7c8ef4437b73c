"""The performance of a window, with intervals and a band that hold for real days."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from certain_excess import certain
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import DELAY_EDGES, Outcome
from exporter.labels.sums.by_score import ByScore, by_score, unweighted
from exporter.labels.sums.labelled import Labelled, confusion
from exporter.profiles.group import Group, Segment
from exporter.samples.labels.estimates import gap_samples
from exporter.samples.labels.estimators import fit_single_score
from exporter.samples.labels.history import COMMON, OWN
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.outcome_sums import OutcomeSums
from exporter.samples.labels.performance_values import judged, performance_values, widenings
from exporter.samples.labels.provisional import OpenWindow, provisional_samples
from exporter.samples.slo import evaluated_slices
from exporter.spec.model import ModelSpec
from exporter.statistics.labels import calibration, performance
from fraud_log import labelled_spec_document

END = datetime(2026, 11, 22, tzinfo=UTC)
V = Group("v")
EDGES = np.linspace(0.05, 0.95, 19)
METRICS = ("auroc", "f1_score", "precision", "recall", "accuracy", "log_loss", "brier_score")


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(windows=["24h"], **body))


def counted(rows: int = 2000, seed: int = 0, inverse: bool = False) -> tuple[ByScore, Labelled]:
    random = np.random.default_rng(seed)
    scores = random.beta(2, 3, rows)
    labels = (random.random(rows) < (1 - scores if inverse else scores)).astype(float)
    part = by_score(scores, labels, EDGES, binary=True)
    return part, unweighted(part, confusion(labels > 0, scores >= 0.3))


def outcome(rows: int = 2000, seed: int = 0, inverse: bool = False) -> Outcome:
    part, labelled = counted(rows, seed, inverse)
    delays = np.zeros(len(DELAY_EDGES) + 1, np.int64)
    delays[0] = rows
    return Outcome(rows, rows, 0, delays, labelled, part, near=np.zeros(0, np.int64))


def noise(effect: float) -> LabelNoise:
    """Each metric of these 2,000 rows varies by this factor more, in a day; many days taught it."""
    values = performance_values(spec(), outcome(), END)
    excess = {}
    for key in METRICS:
        metric = next(each for each in catalogue.METRICS if each.key == key)
        lower, upper = (values[end] for end in metric.interval())
        excess[key] = ((upper - lower) / 2 / performance.Z_95) ** 2 * (effect - 1)
    excess |= {COMMON: 0.04**2, OWN: 1e-12}
    return LabelNoise(1e9, {key: certain((24, 24 * each)) for key, each in excess.items()})


def gauges(samples: Any) -> dict[Metric, float]:
    return {each.metric: each.value for each in samples}


def test_the_factors_are_the_roots_of_the_design_effects() -> None:
    factors = widenings(spec(), outcome(), noise(4.0), 24)
    for key in METRICS:
        metric = next(each for each in catalogue.METRICS if each.key == key)
        assert factors[metric] == pytest.approx(2, rel=1e-6), key
    assert factors[catalogue.CALIBRATION_ERROR] > 2
    assert widenings(spec(), outcome(), INDEPENDENT, 24) == {}
    assert widenings(spec(), outcome(20), noise(4.0), 24) == {}


def test_intervals_are_those_of_a_quarter_of_the_labels_and_values_stay() -> None:
    model, whole = spec(), outcome()
    plain = performance_values(model, whole, END)
    wide = performance_values(model, whole, END, widenings(model, whole, noise(4.0), 24))
    for metric, value in plain.items():
        ends = metric.name.endswith(("ci_lower", "ci_upper")) or metric is catalogue.CALIBRATION_ERROR_THRESHOLD
        assert (wide[metric] == value) == (not ends), metric.name
    right, quarter = plain[catalogue.ACCURACY] * 500, np.array([500.0])
    lower, upper = catalogue.ACCURACY.interval()
    assert (wide[lower], wide[upper]) == pytest.approx(tuple(performance.share(right, quarter)[1:]), rel=1e-6)


def test_a_window_publishes_its_design_effects_and_a_segment_shares_them() -> None:
    segment = V.within(Segment("country_code", "US"))
    window = MatureWindow("24h", END, {V: outcome(), segment: outcome(200, 5)})
    samples = list(label_samples(spec(segments=["country_code"]), [window], {}, noise=noise(4.0)))
    effects = {each.labels[2]: each.value for each in samples if each.metric is catalogue.LABEL_DESIGN_EFFECT}
    assert effects.keys() == {*METRICS, "calibration_error"}
    assert [effects[key] for key in METRICS] == pytest.approx([4.0] * 7)
    whole, besides = calibration.labels_variance(calibration.reliability(counted()[1]))
    assert effects["calibration_error"] == pytest.approx(1 + 0.04**2 / (whole + besides), rel=1e-6)
    model, own = spec(segments=["country_code"]), outcome(200, 5)
    plain = performance_values(model, own, END)
    wide = {each.metric: each.value for each in samples if each.labels[-1] == "country_code=US"}
    ratio = wide[catalogue.CALIBRATION_ERROR_THRESHOLD] / plain[catalogue.CALIBRATION_ERROR_THRESHOLD]
    factors = widenings(model, outcome(), noise(4.0), 24)
    assert ratio == pytest.approx(factors[catalogue.CALIBRATION_ERROR])
    (unknown,) = [label_samples(spec(), [window], {})]
    assert not any(each.metric is catalogue.LABEL_DESIGN_EFFECT for each in unknown)


def test_provisional_intervals_are_as_wide() -> None:
    window = OpenWindow("24h", [{V: outcome()}])
    plain, wide = (gauges(provisional_samples(spec(), [window], EDGES, each)) for each in (INDEPENDENT, noise(4.0)))
    lower, _ = catalogue.AUROC.provisional().interval()
    value = plain[catalogue.AUROC.provisional()]
    assert wide[catalogue.AUROC.provisional()] == value
    assert (value - wide[lower]) / (value - plain[lower]) == pytest.approx(2, rel=0.1)


def test_a_gap_has_a_threshold_of_real_days() -> None:
    """Of an AUROC with a floor of 0: the window's error is twice as large, that of the reference is as it was."""
    model, part = spec(thresholds={"estimated_gap": 0.0}), counted(40_000, 7)[0]
    estimator = fit_single_score(part, EDGES, 0.3, binary=True)
    assert estimator is not None
    window = MatureWindow("24h", END, {V: outcome()})
    plain, wide = (
        gauges(gap_samples(model, estimator, [window], each))[catalogue.AUROC_ESTIMATED_GAP.threshold()]
        for each in (INDEPENDENT, noise(4.0))
    )
    assert 1.8 < wide / plain < 2


def test_a_slice_is_bad_only_beyond_what_its_days_vary() -> None:
    slo = {"name": "goal", "metric": "auroc", "at_least": 0.77, "objective": 0.9, "slice": "1d", "period": "5d"}
    model = spec(slos=[slo])
    hours = OutcomeSums(timedelta(hours=1), {END.replace(day=21): {V: outcome(2000, 3)}})
    values = performance_values(model, outcome(2000, 3), END)
    assert values[catalogue.AUROC.interval()[1]] < 0.77
    for each, bad in ((INDEPENDENT, 1), (noise(9.0), 0)):
        tally = evaluated_slices(model, model.spec.slos[0], hours, END, each)[-1].tally
        assert tally is not None
        assert (tally.known, tally.bad) == (True, bad)


def test_the_calibration_of_a_slice_has_the_band_of_its_days() -> None:
    target = {"metric": "calibration_error", "at_most": 0.02}
    model = spec(slos=[{"name": "goal", **target, "objective": 0.9, "slice": "1d", "period": "5d"}])
    part, labelled = counted()
    shifted = by_score(np.full(2000, 0.45), np.arange(2000) % 2 * 1.0, EDGES, binary=True)
    whole = outcome()
    off = Outcome(2000, 2000, 0, whole.delays, unweighted(shifted, labelled.confusion), shifted)
    hours = OutcomeSums(timedelta(hours=1), {END.replace(day=21): {V: off}})
    assert part.known.sum() == 2000
    for each, bad in ((INDEPENDENT, 1), (noise(4.0), 0)):
        tally = evaluated_slices(model, model.spec.slos[0], hours, END, each)[-1].tally
        assert tally is not None
        assert tally.bad == bad


def test_few_labels_are_not_judged() -> None:
    assert judged(spec(), outcome())
    assert not judged(spec(), outcome(29))
    values = performance_values(spec(), outcome(29), END)
    assert values.keys() == {
        catalogue.LABEL_ROWS,
        catalogue.LABEL_COVERAGE_RATIO,
        catalogue.LABEL_COVERAGE_RATIO_THRESHOLD,
    }
    assert not any(map(math.isnan, values.values()))
