from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.spec.model import ModelSpec
from exporter.spec.schema import EXAMPLE
from spec_parts import body, document

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
    def test_confidence_buckets_range_from_the_lowest_confidence_to_1(
        self, task: str, edges: list[float] | None, expected: tuple[float, ...]
    ) -> None:
        log = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "confidence": edges}
        assert body(task=task, inference=log).confidence_edges == expected

    @pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification"])
    def test_only_a_classifier_has_classes(self, task: str) -> None:
        log = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": {"prediction": "answer"}}
        assert body(task=task, inference=log).class_column == "answer"
        assert body(task="regression", inference=log).class_column is None

    def test_an_empty_key_equals_a_missing_key(self) -> None:
        empty = dict.fromkeys(
            ["segments", "windows", "seasonality", "thresholds", "slos", "alerting", "limits", "labels"]
        )
        assert body(**empty) == body()
        assert body(thresholds={"drift_share": None}, alerting={"page": None}) == body()

    def test_an_empty_label_or_unknown_key_is_an_error(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            body(unknown=None)
        with pytest.raises(ValidationError, match="string_type"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {"env": None}}})


class TestFrozen:
    def test_no_section_can_be_changed(self) -> None:
        spec = ModelSpec.model_validate(EXAMPLE)
        for part, name in ((spec, "kind"), (spec.metadata, "name"), (spec.spec.inference.source, "s3")):
            with pytest.raises(ValidationError, match="frozen"):
                setattr(part, name, "other")

    def test_changes_of_the_input_have_no_effect(self) -> None:
        original = copy.deepcopy({**EXAMPLE, "metadata": {"name": "fraud", "labels": {"env": "prod"}}})
        spec = ModelSpec.model_validate(original)
        original["metadata"]["labels"]["env"] = "test"
        original["spec"]["features"].clear()
        assert spec.metadata.labels == {"env": "prod"}
        assert len(spec.spec.features) == 2

    def test_defaults_are_not_shared(self) -> None:
        first, second = (ModelSpec.model_validate(EXAMPLE) for _ in range(2))
        assert first.metadata.labels is not second.metadata.labels


class TestArguments:
    def test_have_the_keys_and_values_of_yaml(self) -> None:
        arguments = ModelSpec.model_validate(document(reference={"period": {"from": "2026-08-01", "to": "2026-10-31"}}))
        plain = arguments.as_arguments()
        assert plain["apiVersion"] == "leeway/v1"
        assert plain["spec"]["reference"]["period"] == {"from": "2026-08-01", "to": "2026-10-31"}
        assert plain["spec"]["windows"] == ["1h", "24h", "7d"]

    def test_are_complete(self) -> None:
        plain = ModelSpec.model_validate(EXAMPLE).as_arguments()
        assert plain["spec"]["inference"]["stale_after"] == "3h10m"
        assert plain["spec"]["alerting"]["windows"] == ["1h", "24h"]

    def test_are_an_equal_spec(self) -> None:
        plain = ModelSpec.model_validate(EXAMPLE).as_arguments()
        assert ModelSpec.model_validate(plain).as_arguments() == plain


class TestFingerprint:
    def test_is_of_the_values_not_of_their_spelling(self) -> None:
        given = ModelSpec.model_validate(
            document(windows=["60m", "1d", "1w"], thresholds={"drift_share": {"floor": 0.2}})
        )
        assert given.fingerprint() == ModelSpec.model_validate(EXAMPLE).fingerprint()

    @given(st.integers(1, 10_000), st.integers(1, 10_000))
    def test_differs_when_the_spec_does(self, first: int, second: int) -> None:
        prints = [ModelSpec.model_validate(document(limits={"categories": n})).fingerprint() for n in (first, second)]
        assert (prints[0] == prints[1]) == (first == second)
        assert all(len(text) == 12 and int(text, 16) >= 0 for text in prints)
