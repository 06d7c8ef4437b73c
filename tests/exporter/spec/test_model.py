from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter import catalogue
from exporter.spec.model import ModelSpec, Source
from exporter.spec.schema import EXAMPLE
from spec_parts import body, document, refusal

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class TestDefaults:
    def test_a_spec_is_complete(self) -> None:
        spec = ModelSpec.model_validate(EXAMPLE)
        assert spec.name == "fraud"
        assert (spec.metadata.team, spec.metadata.owner, spec.metadata.labels) == ("unknown", "unknown", {})
        assert (spec.spec.inference.grain, spec.spec.inference.delay) == (HOUR, timedelta(minutes=10))
        assert spec.spec.windows == (HOUR, DAY, 7 * DAY)
        assert spec.spec.seasonality.timezone == "UTC"
        assert spec.spec.thresholds.feature_psi is None
        assert spec.spec.thresholds.drift_share.floor == 0.2
        assert [feature.importance for feature in spec.spec.features] == [1, 1]

    def test_values_are_withdrawn_three_grains_after_the_delay(self) -> None:
        source = {"local": "log/%Y-%m-%d.parquet"}
        assert (
            body(inference={"source": source, "grain": "1d", "delay": "2h"}).inference.staleness == 3 * DAY + 2 * HOUR
        )
        assert body(inference={"source": source, "stale_after": "5h"}).inference.staleness == 5 * HOUR

    @pytest.mark.parametrize(
        ("windows", "alerting", "expected"),
        [
            (["1h", "24h", "7d"], {}, (HOUR, DAY)),
            (["7d", "2d"], {}, (2 * DAY,)),
            (["1h", "24h", "7d"], {"windows": ["7d"]}, (7 * DAY,)),
        ],
    )
    def test_windows_of_at_most_a_day_alert(self, windows: list[str], alerting: object, expected: object) -> None:
        assert body(windows=windows, alerting=alerting).alert_windows == expected

    @pytest.mark.parametrize(
        ("task", "edges", "expected"),
        [
            ("binary_classification", None, (0.5, 0.6, 0.7, 0.8, 0.9, 1)),
            ("multiclass_classification", None, (0, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
            ("binary_classification", [0.9, 0.99], (0.5, 0.9, 0.99, 1)),
            ("multiclass_classification", [0, 0.25, 1], (0, 0.25, 1)),
            ("regression", None, ()),
            ("ranking", None, ()),
        ],
    )
    def test_buckets_of_confidence_reach_from_the_least_there_can_be_to_1(
        self, task: str, edges: list[float] | None, expected: tuple[float, ...]
    ) -> None:
        log = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "confidence": edges}
        assert body(task=task, inference=log).confidence_edges == expected

    @pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification"])
    def test_only_a_classifier_has_classes(self, task: str) -> None:
        log = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": {"prediction": "answer"}}
        assert body(task=task, inference=log).class_column == "answer"
        assert body(task="regression", inference=log).class_column is None

    def test_a_key_with_nothing_after_it_is_left_out(self) -> None:
        empty = dict.fromkeys(
            ["segments", "windows", "seasonality", "thresholds", "slos", "alerting", "limits", "labels"]
        )
        assert body(**empty) == body()
        assert body(thresholds={"drift_share": None}, alerting={"page": None}) == body()

    def test_but_not_a_label_and_not_an_unknown_key(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            body(unknown=None)
        with pytest.raises(ValidationError, match="string_type"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {"env": None}}})


class TestFrozen:
    def test_no_part_can_be_changed(self) -> None:
        spec = ModelSpec.model_validate(EXAMPLE)
        for part, name in ((spec, "kind"), (spec.metadata, "name"), (spec.spec.inference.source, "s3")):
            with pytest.raises(ValidationError, match="frozen"):
                setattr(part, name, "other")

    def test_what_it_was_made_from_can(self) -> None:
        original = copy.deepcopy({**EXAMPLE, "metadata": {"name": "fraud", "labels": {"env": "prod"}}})
        spec = ModelSpec.model_validate(original)
        original["metadata"]["labels"]["env"] = "test"
        original["spec"]["features"].clear()
        assert spec.metadata.labels == {"env": "prod"}
        assert len(spec.spec.features) == 2

    def test_defaults_are_not_shared(self) -> None:
        first, second = (ModelSpec.model_validate(EXAMPLE) for _ in range(2))
        assert first.metadata.labels is not second.metadata.labels


class TestMetadata:
    @pytest.mark.parametrize(
        "label", [catalogue.MODEL, catalogue.TEAM, catalogue.SEVERITY, *catalogue.TARGET_LABELS, "alertname", "le"]
    )
    def test_a_label_that_means_something_else_is_refused(self, label: str) -> None:
        with pytest.raises(ValidationError, match="choose another name"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})

    @pytest.mark.parametrize("label", ["", "__meta", "_x", "a-b", "9", "é", "a b"])
    def test_a_label_has_a_label_name(self, label: str) -> None:
        with pytest.raises(ValidationError, match="must be a Prometheus label name"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})

    def test_no_metric_has_a_label_that_a_model_may_choose(self) -> None:
        for metric in catalogue.METRICS:
            for label in metric.labels:
                with pytest.raises(ValidationError):
                    ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})


