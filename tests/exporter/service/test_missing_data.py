"""What a spec names and its data do not have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.service.missing_data import missing_data, spec_columns, what_lies_there
from exporter.sources.stores.local import Local
from exporter.spec.model import Body, ModelSpec
from fraud_log import FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
STARTS = [NOW.replace(minute=0) - hours * timedelta(hours=1) for hours in (3, 2, 1)]


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    return FraudLog.in_folder(tmp_path, NOW)


def body(path: str = "inference/%Y-%m-%dT%H.parquet", **more: Any) -> Body:
    document = local_spec_document(**more)
    document["spec"]["inference"]["source"] = {"local": path}
    return ModelSpec.model_validate(document).spec


def missing(folder: Path, spec: Body) -> list[str]:
    return missing_data(spec, Local(spec.inference.source.template, folder), STARTS)


def test_nothing_is_missing_where_one_partition_has_every_column(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(2)
    log.put_hour(1, age=None)
    assert missing(tmp_path, body()) == []


def test_a_column_of_no_partition_is_named_with_its_key_and_the_nearest_column(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(1)
    log.put_hour(0)
    features = [{"name": "age", "type": "numeric"}, {"name": "cuntry_code", "type": "categorical"}]
    inference = local_spec_document()["spec"]["inference"] | {"columns": {"score": "predicted_scr"}}
    assert missing(tmp_path, body(features=features, inference=inference)) == [
        'spec.features[1].name: no column cuntry_code in any of 2 partitions; did you mean "country_code"?',
        'spec.inference.columns.score: no column predicted_scr in any of 2 partitions; did you mean "predicted_score"?',
    ]


def test_a_column_that_is_like_none_is_named_with_the_columns_that_there_are(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0)
    (message,) = missing(tmp_path, body(features=[{"name": "zzz", "type": "numeric"}]))
    assert message.endswith(
        "; the columns are age, country_code, credit_balance, decision, device_type, flagged, genuine_score,"
        " model_version, predicted_score, request_id, …"
    )


def test_an_unreadable_partition_hides_no_column_of_another(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(1)
    log.store(log.key(0), b"not Parquet")
    assert missing(tmp_path, body()) == []
    log.store(log.key(1), b"not Parquet")
    assert missing(tmp_path, body()) == []  # the refresh reports these files


def test_a_folder_with_other_files_is_listed(tmp_path: Path) -> None:
    (tmp_path / "inference" / "old").mkdir(parents=True)
    (tmp_path / "inference" / "2026-11-22T09.csv").touch()
    (message,) = missing(tmp_path, body())
    assert message == (
        "spec.inference.source.local: no partition from 2026-11-22 07:00 to 2026-11-22 10:00 UTC at"
        f" inference/%Y-%m-%dT%H.parquet; no file matches this path, and {tmp_path}/inference/ has 2026-11-22T09.csv,"
        " old/"
    )


def test_a_wrong_folder_is_reported_with_what_the_nearest_one_has(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0)
    (message,) = missing(tmp_path, body("inferences/hours/%Y-%m-%dT%H.parquet"))
    assert message.endswith(f"; no file matches this path, and {tmp_path}/ has inference/")


def test_files_of_other_times_are_reported_as_such(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(72)
    (message,) = missing(tmp_path, body())
    assert message.endswith(
        f"; files of other times match, such as {tmp_path}/inference/2026-11-19T09.parquet: --now evaluates as of"
        " another time"
    )


def test_an_empty_folder_is_reported_as_empty(tmp_path: Path) -> None:
    assert what_lies_there(Local("%Y.parquet", tmp_path)) == f"; {tmp_path}/ is empty"


def test_every_column_of_a_spec_has_the_key_that_names_it_first() -> None:
    columns = {"score": "p", "prediction": "age", "timestamp": "at", "timestamp_unit": "ms"}
    inference = local_spec_document()["spec"]["inference"] | {"columns": columns}
    proxies = [{"name": "clicks", "ratio": {"numerator": "clicked", "denominator": "p"}}]
    features = [{"name": "x", "type": "numeric"}]
    assert spec_columns(body(inference=inference, proxies=proxies, features=features)) == {
        "x": "spec.features[0].name",
        "at": "spec.inference.columns.timestamp",
        "p": "spec.inference.columns.score",
        "age": "spec.inference.columns.prediction",
        "clicked": "spec.proxies[0].ratio",
    }
    multiclass = {"score": "p", "scores": {"cat": "p_cat", "dog": "p_dog"}}
    named = spec_columns(body(task="multiclass_classification", inference=inference | {"columns": multiclass}))
    assert named["p_dog"] == "spec.inference.columns.scores.dog"
