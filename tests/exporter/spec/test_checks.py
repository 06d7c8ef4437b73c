from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.checks import absent_directives, mistakes
from exporter.spec.messages import format_path
from exporter.spec.model import Body
from exporter.spec.schema import EXAMPLE
from exporter.spec.sections.task import Task

LABELS = {"source": {"local": "labels/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "fraud"}}
JOINED = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "score": "p"}}
COLUMNS = {
    "multiclass_classification": {"prediction": "class", "scores": {"a": "p_a", "b": "p_b"}},
    "ranking": {"score": "p", "query": "q"},
}
"""What a task needs beside ids, where that is not one score."""
EVEN_GRAINS = [timedelta(minutes=20), timedelta(hours=1), timedelta(hours=6), timedelta(days=1)]
GRAINS = [*EVEN_GRAINS, timedelta(minutes=90), timedelta(hours=7), timedelta(weeks=1)]


def found(*broken: str, **parts: Any) -> list[str]:
    body = Body.model_validate({**EXAMPLE["spec"], **parts})
    return [f"{format_path(path)}: {message}" for path, message in mistakes(body, broken)]


def slo(**changes: Any) -> dict[str, Any]:
    return {"name": "slo", "metric": "auroc", "at_least": 0.9, "objective": 0.95, **changes}


def test_the_least_spec_has_no_mistakes() -> None:
    assert found() == []


