"""Samples of windows by version, role and segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.profiles.group import Group
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile
from exporter.reference.reference import Reference
from exporter.samples.conditions import conditions
from exporter.samples.windows import WindowProfile, evaluate
from exporter.statistics import thresholds
from profiling import UNKNOWN, binning, categorical, count, numeric, quantile_bins, whole
from window_samples import (
    FEATURES,
    V1,
    Found,
    found_in,
    make_reference,
    make_spec,
    make_window,
    named,
    one_window,
    values_of,
)


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
