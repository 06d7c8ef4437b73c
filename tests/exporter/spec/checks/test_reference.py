from __future__ import annotations

import pytest

from spec_parts import LOG_WITH_IDS, inconsistencies


class TestReference:
    def test_from_the_log_is_longer_than_the_windows(self) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H"}, "columns": {"timestamp": "at"}}
        assert inconsistencies(inference=inference, reference={"trailing": "2w"}) == []
        assert inconsistencies(inference=inference, reference={"trailing": "7d"}) == [
            "spec.reference.trailing: must be longer than the longest window, 7d"
        ]
        assert inconsistencies(inference=inference, reference={"trailing": "8d"}) == [
            "spec.reference.trailing: must be whole weeks, such as 4w"
        ]

    @pytest.mark.parametrize("grain", ["5m", "1h", "12h", "1d"])
    def test_of_days_needs_a_grain_that_divides_a_day(self, grain: str) -> None:
        inference = {"source": {"local": "log/%Y%m%dT%H%M"}, "grain": grain, "columns": {"timestamp": "at"}}
        period = {"period": {"from": "2026-08-01", "to": "2026-10-31"}}
        assert inconsistencies(inference=inference, reference=period, windows=["1d"]) == []

    @pytest.mark.parametrize("path", ["train.parquet", "train/*.parquet", "train/"])
    def test_is_one_path(self, path: str) -> None:
        assert inconsistencies(reference={"source": {"local": path}}) == []

    @pytest.mark.parametrize("path", ["train/{version}/*.parquet", "{version}.parquet"])
    def test_of_each_version_is_an_error(self, path: str) -> None:
        message = "must not contain {version}: all versions are compared with one reference; name its path"
        assert inconsistencies(reference={"source": {"local": path}}) == [f"spec.reference.source.local: {message}"]


class TestReferenceLabel:
    @pytest.mark.parametrize("use", ["score", "prediction", "prediction_id"])
    def test_is_not_an_output_of_the_model(self, use: str) -> None:
        inference = {**LOG_WITH_IDS, "columns": {"score": "p", use: "fraud"}}
        reference = {"source": {"local": "reference.parquet"}, "columns": {"label": "fraud"}}
        expected = f"is the column of inference.columns.{use}, and cannot be the label too"
        assert f"spec.reference.columns.label: {expected}" in inconsistencies(inference=inference, reference=reference)

    def test_is_only_for_a_data_set(self) -> None:
        inference = {**LOG_WITH_IDS, "columns": {"score": "p", "timestamp": "at"}}
        reference = {"trailing": "4w", "columns": {"label": "fraud"}}
        message = (
            "spec.reference.columns: must be left out: it describes a data set, but this reference is the inference log"
        )
        assert message in inconsistencies(inference=inference, reference=reference)