class TestPaths:
    @pytest.mark.parametrize(
        ("template", "grain", "absent"),
        [
            ("%Y-%m-%dT%H", timedelta(hours=1), ()),
            ("%Y%j/%H", timedelta(hours=1), ()),
            ("%Y-%m-%d", timedelta(hours=1), ("%H",)),
            ("%Y-%m-%dT%H", timedelta(minutes=15), ("%M",)),
            ("%Y-%m-%dT%H", timedelta(minutes=90), ("%M",)),
            ("%Y-%m-%d", timedelta(days=1), ()),
            ("%Y-%m-%d", timedelta(weeks=1), ()),
            ("%m-%d", timedelta(days=1), ("%Y",)),
            ("%H", timedelta(hours=1), ("%Y", "%m", "%d")),
            ("%Y/%d", timedelta(days=1), ("%m",)),
            ("latest", timedelta(minutes=1), ("%Y", "%m", "%d", "%H", "%M")),
        ],
    )
    def test_lack_what_tells_partitions_apart(self, template: str, grain: timedelta, absent: tuple[str, ...]) -> None:
        assert absent_directives(template, grain) == absent

    @given(
        st.permutations(["%Y", "%m", "%d", "%j", "%H", "%M"]).flatmap(
            lambda order: st.integers(0, 6).map(lambda count: "/".join(order[:count]))
        ),
        st.sampled_from(GRAINS),
        st.lists(st.integers(0, 40_000), min_size=2, max_size=2, unique=True),
    )
    def test_that_lack_nothing_name_every_partition_apart(self, template: str, grain: timedelta, at: list[int]) -> None:
        first, second = (datetime(2024, 1, 1, tzinfo=UTC) + index * grain for index in at)
        assert absent_directives(template, grain) or first.strftime(template) != second.strftime(template)

    @given(st.permutations(["%Y", "%m", "%d", "%H", "%M"]), st.integers(0, 4), st.sampled_from(EVEN_GRAINS))
    def test_that_lack_something_name_two_partitions_alike(
        self, order: list[str], count: int, grain: timedelta
    ) -> None:
        template = "/".join(order[:count])
        starts = (datetime(2024, 1, 1, tzinfo=UTC) + index * grain for index in range(2 * timedelta(days=366) // grain))
        names: set[str] = set()
        alike = any(name in names or names.add(name) for name in (start.strftime(template) for start in starts))
        assert alike or not absent_directives(template, grain)

    def test_of_labels_have_a_grain_of_their_own(self) -> None:
        daily = {**LABELS, "source": {"local": "labels/%Y-%m-%d.parquet"}}
        assert found(labels={**daily, "grain": "1d"}, inference=JOINED) == []
        assert found(labels=daily, inference=JOINED) == [
            "spec.labels.source.local: must name every partition apart: add %H"
        ]

    def test_of_a_table_need_a_timestamp(self) -> None:
        source = {"bigquery": "my-project.ml.log"}
        assert found(inference={"source": source, "columns": {"timestamp": "at"}}) == []
        assert found(inference={"source": source}) == [
            "spec.inference.columns.timestamp: must be given: a partition's rows are found in the table by it"
        ]

    @pytest.mark.parametrize("path", ["train.parquet", "train/{version}/*.parquet", "train/"])
    def test_of_a_reference_may_hold_a_version(self, path: str) -> None:
        assert found(reference={"source": {"local": path}}) == []


class TestReference:
    def test_from_the_log_is_longer_than_the_windows(self) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H"}, "columns": {"timestamp": "at"}}
        assert found(inference=inference, reference={"trailing": "2w"}) == []
        assert found(inference=inference, reference={"trailing": "7d"}) == [
            "spec.reference.trailing: must be longer than the longest window, 7d"
        ]
        assert found(inference=inference, reference={"trailing": "8d"}) == [
            "spec.reference.trailing: must be whole weeks, such as 4w"
        ]

    @pytest.mark.parametrize("grain", ["5m", "1h", "12h", "1d"])
    def test_of_days_fits_a_grain_that_divides_them(self, grain: str) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H%M"}, "grain": grain, "columns": {"timestamp": "at"}}
        period = {"period": {"from": "2026-08-01", "to": "2026-10-31"}}
        assert found(inference=inference, reference=period, windows=["1d"]) == []


class TestReferenceLabel:
    @pytest.mark.parametrize("use", ["score", "prediction", "prediction_id"])
    def test_the_truth_is_not_what_the_model_says(self, use: str) -> None:
        inference = {**JOINED, "columns": {"score": "p", use: "fraud"}}
        reference = {"source": {"local": "reference.parquet"}, "columns": {"label": "fraud"}}
        expected = f"is the column of inference.columns.{use}, and cannot be the truth about it"
        assert f"spec.reference.columns.label: {expected}" in found(inference=inference, reference=reference)

    def test_a_log_has_its_labels_elsewhere(self) -> None:
        inference = {**JOINED, "columns": {"score": "p", "timestamp": "at"}}
        reference = {"trailing": "4w", "columns": {"label": "fraud"}}
        told = "spec.reference.columns: must be left out: it is about a data set, and this reference is the log"
        assert told in found(inference=inference, reference=reference)


class TestStaleness:
    @pytest.mark.parametrize(("stale_after", "count"), [("70m", 0), ("69m", 1), ("5m", 1)])
    def test_outlasts_the_wait_for_the_next_partition(self, stale_after: str, count: int) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H"}, "grain": "1h", "delay": "10m", "stale_after": stale_after}
        assert len(found(inference=inference)) == count


class TestSegments:
    @pytest.mark.parametrize("segment", ["country_code", "kind", "role", "version"])
    def test_are_categorical_features_and_columns(self, segment: str) -> None:
        columns = {"prediction": "kind", "role": "role", "model_version": "version", "score": "score"}
        assert found(segments=[segment], inference={**JOINED, "columns": columns}) == []

    @pytest.mark.parametrize("segment", ["age", "predicted_score", "somewhere"])
    def test_are_nothing_else(self, segment: str) -> None:
        assert found(segments=[segment]) == ["spec.segments[0]: must be a categorical feature or column"]


class TestFeatures:
    @pytest.mark.parametrize("use", ["timestamp", "prediction_id", "model_version", "score", "prediction", "role"])
    def test_are_columns_of_their_own(self, use: str) -> None:
        assert found(inference={"source": JOINED["source"], "columns": {use: "age"}}) == [
            f"spec.features[0].name: is the column of inference.columns.{use}, and cannot be a feature too"
        ]


class TestTasks:
    @pytest.mark.parametrize("task", get_args(Task))
    def test_labels_need_what_they_are_compared_with(self, task: str) -> None:
        bare = {**JOINED, "columns": {"prediction_id": "id"}}
        needed = {"multiclass_classification": ["prediction"], "ranking": ["score", "query"]}.get(task, ["score"])
        assert found(task=task, labels=LABELS, inference=bare) == [
            f"spec.inference.columns.{use}: must be given: labels of {task} are compared with it" for use in needed
        ]

    def test_a_single_class_is_not_all_of_them(self) -> None:
        columns = {"prediction": "class", "scores": {"a": "p_a"}}
        assert found(task="multiclass_classification", inference={**JOINED, "columns": columns}) == [
            "spec.inference.columns.scores: must name every class, not a single one"
        ]


class TestBrokenParts:
    @pytest.mark.parametrize(
        ("broken", "told"),
        [
            ((), ["windows[1]", "alerting.windows[0]", "features[1].name"]),
            (("inference",), ["alerting.windows[0]", "features[1].name"]),
            (("alerting",), ["windows[1]", "features[1].name"]),
            (("windows",), ["features[1].name"]),
            (("features", "windows"), []),
        ],
    )
    def test_silence_only_what_reads_them(self, broken: tuple[str, ...], told: list[str]) -> None:
        feature = {"name": "age", "type": "numeric"}
        all_told = found(*broken, windows=["1h", "90m"], alerting={"windows": ["2h"]}, features=[feature, feature])
        assert [line.partition(": ")[0] for line in all_told] == [f"spec.{path}" for path in told]
