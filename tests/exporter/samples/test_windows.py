"""Samples of windows: by hand, against the raw rows, and absent values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.group import Group
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile, merge_profiles
from exporter.reference.reference import Reference, build_binning
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample, WindowProfile, evaluate
from exporter.sources.source import Selection
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window
from exporter.statistics import thresholds
from fraud_log import local_spec_document
from profiling import UNKNOWN, binning, categorical, count, numeric, quantile_bins, whole

END = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = Window(END - timedelta(hours=1), END)
V1 = Group("v1")
FEATURES = (("x", "numeric"), ("c", "categorical"))

FEATURE_PAIRS = (
    (catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD),
    (catalogue.FEATURE_NULL_RATIO, catalogue.FEATURE_NULL_RATIO_THRESHOLD),
    (catalogue.FEATURE_NEW_CATEGORY_RATIO, catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD),
    (catalogue.DATA_DRIFT_SHARE, catalogue.DATA_DRIFT_SHARE_THRESHOLD),
    (catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD),
    (catalogue.PREDICTION_PSI, catalogue.PREDICTION_PSI_THRESHOLD),
)
NUMERIC_ONLY = {
    catalogue.FEATURE_KS_STATISTIC,
    catalogue.FEATURE_OUT_OF_RANGE_RATIO,
    catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE,
    catalogue.FEATURE_WASSERSTEIN_DISTANCE,
    catalogue.FEATURE_MEAN,
    catalogue.FEATURE_MEAN_REFERENCE,
    catalogue.FEATURE_MEAN_SHIFT,
    catalogue.FEATURE_STDDEV_RATIO,
}
CATEGORICAL_ONLY = {
    catalogue.FEATURE_CHI2_STATISTIC,
    catalogue.FEATURE_CHI2_P_VALUE,
    catalogue.FEATURE_NEW_CATEGORY_RATIO,
    catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD,
}
EVERY_FEATURE = {
    catalogue.FEATURE_ROWS,
    catalogue.FEATURE_PSI,
    catalogue.FEATURE_PSI_THRESHOLD,
    catalogue.FEATURE_DRIFTED,
    catalogue.FEATURE_JS_DISTANCE,
    catalogue.FEATURE_NULL_RATIO,
    catalogue.FEATURE_NULL_RATIO_REFERENCE,
    catalogue.FEATURE_NULL_RATIO_THRESHOLD,
}


def make_spec(score: str | None = None, min_rows: int = 2, **body: Any) -> ModelSpec:
    """A spec whose features are x and c, unless `body` has others."""
    features = [{"name": "x", "type": "numeric"}, {"name": "c", "type": "categorical"}]
    limits = {"min_rows": min_rows, "false_positive_rate": 0.001, **body.pop("thresholds", {})}
    document = local_spec_document(**{"features": features, **body, "thresholds": limits})
    document["spec"]["inference"]["columns"] = {"score": score} if score else {}
    return ModelSpec.model_validate(document)


def make_reference(cells: Binning, /, **columns: Any) -> Reference:
    return Reference.whole(cells, count(cells, **columns))


def make_window(groups: Mapping[Group, Profile], name: str = "1h") -> WindowProfile:
    hours = {group: np.bincount([0], [profile.rows], HOURS_OF_WEEK) for group, profile in groups.items()}
    return WindowProfile(name, HOUR, groups, hours)


Found = dict[tuple[Metric, tuple[str, ...]], float]


def named(sample: Sample) -> tuple[str, ...]:
    """The labels of a sample that are not empty."""
    return tuple(filter(None, sample.labels))


def found_in(samples: list[Sample]) -> Found:
    found = {(sample.metric, named(sample)): sample.value for sample in samples}
    assert len(found) == len(samples), "a series was given twice"
    return found


def values_of(samples: list[Sample], feature: str | None = None) -> dict[Metric, float]:
    """The values of one feature, or those without a feature, for the only version and window; without bins."""
    values = {}
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        if labels.get(catalogue.FEATURE) == feature and labels.keys().isdisjoint({catalogue.CATEGORY, catalogue.BIN}):
            values[sample.metric] = sample.value
    return values


def one_window(spec: ModelSpec, reference: Reference, /, **columns: Any) -> list[Sample]:
    return evaluate(spec, reference, [make_window({V1: count(reference.binning, **columns)})])


class TestByHand:
    CELLS = binning(numeric("x", (0.0, 1.0, 2.0), pivot=1.0), categorical("c", "a", "b"))
    BEFORE = make_reference(CELLS, x=[0.5] * 50 + [1.5] * 50, c=["a"] * 60 + ["b"] * 40)

    def test_a_numeric_feature(self) -> None:
        columns = {"x": [0.5] * 20 + [1.5] * 60 + [2.5] * 10 + [None] * 10, "c": ["a"] * 100}
        values = values_of(one_window(make_spec(), self.BEFORE, **columns), "x")
        assert values.keys() == EVERY_FEATURE | NUMERIC_ONLY
        assert values[catalogue.FEATURE_ROWS] == 100
        # cells: to 0, to 1, to 2, beyond, null; half a row is added where either side has any
        p, q = np.array([50.5, 50.5, 0.5, 0.5]) / 102, np.array([20.5, 60.5, 10.5, 10.5]) / 102
        assert values[catalogue.FEATURE_PSI] == pytest.approx(((q - p) * np.log(q / p)).sum())
        noise = stats.chi2.isf(1 - (1 - 0.001) ** 0.5, 3) * (1 / 100 + 1 / 100)
        assert values[catalogue.FEATURE_PSI_THRESHOLD] == pytest.approx(max(0.2, noise))
        assert values[catalogue.FEATURE_DRIFTED] == 1
        shares = [0.5, 0.5, 0, 0], [0.2, 0.6, 0.1, 0.1]
        assert values[catalogue.FEATURE_JS_DISTANCE] == pytest.approx(distance.jensenshannon(*shares, base=2))
        assert values[catalogue.FEATURE_NULL_RATIO] == 0.1
        assert values[catalogue.FEATURE_NULL_RATIO_REFERENCE] == 0
        assert 0.05 <= values[catalogue.FEATURE_NULL_RATIO_THRESHOLD] < 0.2
        assert values[catalogue.FEATURE_OUT_OF_RANGE_RATIO] == pytest.approx(10 / 90)
        assert values[catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE] == 0
        assert values[catalogue.FEATURE_KS_STATISTIC] == pytest.approx(0.5 - 20 / 90)
        mean = (20 * 0.5 + 60 * 1.5 + 10 * 2.5) / 90
        assert values[catalogue.FEATURE_MEAN] == pytest.approx(mean)
        assert values[catalogue.FEATURE_MEAN_REFERENCE] == 1
        assert values[catalogue.FEATURE_MEAN_SHIFT] == pytest.approx((mean - 1) / 0.5)
        now = np.repeat([0.5, 1.5, 2.5], [20, 60, 10])
        assert values[catalogue.FEATURE_STDDEV_RATIO] == pytest.approx(now.std() / 0.5)
        moved = stats.wasserstein_distance([0.5, 1.5], now)
        # a bin of width 1 whose rows are all at its centre is taken as spread over it: by 1/4 at most
        assert values[catalogue.FEATURE_WASSERSTEIN_DISTANCE] == pytest.approx(moved / 0.5, abs=0.25)

    def test_a_categorical_feature(self) -> None:
        columns = {"x": [0.5] * 100, "c": ["a"] * 40 + ["b"] * 40 + ["n"] * 8 + ["m"] * 2 + [None] * 10}
        samples = one_window(make_spec(), self.BEFORE, **columns)
        values = values_of(samples, "c")
        assert values.keys() == EVERY_FEATURE | CATEGORICAL_ONLY
        assert values[catalogue.FEATURE_NULL_RATIO] == 0.1
        assert values[catalogue.FEATURE_NEW_CATEGORY_RATIO] == 0.1
        assert values[catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD] >= 0.01
        table = np.array([[60, 40, 0, 0], [40, 40, 10, 10]])
        test = stats.chi2_contingency(table, correction=False)
        assert values[catalogue.FEATURE_CHI2_STATISTIC] == pytest.approx(test.statistic)
        assert values[catalogue.FEATURE_CHI2_P_VALUE] == pytest.approx(test.pvalue)
        named = {
            key[1][3]: value
            for key, value in found_in(samples).items()
            if key[0] == catalogue.FEATURE_NEW_CATEGORY_ROWS
        }
        assert named == {"n": 8, "m": 2}

    def test_the_score(self) -> None:
        cells = binning(numeric("x"), categorical("c", "a"), numeric("s", (0.0, 0.5, 1.0), pivot=0.4))
        before = make_reference(cells, x=[0.5] * 4, c=["a"] * 4, s=[0.2, 0.4, 0.4, 0.6])
        samples = one_window(make_spec(score="s"), before, x=[0.5] * 3, c=["a"] * 3, s=[0.1, 0.2, None])
        values = values_of(samples)
        deviation = math.sqrt(0.02)
        assert values[catalogue.PREDICTION_MEAN] == pytest.approx(0.15)
        assert values[catalogue.PREDICTION_MEAN_REFERENCE] == pytest.approx(0.4)
        assert values[catalogue.PREDICTION_MEAN_SHIFT] == pytest.approx(0.25 / deviation)  # to either side
        rate = 1 - (1 - 0.001) ** (1 / 5)  # shared by two features, and the score's mean, distribution and confidence
        noise = stats.norm.isf(rate / 2) * math.sqrt(1 / 4 + 1 / 2)
        assert values[catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD] == pytest.approx(noise)

    def test_the_window(self) -> None:
        columns = {"x": [0.5] * 5, "c": ["a"] * 5}
        profiles = {V1: count(self.CELLS, **columns), Group("v2"): count(self.CELLS, x=[0.5], c=["a"])}
        found = found_in(evaluate(make_spec(), self.BEFORE, [make_window(profiles)]))
        stream = ("fraud", catalogue.INFERENCE, "1h")
        assert found[catalogue.WINDOW_ROWS, stream] == 6
        assert found[catalogue.WINDOW_END_TIMESTAMP_SECONDS, stream] == END.timestamp()
        assert found[catalogue.WINDOW_DAY_OF_WEEK, stream] == 1
        assert found[catalogue.VERSION_ROWS, ("fraud", "v1", "1h")] == 5
        assert found[catalogue.VERSION_ROWS, ("fraud", "v2", "1h")] == 1
        assert found[catalogue.SERIES_LIMITED, ("fraud", catalogue.VERSION)] == 0

    def test_nothing_moved(self) -> None:
        columns = {"x": [0.5] * 50 + [1.5] * 50, "c": ["a"] * 60 + ["b"] * 40}
        samples = one_window(make_spec(), self.BEFORE, **columns)
        still = {
            catalogue.FEATURE_PSI,
            catalogue.FEATURE_DRIFTED,
            catalogue.FEATURE_JS_DISTANCE,
            catalogue.FEATURE_KS_STATISTIC,
            catalogue.FEATURE_WASSERSTEIN_DISTANCE,
            catalogue.FEATURE_MEAN_SHIFT,
            catalogue.FEATURE_CHI2_STATISTIC,
            catalogue.FEATURE_NULL_RATIO,
            catalogue.FEATURE_OUT_OF_RANGE_RATIO,
            catalogue.DATA_DRIFT_SHARE,
        }
        for name in ("x", "c", None):
            assert {value for metric, value in values_of(samples, name).items() if metric in still} == {0.0}
        assert values_of(samples, "x")[catalogue.FEATURE_STDDEV_RATIO] == 1


GENERATOR = np.random.default_rng(11)
ROWS = 40_000
BEFORE = {
    "normal": GENERATOR.normal(40, 12, ROWS),
    "skewed": GENERATOR.lognormal(7, 1, ROWS),
    "whole": GENERATOR.poisson(6, ROWS).astype(float),
    "clipped": np.clip(GENERATOR.normal(0, 1, ROWS), 0, None),
}
NOW = {
    "normal": GENERATOR.normal(43, 12, ROWS),
    "skewed": GENERATOR.lognormal(7.1, 1.1, ROWS),
    "whole": GENERATOR.poisson(6.5, ROWS).astype(float),
    "clipped": np.clip(GENERATOR.normal(0.1, 1, ROWS), 0, None),
}
STILL = {"x": [0.5, 1.5] * 200, "y": [0.5, 1.5] * 200, "c": ["a", "b"] * 200}
MOVED = {"x": [1.5] * 400, "y": [1.5] * 400, "c": ["new"] * 400}


@pytest.fixture(scope="module")
def reference() -> Reference:
    selection = Selection((), tuple(BEFORE), ())
    cells, problems = build_binning(whole(pa.table(BEFORE)), selection, 200)
    assert problems == {}
    return make_reference(cells, **BEFORE)


@pytest.fixture(scope="module")
def samples(reference: Reference) -> list[Sample]:
    """The samples of a day of 24 hours, each with its own profile."""
    hours = [pa.table(NOW).slice(start, 1700) for start in range(0, ROWS, 1700)]
    profiles = [profile_partition(whole(hour), reference.binning) for hour in hours]
    day = merge_profiles(reference.binning, [part for hour in profiles for part in hour.groups.values()])
    assert day.rows == ROWS
    features = [{"name": name, "type": "numeric"} for name in BEFORE]
    return evaluate(make_spec(features=features), reference, [make_window({V1: day})])


class TestAgainstRawRows:
    @pytest.mark.parametrize("name", BEFORE)
    def test_statistics_are_those_of_the_rows(self, name: str, reference: Reference, samples: list[Sample]) -> None:
        values, before, now = values_of(samples, name), BEFORE[name], NOW[name]
        exact = stats.ks_2samp(before, now, method="asymp").statistic
        assert values[catalogue.FEATURE_KS_STATISTIC] == pytest.approx(exact, abs=1e-3)
        moved = stats.wasserstein_distance(before, now) / before.std()
        assert values[catalogue.FEATURE_WASSERSTEIN_DISTANCE] == pytest.approx(moved, rel=0.05)
        assert values[catalogue.FEATURE_MEAN] == pytest.approx(now.mean())
        assert values[catalogue.FEATURE_MEAN_REFERENCE] == pytest.approx(before.mean())
        assert values[catalogue.FEATURE_MEAN_SHIFT] == pytest.approx((now.mean() - before.mean()) / before.std())
        assert values[catalogue.FEATURE_STDDEV_RATIO] == pytest.approx(now.std() / before.std())
        outside = (now < before.min()) | (now > before.max())
        assert values[catalogue.FEATURE_OUT_OF_RANGE_RATIO] == outside.mean()

    @pytest.mark.parametrize("name", BEFORE)
    def test_psi_is_that_of_the_rows_between_deciles(
        self, name: str, reference: Reference, samples: list[Sample]
    ) -> None:
        bins = reference.binning.by_name[name]
        assert isinstance(bins, NumericBins)
        ends = bins.edges[bins.deciles]
        before, now = (
            np.bincount(np.digitize(side[name], ends, right=True), minlength=len(ends) + 1) for side in (BEFORE, NOW)
        )
        occupied = before + now > 0
        expected = (before + now) / 2
        p, q = (side + np.minimum(0.5, expected) for side in (before, now))
        p, q = (p / p.sum())[occupied], (q / q.sum())[occupied]
        psi = float(((q - p) * np.log(q / p)).sum())
        assert values_of(samples, name)[catalogue.FEATURE_PSI] == pytest.approx(psi, rel=1e-9)
        assert psi > 0.001
        p, q = (side[occupied] / side.sum() for side in (before, now))
        js = distance.jensenshannon(p, q, base=2)
        assert values_of(samples, name)[catalogue.FEATURE_JS_DISTANCE] == pytest.approx(js, rel=1e-9)

    def test_categories_are_those_of_the_rows(self) -> None:
        before, now = (GENERATOR.choice(list("abcdef"), 5000, p=[0.4, 0.3, 0.15, 0.1, 0.049, 0.001]) for _ in range(2))
        cells = binning(categorical("c", *"abcdef"))
        samples = one_window(make_spec(), make_reference(cells, c=before), c=now)
        left, right = Counter(before.tolist()), Counter(now.tolist())
        table = np.array([[side[name] for name in "abcdef"] for side in (left, right)])
        pooled = np.column_stack([table[:, :4], table[:, 4:].sum(axis=1)]) if table[:, 5].sum() < 10 else table
        test = stats.chi2_contingency(pooled, correction=False)
        assert values_of(samples, "c")[catalogue.FEATURE_CHI2_STATISTIC] == pytest.approx(test.statistic)


class TestAbsence:
    CELLS = binning(numeric("x", (0.0, 1.0, 2.0)), categorical("c", "a", "b"), numeric("s", (0.0, 1.0)))
    BEFORE = make_reference(CELLS, x=[0.5, 1.5] * 50, c=["a", "b"] * 50, s=[0.2, 0.4] * 50)

    def test_too_few_rows_have_only_their_number(self) -> None:
        spec = make_spec(score="s", min_rows=4)
        samples = one_window(spec, self.BEFORE, x=[5.0] * 3, c=["new"] * 3, s=[0.9] * 3)
        assert {sample.metric for sample in samples} == {
            catalogue.WINDOW_ROWS,
            catalogue.WINDOW_END_TIMESTAMP_SECONDS,
            catalogue.WINDOW_DAY_OF_WEEK,
            catalogue.SERIES_LIMITED,
            catalogue.VERSION_ROWS,
            catalogue.FEATURE_ROWS,
        }
        assert {sample.value for sample in samples if sample.metric is catalogue.FEATURE_ROWS} == {3}
        enough = one_window(spec, self.BEFORE, x=[5.0] * 4, c=["new"] * 4, s=[0.9] * 4)
        assert {metric for pair in FEATURE_PAIRS for metric in pair} <= {sample.metric for sample in enough}

    def test_a_column_of_nulls_has_no_moments(self) -> None:
        samples = one_window(make_spec(min_rows=3), self.BEFORE, x=[None] * 8 + [0.5] * 2, c=["a"] * 10)
        assert values_of(samples, "x").keys() == EVERY_FEATURE
        assert values_of(samples, "x")[catalogue.FEATURE_NULL_RATIO] == 0.8

    def test_a_column_of_infinities_has_no_moments(self) -> None:
        samples = one_window(make_spec(), self.BEFORE, x=[math.inf] * 10, c=["a"] * 10)
        values = values_of(samples, "x")
        assert values[catalogue.FEATURE_OUT_OF_RANGE_RATIO] == 1
        assert values[catalogue.FEATURE_KS_STATISTIC] == 1
        assert catalogue.FEATURE_MEAN not in values

    def test_a_feature_that_the_log_lacks_does_not_affect_the_others(self) -> None:
        samples = one_window(make_spec(), self.BEFORE, c=["a", "b"] * 10)
        assert values_of(samples, "x") == {}
        assert values_of(samples, "c").keys() == EVERY_FEATURE | CATEGORICAL_ONLY
        assert values_of(samples)[catalogue.DATA_DRIFT_SHARE] == 0

    def test_a_feature_that_the_reference_lacks_does_not_affect_the_others(self) -> None:
        features = [{"name": name, "type": "numeric"} for name in ("x", "absent")]
        samples = one_window(make_spec(features=features), self.BEFORE, x=[0.5, 1.5] * 10)
        assert values_of(samples, "absent") == {}
        assert values_of(samples, "x").keys() == EVERY_FEATURE | NUMERIC_ONLY

    def test_without_features_there_is_no_drift_share(self) -> None:
        samples = one_window(make_spec(), self.BEFORE, s=[0.5] * 10)
        assert values_of(samples).keys().isdisjoint({catalogue.DATA_DRIFT_SHARE, catalogue.DATA_DRIFT_SHARE_THRESHOLD})
        assert values_of(samples)[catalogue.VERSION_ROWS] == 10

    @pytest.mark.parametrize("score", [None, "absent", "c"])
    def test_a_score_that_the_reference_lacks_has_no_sample(self, score: str | None) -> None:
        samples = one_window(make_spec(score=score), self.BEFORE, x=[0.5] * 5, c=["a"] * 5)
        assert (
            values_of(samples)
            .keys()
            .isdisjoint(
                {catalogue.PREDICTION_MEAN, catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD}
            )
        )
        assert values_of(samples, "x").keys() >= EVERY_FEATURE

    def test_a_score_that_the_log_lacks_has_no_sample(self) -> None:
        samples = one_window(make_spec(score="s"), self.BEFORE, x=[0.5] * 5, c=["a"] * 5)
        assert catalogue.PREDICTION_MEAN not in values_of(samples)

    def test_a_window_without_rows_has_only_its_row_count(self) -> None:
        found = found_in(evaluate(make_spec(), self.BEFORE, [make_window({})]))
        stream = ("fraud", catalogue.INFERENCE, "1h")
        assert found == {
            (catalogue.WINDOW_ROWS, stream): 0,
            (catalogue.WINDOW_END_TIMESTAMP_SECONDS, stream): END.timestamp(),
            (catalogue.WINDOW_DAY_OF_WEEK, stream): 1,
            (catalogue.SERIES_LIMITED, ("fraud", catalogue.VERSION)): 0,
        }

    def test_without_windows_there_are_only_limits(self) -> None:
        assert [sample.metric for sample in evaluate(make_spec(), self.BEFORE, [])] == [catalogue.SERIES_LIMITED]

    def test_a_constant_reference_gives_no_shift_or_distance(self) -> None:
        cells = binning(numeric("x", (-0.1, 0.1)), numeric("s", (-0.1, 0.1)))
        before = make_reference(cells, x=[0.1] * 1000, s=[0.1] * 1000)
        samples = one_window(make_spec(score="s"), before, x=[0.1, 5.0] * 10, s=[0.1, 5.0] * 10)
        values = values_of(samples, "x")
        assert values[catalogue.FEATURE_DRIFTED] == 1
        assert values[catalogue.FEATURE_OUT_OF_RANGE_RATIO] == 0.5
        assert values.keys().isdisjoint(
            {catalogue.FEATURE_WASSERSTEIN_DISTANCE, catalogue.FEATURE_MEAN_SHIFT, catalogue.FEATURE_STDDEV_RATIO}
        )
        score = values_of(samples)
        assert score[catalogue.PREDICTION_MEAN] == pytest.approx(2.55)
        assert score.keys().isdisjoint({catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD})

    def test_values_too_large_to_add_have_no_moments(self) -> None:
        cells = binning(numeric("x", (0.0, 1.0)))
        before = make_reference(cells, x=[0.5, 1e308, 1.1e308, 1.2e308] * 10)
        values = values_of(one_window(make_spec(), before, x=[1e308, 0.5, 1.3e308] * 10), "x")
        assert values.keys() >= EVERY_FEATURE | {catalogue.FEATURE_KS_STATISTIC}
        assert values.keys().isdisjoint({catalogue.FEATURE_MEAN, catalogue.FEATURE_WASSERSTEIN_DISTANCE})


class TestDrift:
    CELLS = binning(numeric("x", (0.0, 1.0, 2.0)), numeric("y", (0.0, 1.0, 2.0)), categorical("c", "a", "b"))
    BEFORE = make_reference(CELLS, x=[0.5, 1.5] * 500, y=[0.5, 1.5] * 500, c=["a", "b"] * 500)
    FEATURES = (
        {"name": "x", "type": "numeric", "importance": 1},
        {"name": "y", "type": "numeric", "importance": 3},
        {"name": "c", "type": "categorical", "importance": 4},
    )

    @pytest.mark.parametrize(
        ("moved", "share"), [("", 0), ("x", 1 / 8), ("y", 3 / 8), ("xc", 5 / 8), ("yc", 7 / 8), ("xyc", 1)]
    )
    def test_the_drift_share_is_weighted_by_importance(self, moved: str, share: float) -> None:
        columns = {name: (MOVED if name in moved else STILL)[name] for name in "xyc"}
        samples = one_window(make_spec(features=self.FEATURES), self.BEFORE, **columns)
        drifted = {name: values_of(samples, name)[catalogue.FEATURE_DRIFTED] for name in "xyc"}
        assert drifted == {name: float(name in moved) for name in "xyc"}
        assert values_of(samples)[catalogue.DATA_DRIFT_SHARE] == pytest.approx(share)
        assert values_of(samples)[catalogue.DATA_DRIFT_SHARE_THRESHOLD] == 0.2

    def test_a_missing_feature_is_left_out_of_the_share(self) -> None:
        spec = make_spec(features=self.FEATURES)
        samples = one_window(spec, self.BEFORE, x=MOVED["x"], y=STILL["y"])
        assert values_of(samples)[catalogue.DATA_DRIFT_SHARE] == pytest.approx(1 / 4)

    def test_the_flag_is_the_comparison_of_the_alert(self) -> None:
        for share in np.linspace(0, 1, 21):
            moved = int(400 * share)
            samples = one_window(make_spec(), self.BEFORE, x=[0.5] * moved + [1.5] * (400 - moved), c=["a"] * 400)
            values = values_of(samples, "x")
            exceeds = values[catalogue.FEATURE_PSI] > values[catalogue.FEATURE_PSI_THRESHOLD]
            assert values[catalogue.FEATURE_DRIFTED] == float(exceeds)

    def test_floors_are_the_specs(self) -> None:
        floors = {
            "feature_psi": {"floor": 7.5, "weekdays": {"saturday": 9}},
            "feature_null_ratio": 0.75,
            "feature_new_category_ratio": 0.5,
            "drift_share": 0.95,
        }
        samples = one_window(make_spec(thresholds=floors), self.BEFORE, x=MOVED["x"], c=MOVED["c"])
        assert values_of(samples, "x")[catalogue.FEATURE_PSI_THRESHOLD] == 7.5
        assert values_of(samples, "x")[catalogue.FEATURE_DRIFTED] == 0
        assert values_of(samples, "x")[catalogue.FEATURE_NULL_RATIO_THRESHOLD] == 0.75
        assert values_of(samples, "c")[catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD] == 0.5
        assert values_of(samples)[catalogue.DATA_DRIFT_SHARE_THRESHOLD] == 0.95

    @pytest.mark.parametrize(
        ("end", "day"),
        [
            (datetime(2026, 11, 21, 5, tzinfo=UTC), 5),  # until midnight in New York
            (datetime(2026, 11, 21, 6, tzinfo=UTC), 6),
            (datetime(2026, 11, 26, 6, tzinfo=UTC), 0),  # a holiday
        ],
    )
    def test_a_threshold_is_at_least_the_floor_of_the_windows_weekday(self, end: datetime, day: int) -> None:
        floors = [0.75, 0.5, 0.5, 0.5, 0.5, 0.25, 1]  # Sunday first
        names = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
        weekly = {"floor": 0.5, "weekdays": dict(zip(names, floors, strict=True))}
        scores = ("feature_psi", "feature_null_ratio", "feature_new_category_ratio", "drift_share")
        seasonality = {"timezone": "America/New_York", "holidays": {"dates": ["2026-11-26"]}}
        spec = make_spec(thresholds=dict.fromkeys(scores, weekly), seasonality=seasonality)
        profile = count(self.CELLS, **MOVED)
        window = WindowProfile(
            "1h", Window(end - timedelta(hours=1), end), {V1: profile}, make_window({V1: profile}).hours
        )
        samples = evaluate(spec, self.BEFORE, [window])
        assert [sample.value for sample in samples if sample.metric is catalogue.WINDOW_DAY_OF_WEEK] == [day]
        levels = {threshold for _, threshold in FEATURE_PAIRS}
        published = [sample.value for sample in samples if sample.metric in levels]
        assert len(published) == 6
        assert min(published) == floors[day]

    def test_the_floor_of_a_ratio_is_added_to_that_of_the_reference(self) -> None:
        before = make_reference(self.CELLS, x=[0.5, None, 1.5, None] * 5000, c=["a", "b", "rare", "b"] * 5000)
        values = one_window(make_spec(), before, x=[0.5, None] * 5000, c=["a", "b"] * 5000)
        assert values_of(values, "x")[catalogue.FEATURE_NULL_RATIO_THRESHOLD] == pytest.approx(0.55)
        assert values_of(values, "c")[catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD] == pytest.approx(0.26, abs=0.02)

    def test_a_small_window_needs_more_than_the_floor(self) -> None:
        spec = make_spec()
        samples = one_window(spec, self.BEFORE, x=[0.5, 1.5] * 5 + [1.5] * 5, c=["a", "b"] * 7 + [None])
        rate = thresholds.per_comparison(0.001, 2)
        noise = thresholds.psi_noise(2, 1000, 15, rate)
        assert noise > 0.2
        assert values_of(samples, "x")[catalogue.FEATURE_PSI_THRESHOLD] == pytest.approx(noise)


class TestVersions:
    CELLS = binning(numeric("x"), categorical("c", "a"))
    BEFORE = make_reference(CELLS, x=[0.5] * 9, c=["a"] * 9)

    def profiles(self, **rows: int) -> dict[Group, Profile]:
        return {Group(version): count(self.CELLS, x=[0.5] * many, c=["a"] * many) for version, many in rows.items()}

    def test_each_version_has_its_own_samples(self) -> None:
        samples = evaluate(make_spec(), self.BEFORE, [make_window(self.profiles(v1=7, v2=5))])
        found = found_in(samples)
        for version, rows in {"v1": 7, "v2": 5}.items():
            assert found[catalogue.FEATURE_ROWS, ("fraud", version, "x", "1h")] == rows
        assert found[catalogue.WINDOW_ROWS, ("fraud", catalogue.INFERENCE, "1h")] == 12

    def test_the_most_frequent_versions_are_exposed_and_the_others_counted(self) -> None:
        windows = [
            make_window(self.profiles(v1=1, v2=5, v3=4, v4=4)),
            make_window(self.profiles(v1=9, v2=1, v9=1), "24h"),
        ]
        found = found_in(evaluate(make_spec(limits={"versions": 2}), self.BEFORE, windows))
        shown = {labels[1:] for metric, labels in found if metric is catalogue.VERSION_ROWS}
        assert shown == {("v2", "1h"), ("v3", "1h"), ("v1", "24h"), ("v2", "24h")}
        assert found[catalogue.SERIES_LIMITED, ("fraud", catalogue.VERSION)] == 2
        assert found[catalogue.WINDOW_ROWS, ("fraud", catalogue.INFERENCE, "1h")] == 14

    def test_new_categories_are_named_up_to_the_limit(self) -> None:
        names = ["n3"] * 3 + ["n2"] * 2 + ["n1"] + ["n4"] * 4
        samples = one_window(make_spec(limits={"new_categories": 3}), self.BEFORE, x=[0.5] * 10, c=names)
        rows_of = {
            named(sample): sample.value for sample in samples if sample.metric is catalogue.FEATURE_NEW_CATEGORY_ROWS
        }
        assert rows_of == {("fraud", "v1", "c", f"n{rows}", "1h"): rows for rows in (4, 3, 2)}
        none = one_window(make_spec(limits={"new_categories": 0}), self.BEFORE, x=[0.5] * 10, c=names)
        assert catalogue.FEATURE_NEW_CATEGORY_ROWS not in {sample.metric for sample in none}

    def test_a_category_beyond_the_references_limit_is_not_new(self) -> None:
        before = make_reference(self.CELLS, x=[0.5] * 3, c=["a", "a", "rare"])
        samples = one_window(make_spec(), before, x=[0.5] * 5, c=["a", "rare", "rare", "rare", "new"])
        named = [sample for sample in samples if sample.metric is catalogue.FEATURE_NEW_CATEGORY_ROWS]
        assert [sample.labels[3] for sample in named] == ["new"]
        assert values_of(samples, "c")[catalogue.FEATURE_NEW_CATEGORY_RATIO] == 0.8


class TestRoles:
    CELLS = binning(numeric("x"), categorical("c", "a"))
    BEFORE = make_reference(CELLS, x=[0.5] * 9, c=["a"] * 9)

    def window(self, **rows: int) -> WindowProfile:
        roles = {"unnamed": ""}
        return make_window(
            {
                Group("v1", roles.get(role, role)): count(self.CELLS, x=[0.5] * many, c=["a"] * many)
                for role, many in rows.items()
            }
        )

    def test_champion_and_challenger_of_a_version_have_their_own_samples(self) -> None:
        found = found_in(evaluate(make_spec(), self.BEFORE, [self.window(champion=7, challenger=5, unnamed=3)]))
        for bears, rows in {("champion",): 7, ("challenger",): 5, (): 3}.items():
            assert found[catalogue.FEATURE_ROWS, ("fraud", "v1", "x", "1h", *bears)] == rows
            assert found[catalogue.DATA_DRIFT_SHARE, ("fraud", "v1", "1h", *bears)] == 0
        assert found[catalogue.WINDOW_ROWS, ("fraud", catalogue.INFERENCE, "1h")] == 15

    def test_a_version_is_exposed_in_all_its_roles_or_none(self) -> None:
        groups = {Group("v1", "champion"): 4, Group("v1", "challenger"): 4, Group("v2", "champion"): 5}
        window = make_window({group: count(self.CELLS, x=[0.5] * rows) for group, rows in groups.items()})
        found = found_in(evaluate(make_spec(limits={"versions": 1}), self.BEFORE, [window]))
        shown = {labels for metric, labels in found if metric is catalogue.VERSION_ROWS}
        assert shown == {("fraud", "v1", "1h", "champion"), ("fraud", "v1", "1h", "challenger")}
        assert found[catalogue.SERIES_LIMITED, ("fraud", catalogue.VERSION)] == 1


class TestSegments:
    CELLS = binning(
        quantile_bins(np.linspace(0, 1, 999)), quantile_bins(np.linspace(0, 1, 99), "s"), categorical("c", "A", "B")
    )
    SPEC: ClassVar = {"segments": ["c"], "limits": {"segments": 2}}

    def columns(
        self, rows: int, seed: int, moved: float = 0.0, c: tuple[str, ...] = ("A", "A", "A", "B")
    ) -> dict[str, Any]:
        """Columns in which x and the score of the segment B, a quarter of the rows, can be shifted."""
        generator = np.random.default_rng(seed)
        countries = np.resize(np.array(c), rows)
        away = np.where(countries == "B", moved, 0.0)
        return {"x": generator.uniform(size=rows) + away, "s": generator.uniform(size=rows) + away, "c": countries}

    def groups(self, columns: dict[str, Any]) -> Mapping[Group, Profile]:
        grouping = Grouping(segments={"c": ("A", "B")})
        return profile_partition(whole(pa.table(columns)), self.CELLS, grouping).groups

    def reference(self, columns: dict[str, Any]) -> Reference:
        groups = dict(self.groups(columns))
        return Reference.whole(
            self.CELLS, groups.pop(UNKNOWN), segments={group.segment: part for group, part in groups.items()}
        )

    def evaluated(self, moved: float = 0.0, rows: int = 4000, **body: Any) -> Found:
        window = make_window(self.groups(self.columns(rows, 2, moved)))
        spec = make_spec(score="s", features=[{"name": n, "type": t} for n, t in FEATURES], **self.SPEC, **body)
        return found_in(evaluate(spec, self.reference(self.columns(8000, 1)), [window]))

    def test_each_segment_is_compared_with_that_of_the_reference(self) -> None:
        now, before = self.columns(4000, 2, 0.3), self.columns(8000, 1)
        found = self.evaluated(0.3)
        for name in ("A", "B"):
            alone = {
                side: {column: values[columns["c"] == name] for column, values in columns.items()}
                for side, columns in (("now", now), ("before", before))
            }
            reference = make_reference(self.CELLS, **alone["before"])
            spec = make_spec(score="s", features=[{"name": n, "type": t} for n, t in FEATURES])
            own = found_in(evaluate(spec, reference, [make_window({V1: count(self.CELLS, **alone["now"])})]))
            for metric in (catalogue.FEATURE_PSI, catalogue.FEATURE_MEAN_SHIFT, catalogue.FEATURE_STDDEV_RATIO):
                value = found[metric, ("fraud", "unknown", "x", "1h", f"c={name}")]
                assert value == pytest.approx(own[metric, ("fraud", "v1", "x", "1h")])
            for metric in (catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_PSI):
                value = found[metric, ("fraud", "unknown", "1h", f"c={name}")]
                assert value == pytest.approx(own[metric, ("fraud", "v1", "1h")])

    def test_segments_do_not_change_the_samples_of_the_whole(self) -> None:
        window = make_window({UNKNOWN: self.groups(self.columns(4000, 2))[UNKNOWN]})
        spec = make_spec(score="s", features=[{"name": n, "type": t} for n, t in FEATURES])
        alone = evaluate(spec, make_reference(self.CELLS, **self.columns(8000, 1)), [window])
        beside = self.evaluated()
        assert {key: beside[key] for key in found_in(alone)} == found_in(alone)

    def test_the_column_of_a_segment_is_not_compared_within_it(self) -> None:
        features = {
            labels[2] for (metric, labels) in self.evaluated() if metric is catalogue.FEATURE_PSI and "c=A" in labels
        }
        assert features == {"x"}

    def test_segments_have_only_metrics_with_the_segment_label(self) -> None:
        metrics = {metric for metric, labels in self.evaluated() if any(label.startswith("c=") for label in labels)}
        assert all(catalogue.SEGMENT in metric.labels for metric in metrics)
        assert {catalogue.VERSION_ROWS, catalogue.FEATURE_PSI_THRESHOLD, catalogue.DATA_DRIFT_SHARE} <= metrics

    def test_all_segments_together_have_the_false_positive_rate_of_the_whole(self) -> None:
        found = self.evaluated(rows=400)
        rate = thresholds.per_comparison(0.001, (2 + 3) * 2)  # two features, the score in three ways; two segments
        level = found[catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD, ("fraud", "unknown", "1h", "c=B")]
        assert level == pytest.approx(thresholds.mean_shift_noise(2000, 100, rate))

    def test_only_the_segment_that_drifts_is_above_its_threshold(self) -> None:
        found = self.evaluated(0.5, thresholds={"drift_share": 0.6, "prediction_mean_shift": 0.6})
        drift = {labels[-1]: value for (metric, labels), value in found.items() if metric is catalogue.SEGMENT_DRIFT}
        level = {labels[-1] for metric, labels in found if metric is catalogue.SEGMENT_DRIFT_THRESHOLD}
        assert drift["c=A"] < 1 < drift["c=B"]
        assert level == {"c=A", "c=B"}

    def test_while_the_whole_is_above_its_threshold_segments_have_none(self) -> None:
        found = self.evaluated(2.0, thresholds={"drift_share": 0.1})
        assert found[catalogue.SEGMENT_DRIFT, ("fraud", "unknown", "1h", "c=B")] > 1
        assert not [labels for metric, labels in found if metric is catalogue.SEGMENT_DRIFT_THRESHOLD]

    def test_a_segment_without_a_reference_has_no_samples(self) -> None:
        groups = self.groups(self.columns(400, 2))
        reference = make_reference(self.CELLS, **self.columns(800, 1))
        spec = make_spec(score="s", features=[{"name": n, "type": t} for n, t in FEATURES], **self.SPEC)
        found = found_in(evaluate(spec, reference, [make_window(groups)]))
        assert not [labels for _, labels in found if any(label.startswith("c=") for label in labels)]

    def test_values_beyond_the_limit_are_counted(self) -> None:
        columns = self.columns(400, 2, c=("A", "B", "new", "newer", "newest"))
        spec = make_spec(features=[{"name": n, "type": t} for n, t in FEATURES], segments=["c"], limits={"segments": 1})
        found = found_in(evaluate(spec, self.reference(self.columns(800, 1)), [make_window(self.groups(columns))]))
        assert found[catalogue.SERIES_LIMITED, ("fraud", catalogue.SEGMENT)] == 4

    def test_segments_without_drift_do_not_alert(self) -> None:
        alarms = 0
        for seed in range(20):
            window = make_window(self.groups(self.columns(1000, seed)))
            spec = make_spec(score="s", features=[{"name": n, "type": t} for n, t in FEATURES], **self.SPEC)
            samples = evaluate(spec, self.reference(self.columns(4000, 100 + seed)), [window])
            alarms += len(conditions(samples, {"1h"}))
        assert alarms == 0


class TestLaws:
    VALUES = st.none() | st.floats() | st.sampled_from([0.0, 1.0, 1e308])
    ROWS = st.lists(st.tuples(VALUES, st.none() | st.sampled_from(["a", "b", "", "é"]), VALUES), max_size=40)

    def profile(self, cells: Binning, rows: list[Any]) -> Profile:
        if not rows:
            return merge_profiles(cells, [])
        x, c, s = map(list, zip(*rows, strict=True))
        return count(cells, x=pa.array(x, pa.float64()), c=pa.array(c, pa.string()), s=pa.array(s, pa.float64()))

    def evaluated(self, before: list[Any], now: list[Any], versions: int = 2) -> list[Sample]:
        cells = Binning((numeric("x"), CategoricalBins("c", ("a", "b")), numeric("s", (0.0, 0.5))))
        profiles = {Group(f"v{number}"): self.profile(cells, now) for number in range(versions)}
        windows = [make_window(profiles), make_window(profiles, "24h")]
        return evaluate(make_spec(score="s"), Reference.whole(cells, self.profile(cells, before)), windows)

    @given(ROWS, ROWS)
    @settings(max_examples=60)
    def test_samples_are_valid_for_any_rows(self, before: list[Any], now: list[Any]) -> None:
        samples = self.evaluated(before, now)
        found = found_in(samples)
        known = {part for metric in catalogue.METRICS for part in metric.series}
        assert all(sample.metric in known for sample in samples)
        assert all(len(sample.labels) == len(sample.metric.labels) for sample in samples)
        assert all(type(sample.value) is float and math.isfinite(sample.value) for sample in samples)
        for metric, labels in found:
            for score, threshold in FEATURE_PAIRS:
                if metric in (score, threshold):
                    assert {(score, labels), (threshold, labels)} <= found.keys()
        for sample in samples:
            if sample.metric.unit is catalogue.Unit.RATIO:
                assert 0 <= sample.value <= 1
            if sample.metric.unit is catalogue.Unit.FLAG:
                assert sample.value in (0, 1)

    @given(ROWS)
    @settings(max_examples=30)
    def test_the_same_profiles_give_the_same_samples_in_the_same_order(self, rows: list[Any]) -> None:
        assert self.evaluated(rows, rows) == self.evaluated(rows, rows)


class TestDistributions:
    BEFORE = TestByHand.BEFORE

    @pytest.mark.parametrize(("limit", "expected"), [(0, set()), (1, {"x"}), (2, {"x", "c"})])
    def test_the_spec_limits_the_features_with_a_distribution(self, limit: int, expected: set[str]) -> None:
        samples = one_window(make_spec(limits={"distributions": limit}), self.BEFORE, x=[2.5] * 100, c=["a"] * 100)
        ratios = (catalogue.FEATURE_BIN_RATIO, catalogue.FEATURE_BIN_RATIO_REFERENCE)
        found = [sample for sample in samples if sample.metric in ratios]
        place = catalogue.FEATURE_BIN_RATIO.labels.index(catalogue.FEATURE)
        assert {sample.labels[place] for sample in found} == expected
        assert sum(sample.value for sample in found) == pytest.approx(2 * len(expected))
