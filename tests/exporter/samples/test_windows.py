"""Samples of windows: by hand, against the raw rows, and for any rows."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from exporter import catalogue
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.group import Group
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile, merge_profiles
from exporter.reference.reference import Reference, build_binning
from exporter.samples.windows import Sample, evaluate
from exporter.sources.source import Selection
from profiling import binning, categorical, count, numeric, whole
from window_samples import (
    CATEGORICAL_ONLY,
    END,
    EVERY_FEATURE,
    FEATURE_PAIRS,
    NUMERIC_ONLY,
    V1,
    found_in,
    make_reference,
    make_spec,
    make_window,
    one_window,
    values_of,
)


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
    CELLS = binning(numeric("x", (0.0, 1.0, 2.0), pivot=1.0), categorical("c", "a", "b"))
    BEFORE = make_reference(CELLS, x=[0.5] * 50 + [1.5] * 50, c=["a"] * 60 + ["b"] * 40)

    @pytest.mark.parametrize(("limit", "expected"), [(0, set()), (1, {"x"}), (2, {"x", "c"})])
    def test_the_spec_limits_the_features_with_a_distribution(self, limit: int, expected: set[str]) -> None:
        samples = one_window(make_spec(limits={"distributions": limit}), self.BEFORE, x=[2.5] * 100, c=["a"] * 100)
        ratios = (catalogue.FEATURE_BIN_RATIO, catalogue.FEATURE_BIN_RATIO_REFERENCE)
        found = [sample for sample in samples if sample.metric in ratios]
        place = catalogue.FEATURE_BIN_RATIO.labels.index(catalogue.FEATURE)
        assert {sample.labels[place] for sample in found} == expected
        assert sum(sample.value for sample in found) == pytest.approx(2 * len(expected))