class TestSource:
    @pytest.mark.parametrize(
        ("source", "kind"),
        [
            ({"s3": "s3://bucket/a/%Y/%m/%d/%H/*.parquet"}, "s3"),
            ({"local": "../log/%Y%j.parquet"}, "local"),
            ({"bigquery": "my-project.ml.log_v2"}, "bigquery"),
            ({"bigquery": "example.com:my-project.ml.log$20261122"}, "bigquery"),
        ],
    )
    def test_has_a_kind(self, source: dict[str, str], kind: str) -> None:
        found = Source.model_validate(source)
        assert (found.kind, found.template) == (kind, source[kind])

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ({}, "must have exactly one of s3, local, bigquery"),
            ({"s3": "s3://bucket/a", "local": "a"}, "must have exactly one of s3, local, bigquery"),
            ({"s3": "bucket/a"}, "must be s3://bucket/path"),
            ({"s3": "s3://bucket"}, "must be s3://bucket/path"),
            ({"s3": "s3://Bucket/a"}, "must be s3://bucket/path"),
            ({"local": "log/%A-%y"}, "has %A, %y; a path may use %Y, %m, %d, %j, %H and %M"),
            ({"local": "log/100%"}, "has %; a path may use %Y, %m, %d, %j, %H and %M"),
            ({"bigquery": "dataset.table"}, "must be project.dataset.table"),
            ({"bigquery": "my-project.ml.log`; DROP"}, "must be project.dataset.table"),
            ({"bigquery": "my-project.ml.log", "partition_column": "at` = 1 --"}, "must be the name of a column"),
            (
                {"bigquery": "my-project.ml.log", "location": "the EU"},
                "must be a location such as EU, US or europe-west3",
            ),
            ({"local": "a", "location": "EU"}, "must not have location: only a table in BigQuery has"),
        ],
    )
    def test_has_the_form_of_its_kind(self, source: dict[str, str], message: str) -> None:
        with pytest.raises(ValidationError) as caught:
            Source.model_validate(source)
        assert caught.value.errors()[0]["msg"].endswith(message)

    def test_a_table_says_how_it_may_be_queried(self) -> None:
        plain = Source.model_validate({"bigquery": "my-project.ml.log"})
        assert (plain.billing_limit, plain.unpartitioned) == (100 * 10**9, False)
        told = {"partition_column": "_PARTITIONTIME", "maximum_bytes_billed": "2GiB", "unpartitioned": True}
        found = Source.model_validate({"bigquery": "my-project.ml.log", "location": "europe-west3", **told})
        assert found.billing_limit == 2 * 2**30


class TestSlo:
    SLO: dict[str, Any] = {"name": "auroc", "metric": "auroc", "at_least": 0.9, "objective": 0.95}  # noqa: RUF012 - read only

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"at_most": 1}, "must have exactly one of at_least, at_most, tolerance"),
            ({"at_least": None}, "must have exactly one of at_least, at_most, tolerance"),
            ({"over": "rolling"}, "must have a window when over is rolling, and only then"),
            ({"window": "7d"}, "must have a window when over is rolling, and only then"),
            ({"period": "1d"}, "must have a slice shorter than its period"),
            ({"objective": 95}, "must be between 0 and 1"),
        ],
    )
    def test_is_consistent(self, changes: dict[str, Any], message: str) -> None:
        assert refusal(slos=[{**self.SLO, **changes}]) == message

    def test_a_rolling_one_has_a_window(self) -> None:
        [slo] = body(slos=[{**self.SLO, "over": "rolling", "window": "7d"}]).slos
        assert (slo.window, slo.period, slo.slice) == (7 * DAY, 30 * DAY, DAY)


class TestReference:
    @pytest.mark.parametrize("reference", [{}, {"trailing": "4w", "source": {"local": "a"}}])
    def test_is_one_thing(self, reference: dict[str, Any]) -> None:
        assert refusal(reference=reference) == "must have exactly one of source, period, trailing"

    def test_a_period_has_both_its_days(self) -> None:
        period = body(reference={"period": {"from": "2026-08-01", "to": date(2026, 8, 1)}}).reference.period
        assert period is not None
        assert (period.start, period.end) == (date(2026, 8, 1), date(2026, 8, 1))
        assert (
            refusal(reference={"period": {"from": "2026-08-02", "to": "2026-08-01"}}) == "must not end before it starts"
        )


class TestArguments:
    def test_have_the_keys_and_the_words_of_yaml(self) -> None:
        arguments = ModelSpec.model_validate(document(reference={"period": {"from": "2026-08-01", "to": "2026-10-31"}}))
        plain = arguments.as_arguments()
        assert plain["apiVersion"] == "leeway/v1"
        assert plain["spec"]["reference"]["period"] == {"from": "2026-08-01", "to": "2026-10-31"}
        assert plain["spec"]["windows"] == ["1h", "24h", "7d"]

    def test_are_complete(self) -> None:
        plain = ModelSpec.model_validate(EXAMPLE).as_arguments()
        assert plain["spec"]["inference"]["stale_after"] == "3h10m"
        assert plain["spec"]["alerting"]["windows"] == ["1h", "24h"]

    def test_are_a_spec_that_says_the_same(self) -> None:
        plain = ModelSpec.model_validate(EXAMPLE).as_arguments()
        assert ModelSpec.model_validate(plain).as_arguments() == plain


class TestFingerprint:
    def test_is_of_the_meaning_not_of_the_words(self) -> None:
        given = ModelSpec.model_validate(
            document(windows=["60m", "1d", "1w"], thresholds={"drift_share": {"floor": 0.2}})
        )
        assert given.fingerprint() == ModelSpec.model_validate(EXAMPLE).fingerprint()

    @given(st.integers(1, 10_000), st.integers(1, 10_000))
    def test_differs_when_the_spec_does(self, first: int, second: int) -> None:
        prints = [ModelSpec.model_validate(document(limits={"categories": n})).fingerprint() for n in (first, second)]
        assert (prints[0] == prints[1]) == (first == second)
        assert all(len(text) == 12 and int(text, 16) >= 0 for text in prints)
