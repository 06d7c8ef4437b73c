from __future__ import annotations

import pytest

from spec_parts import LOG_WITH_IDS, inconsistencies


class TestSegments:
    @pytest.mark.parametrize("segment", ["country_code", "kind", "role", "version"])
    def test_are_categorical_features_and_columns(self, segment: str) -> None:
        columns = {"prediction": "kind", "role": "role", "model_version": "version", "score": "score"}
        assert inconsistencies(segments=[segment], inference={**LOG_WITH_IDS, "columns": columns}) == []

    @pytest.mark.parametrize("segment", ["age", "predicted_score", "somewhere"])
    def test_are_not_numbers_or_unknown_columns(self, segment: str) -> None:
        assert inconsistencies(segments=[segment]) == ["spec.segments[0]: must be a categorical feature or column"]


class TestFeatures:
    def test_one_of_them_has_an_importance(self) -> None:
        def found(*importances: float) -> list[str]:
            names = enumerate(importances)
            features = [{"name": f"f{i}", "type": "numeric", "importance": weight} for i, weight in names]
            return inconsistencies(features=features)

        assert found(0, 1) == []
        message = "must have a feature with an importance above 0: without any, the drift share has no weights"
        assert found(0, 0) == [f"spec.features: {message}"]

    @pytest.mark.parametrize("use", ["timestamp", "prediction_id", "model_version", "score", "prediction", "role"])
    def test_are_not_other_columns_of_the_log(self, use: str) -> None:
        assert inconsistencies(inference={"source": LOG_WITH_IDS["source"], "columns": {use: "age"}}) == [
            f"spec.features[0].name: is the column of inference.columns.{use}, and cannot be a feature too"
        ]

    def test_differ_within_the_length_of_a_label(self) -> None:
        long = "é" * 99 + "x"  # 199 bytes
        names = [f"{long}a", f"{long}ab", f"{long}b", f"{long}éa", long, f"{long}éa"]
        features = [{"name": name, "type": "numeric"} for name in names]
        message = "has the same first 200 bytes as features"
        assert inconsistencies(features=features) == [
            "spec.features[5].name: is given twice: see features[3]",
            f"spec.features[1].name: {message}[0], and labels end there",
            f"spec.features[4].name: {message}[3], and labels end there",
        ]


class TestScores:
    def test_are_of_more_than_one_class(self) -> None:
        columns = {"prediction": "class", "scores": {"a": "p_a"}}
        assert inconsistencies(task="multiclass_classification", inference={**LOG_WITH_IDS, "columns": columns}) == [
            "spec.inference.columns.scores: must name every class, not only one"
        ]


class TestTimeUnits:
    def test_is_the_unit_of_a_column_of_times(self) -> None:
        columns = {"timestamp": "at", "timestamp_unit": "ms"}
        assert inconsistencies(inference={"source": LOG_WITH_IDS["source"], "columns": columns}) == []
        assert inconsistencies(inference={"source": LOG_WITH_IDS["source"], "columns": {"timestamp_unit": "ms"}}) == [
            "spec.inference.columns.timestamp_unit: needs columns.timestamp, whose unit it is"
        ]
