from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.checks.logs import missing_directives
from exporter.spec.sections.task import Task
from spec_parts import LABELS, LOG_WITH_IDS, inconsistencies

EVEN_GRAINS = [timedelta(minutes=20), timedelta(hours=1), timedelta(hours=6), timedelta(days=1)]
GRAINS = [*EVEN_GRAINS, timedelta(minutes=90), timedelta(hours=7), timedelta(weeks=1)]


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
    def test_missing_directives_are_found(self, template: str, grain: timedelta, absent: tuple[str, ...]) -> None:
        assert missing_directives(template, grain) == absent

    @given(
        st.permutations(["%Y", "%m", "%d", "%j", "%H", "%M"]).flatmap(
            lambda order: st.integers(0, 6).map(lambda count: "/".join(order[:count]))
        ),
        st.sampled_from(GRAINS),
        st.lists(st.integers(0, 40_000), min_size=2, max_size=2, unique=True),
    )
    def test_with_all_directives_differ_for_every_partition(
        self, template: str, grain: timedelta, at: list[int]
    ) -> None:
        first, second = (datetime(2024, 1, 1, tzinfo=UTC) + index * grain for index in at)
        assert missing_directives(template, grain) or first.strftime(template) != second.strftime(template)

    @given(st.permutations(["%Y", "%m", "%d", "%H", "%M"]), st.integers(0, 4), st.sampled_from(EVEN_GRAINS))
    def test_with_a_missing_directive_are_equal_for_two_partitions(
        self, order: list[str], count: int, grain: timedelta
    ) -> None:
        template = "/".join(order[:count])
        starts = (datetime(2024, 1, 1, tzinfo=UTC) + index * grain for index in range(2 * timedelta(days=366) // grain))
        names: set[str] = set()
        alike = any(name in names or names.add(name) for name in (start.strftime(template) for start in starts))
        assert alike or not missing_directives(template, grain)

    def test_of_labels_depend_on_the_grain_of_labels(self) -> None:
        daily = {**LABELS, "source": {"local": "labels/%Y-%m-%d.parquet"}}
        assert inconsistencies(labels={**daily, "grain": "1d"}, inference=LOG_WITH_IDS) == []
        assert inconsistencies(labels=daily, inference=LOG_WITH_IDS) == [
            "spec.labels.source.local: must be a different path for every partition: add %H"
        ]

    def test_of_a_table_need_a_timestamp(self) -> None:
        source = {"bigquery": "my-project.ml.log"}
        assert inconsistencies(inference={"source": source, "columns": {"timestamp": "at"}}) == []
        assert inconsistencies(inference={"source": source}) == [
            "spec.inference.columns.timestamp: is required: it selects a partition's rows in the table"
        ]

    def test_a_table_in_folders_of_its_partitions_needs_no_timestamp(self) -> None:
        source = {"athena": "ml.log", "partition_keys": {"dt": "%Y-%m-%d", "hour": "%H"}}
        assert inconsistencies(inference={"source": source}) == []
        assert inconsistencies(inference={"source": source | {"partition_keys": {"dt": "%Y-%m-%d"}}}) == [
            "spec.inference.columns.timestamp: is required: it selects a partition's rows in the table"
        ]


class TestStaleness:
    @pytest.mark.parametrize(("stale_after", "count"), [("70m", 0), ("69m", 1), ("5m", 1)])
    def test_stale_after_is_at_least_delay_plus_grain(self, stale_after: str, count: int) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H"}, "grain": "1h", "delay": "10m", "stale_after": stale_after}
        assert len(inconsistencies(inference=inference)) == count


class TestLabels:
    @pytest.mark.parametrize("task", ["multiclass_classification", "regression", "ranking"])
    def test_are_positive_only_for_two_classes(self, task: str) -> None:
        columns = {"prediction_id": "id", "score": "s", "prediction": "p", "query": "q"}
        source = {"local": "labels/%Y%m%dT%H"}
        labels = {"source": source, "columns": {"prediction_id": "id", "label": "y"}, "positive": "fraud"}
        inference = {**LOG_WITH_IDS, "columns": columns if task == "ranking" else {**columns, "query": None}}
        assert inconsistencies(task=task, inference=inference, labels=labels) == [
            f"spec.labels.positive: is only for binary_classification, not for {task}"
        ]

    @pytest.mark.parametrize("task", get_args(Task))
    def test_need_the_columns_that_they_are_compared_with(self, task: str) -> None:
        bare = {**LOG_WITH_IDS, "columns": {"prediction_id": "id"}}
        needed = {"multiclass_classification": ["prediction"], "ranking": ["score", "query"]}.get(task, ["score"])
        assert inconsistencies(task=task, labels=LABELS, inference=bare) == [
            f"spec.inference.columns.{use}: is required: labels of {task} are compared with it" for use in needed
        ]
