"""Samples of windows: absent values, and the drift share with its thresholds."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from exporter import catalogue
from exporter.samples.windows import WindowProfile, evaluate
from exporter.spec.windows import Window
from exporter.statistics import thresholds
from profiling import binning, categorical, count, numeric
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
            catalogue.COLUMN_READABLE_RATIO,
            catalogue.DATA_READABLE_RATIO,
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


STILL = {"x": [0.5, 1.5] * 200, "y": [0.5, 1.5] * 200, "c": ["a", "b"] * 200}
MOVED = {"x": [1.5] * 400, "y": [1.5] * 400, "c": ["new"] * 400}


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
        drifted = {name: values_of(samples, name).get(catalogue.FEATURE_DRIFTED) for name in "xyc"}
        absent = {"c": None} if "c" in moved else {}  # only new categories: nothing known is left to compare
        assert drifted == {name: float(name in moved) for name in "xyc"} | absent
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
            "drift_share": 0.95,
        }
        samples = one_window(make_spec(thresholds=floors), self.BEFORE, x=MOVED["x"], c=MOVED["c"])
        assert values_of(samples, "x")[catalogue.FEATURE_PSI_THRESHOLD] == 7.5
        assert values_of(samples, "x")[catalogue.FEATURE_DRIFTED] == 0
        assert values_of(samples, "x")[catalogue.FEATURE_NULL_RATIO_THRESHOLD] == 0.75
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
        scores = ("feature_psi", "feature_null_ratio", "drift_share")
        seasonality = {"timezone": "America/New_York", "holidays": {"dates": ["2026-11-26"]}}
        spec = make_spec(thresholds=dict.fromkeys(scores, weekly), seasonality=seasonality)
        profile = count(self.CELLS, **MOVED | {"c": ["a"] * 200 + ["new"] * 200})
        window = WindowProfile(
            "1h", Window(end - timedelta(hours=1), end), {V1: profile}, make_window({V1: profile}).hours
        )
        samples = evaluate(spec, self.BEFORE, [window])
        assert [sample.value for sample in samples if sample.metric is catalogue.WINDOW_DAY_OF_WEEK] == [day]
        levels = {threshold for _, threshold in FEATURE_PAIRS}
        published = [sample.value for sample in samples if sample.metric in levels]
        assert len(published) == 5
        assert min(published) == floors[day]

    def test_the_floor_of_a_ratio_is_added_to_that_of_the_reference(self) -> None:
        before = make_reference(self.CELLS, x=[0.5, None, 1.5, None] * 5000, c=["a", "b", "rare", "b"] * 5000)
        values = one_window(make_spec(), before, x=[0.5, None] * 5000, c=["a", "b"] * 5000)
        assert values_of(values, "x")[catalogue.FEATURE_NULL_RATIO_THRESHOLD] == pytest.approx(0.55)

    def test_a_small_window_needs_more_than_the_floor(self) -> None:
        spec = make_spec()
        samples = one_window(spec, self.BEFORE, x=[0.5, 1.5] * 5 + [1.5] * 5, c=["a", "b"] * 7 + [None])
        rate = thresholds.per_comparison(0.001, 2)
        noise = thresholds.psi_noise(2, 1000, 15, rate)
        assert noise > 0.2
        assert values_of(samples, "x")[catalogue.FEATURE_PSI_THRESHOLD] == pytest.approx(noise)


def test_a_feature_that_the_files_lack_counts_as_drifted() -> None:
    spec = make_spec(min_rows=10)
    before = make_reference(TestAbsence.CELLS, x=[0.5, 1.5] * 50, c=["a", "b"] * 50, s=[0.2, 0.4] * 50)
    calm = replace(count(before.binning, c=["a", "b"] * 50), unreadable={})
    lost = replace(calm, unreadable={"x": 100})
    for profile, share in ((calm, 0.0), (lost, 0.5), (replace(lost, unreadable={"x": 5}), 0.0)):
        values = values_of(evaluate(spec, before, [make_window({V1: profile})]))
        assert values[catalogue.DATA_DRIFT_SHARE] == share
