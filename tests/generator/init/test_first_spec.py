from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import UsageError
from exporter.spec.loading import load
from exporter.spec.model import ModelSpec
from generator.init.data_sets import DataSet, Found
from generator.init.first_spec import first_spec
from generator.init.guessing import guess
from generator.init.log_columns import Column, Kind

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
LOG = [
    Column("event_time", Kind.TIME, "timestamp[us]", 1000, 900),
    Column("request_id", Kind.TEXT, "string", 1000, 1000),
    Column("model_version", Kind.TEXT, "string", 1000, 2),
    Column("predicted_score", Kind.NUMBER, "double", 1000, 990, 0.01, 0.99),
    Column("decision", Kind.TEXT, "string", 1000, 2),
    Column("role", Kind.TEXT, "string", 1000, 2),
    Column("age", Kind.WHOLE, "int64", 1000, 70, 18, 90),
    Column("country_code", Kind.TEXT, "string", 1000, 12),
    Column("device_token", Kind.TEXT, "string", 1000, 998),
    Column("embedding", Kind.OTHER, "list<item: float>", 1000, 0),
    Column("label", Kind.WHOLE, "int64", 1000, 2, 0, 1),
]


def text_of(name: str, address: str, columns: list[Column], folder: Path) -> str:
    found = Found(DataSet((address,), tuple(columns)))
    return first_spec(name, found, guess(found), folder)


def written(folder: Path, columns: list[Column], address: str = "s3://logs/fraud/2026-11-22T10.parquet") -> ModelSpec:
    path = folder / "spec.yaml"
    path.write_text(text_of("fraud", address, columns, folder))
    return load(path).spec


def test_every_role_is_found_and_the_rest_are_features(tmp_path: Path) -> None:
    body = written(tmp_path, LOG).spec
    assert body.inference.columns.model_dump() == {
        "timestamp": "event_time",
        "timestamp_unit": None,
        "prediction_id": "request_id",
        "model_version": "model_version",
        "score": "predicted_score",
        "prediction": "decision",
        "role": "role",
        "scores": {},
        "query": None,
    }
    assert [(feature.name, feature.type) for feature in body.features] == [
        ("age", "numeric"),
        ("country_code", "categorical"),
    ]
    assert body.task == "binary_classification"
    assert body.inference.source.s3 == "s3://logs/fraud/%Y-%m-%dT%H.parquet"


@pytest.mark.parametrize(
    ("place", "kind"), [("gs://logs", "gcs"), ("abfss://logs@account.dfs.core.windows.net", "azure")]
)
def test_a_path_in_a_cloud_is_of_its_kind(tmp_path: Path, place: str, kind: str) -> None:
    text = text_of("fraud", f"{place}/2026-11-22T10.parquet", LOG, tmp_path)
    assert f"    source: {{{kind}: '{place}/%Y-%m-%dT%H.parquet'}}" in text
    assert f"  #   source: {{{kind}: '{place}/labels/%Y-%m-%dT%H.parquet'}}" in text, "in the same bucket"
    assert written(tmp_path, LOG, f"{place}/2026-11-22T10.parquet").spec.inference.source.kind == kind


def test_a_column_that_is_left_out_is_a_comment_with_the_reason() -> None:
    text = text_of("fraud", "log.parquet", LOG, Path())
    assert "# 'device_token': has a different value in nearly every row" in text
    assert "# 'embedding': list<item: float> is not watched" in text
    assert "# 'label': looks like a label, not like an input" in text
    assert "# ? the path has no date" in text


@pytest.mark.parametrize(
    ("columns", "task"),
    [
        ([Column("yhat", Kind.NUMBER, "double", 9, 9, 0, 250)], "regression"),
        ([Column("prediction", Kind.TEXT, "string", 9, 4)], "multiclass_classification"),
        ([Column("score", Kind.NUMBER, "double", 9, 9, 0, 1)], "binary_classification"),
    ],
)
def test_the_task_follows_from_the_answers(tmp_path: Path, columns: list[Column], task: str) -> None:
    spec = written(tmp_path, [*columns, Column("age", Kind.NUMBER, "double", 9, 9, 1, 2)]).spec
    assert spec.task == task


@pytest.mark.parametrize(
    ("address", "template", "grain"),
    [
        ("s3://logs/2026-11-22T10.parquet", "s3://logs/%Y-%m-%dT%H.parquet", "1h"),
        ("s3://logs/dt=2026-11-22/hour=10/part-0.parquet", "s3://logs/dt=%Y-%m-%d/hour=%H/*.parquet", "1h"),
        (f"s3://logs/2026-11-22/10/part-00000-{UUID}.snappy.parquet", "s3://logs/%Y-%m-%d/%H/*.parquet", "1h"),
        (f"s3://logs/2026-11-22T10-{UUID}.parquet", "s3://logs/%Y-%m-%dT%H-*.parquet", "1h"),
        ("s3://logs/dt=2026-11-22/2026-11-22T10.parquet", "s3://logs/dt=%Y-%m-%d/%Y-%m-%dT%H.parquet", "1h"),
        ("s3://logs/log/a.parquet", "s3://logs/log/%Y-%m-%dT%H.parquet", "1h"),
        ("s3://logs/2026/11/22/10/part-0.parquet", "s3://logs/%Y/%m/%d/%H/*.parquet", "1h"),
        (
            "s3://logs/year=2026/month=11/day=22/hour=10/a.parquet",
            "s3://logs/year=%Y/month=%m/day=%d/hour=%H/a.parquet",
            "1h",
        ),
        ("s3://logs/y=2026/m=11/d=22/a.parquet", "s3://logs/y=%Y/m=%m/d=%d/a.parquet", "24h"),
        ("s3://logs/2026/11/22/a.parquet", "s3://logs/%Y/%m/%d/a.parquet", "24h"),
        (
            "s3://logs/year=2026/month=1/day=5/hour=9/a.parquet",
            "s3://logs/year=%Y/month=%m/day=%d/hour=%H/a.parquet",
            "1h",
        ),
        ("s3://logs/year=2026/month=01/day=05/a.parquet", "s3://logs/year=%Y/month=%m/day=%d/a.parquet", "24h"),
        ("s3://logs/dt=2026-01-05/hour=9/part-0.parquet", "s3://logs/dt=%Y-%m-%d/hour=%H/*.parquet", "1h"),
        ("s3://logs/2026/1/5/9/part-0.parquet", "s3://logs/%Y/%m/%d/%H/*.parquet", "1h"),
        ("s3://logs/20261122.parquet", "s3://logs/%Y%m%d.parquet", "24h"),
        ("s3://logs/2026/11/22/10/part-0.jsonl.gz", "s3://logs/%Y/%m/%d/%H/*.jsonl.gz", "1h"),
        ("s3://logs/a.csv", "s3://logs/log/%Y-%m-%dT%H.csv", "1h"),
        ("s3://logs/a.parquet", "s3://logs/log/%Y-%m-%dT%H.parquet", "1h"),
    ],
)
def test_a_date_in_the_path_becomes_a_template(tmp_path: Path, address: str, template: str, grain: str) -> None:
    inference = written(tmp_path, LOG, address).spec.inference
    assert inference.source.s3 == template
    assert inference.model_dump(mode="json")["grain"] == grain


@pytest.mark.parametrize(
    ("files", "template"),
    [
        (["22/11/b.parquet", "22/11/a.parquet", "22/10/b.parquet"], "22/%H/*.parquet"),
        (["2026-11-22T10-b.parquet", "2026-11-22T10-a.parquet"], "%Y-%m-%dT%H-*.parquet"),
        (["2026-11-22T10.parquet", "2026-11-22T09.parquet"], "%Y-%m-%dT%H.parquet"),
        (["2026-11-22/x1.parquet", "2026-11-21/y12.parquet"], "%Y-%m-%d/*.parquet"),
    ],
)
def test_a_template_is_that_of_all_files(tmp_path: Path, files: list[str], template: str) -> None:
    above = "s3://logs/2026/11/" if files[0].startswith("22/") else "s3://logs/"
    found = Found(DataSet(tuple(f"{above}{file}" for file in files), tuple(LOG)))
    (tmp_path / "spec.yaml").write_text(first_spec("m", found, guess(found), tmp_path))
    source = load(tmp_path / "spec.yaml").spec.spec.inference.source
    assert (
        source.s3 == f"s3://logs/{'%Y/%m/' if files[0].startswith('22/') else ''}{template.replace('22/%H', '%d/%H')}"
    )


LABELS = (
    Column("request_id", Kind.TEXT, "string", 1000, 1000),
    Column("is_fraud", Kind.TEXT, "bool", 1000, 2),
    Column("labelled_at", Kind.TIME, "timestamp[us]", 1000, 900),
)


@pytest.mark.parametrize("name", ["is_fraud", "late"])
def test_labels_and_training_data_beside_the_log_are_named(tmp_path: Path, name: str) -> None:
    labels = (LABELS[0], replace(LABELS[1], name=name), LABELS[2])
    training = (*(column for column in LOG if column.name in {"age", "country_code"}), *labels[1:])
    found = Found(
        DataSet(("/data/log/2026-11-22T10.parquet",), tuple(LOG)),
        DataSet(("/data/labels/2026-11-22.parquet",), labels),
        DataSet(("/data/reference/train.parquet",), training),
    )
    (tmp_path / "spec.yaml").write_text(first_spec("m", found, guess(found), tmp_path))
    body = load(tmp_path / "spec.yaml").spec.spec
    assert body.task == "binary_classification"
    assert body.labels is not None
    assert body.labels.source.local == "/data/labels/%Y-%m-%d.parquet"
    assert body.labels.model_dump(mode="json")["grain"] == "24h"
    assert (body.labels.columns.prediction_id, body.labels.columns.label) == ("request_id", name)
    assert body.reference.source is not None
    assert body.reference.source.local == "/data/reference/train.parquet"
    assert (body.reference.columns.timestamp, body.reference.columns.label) == ("labelled_at", name)


@pytest.mark.parametrize("missing", ["request_id", "predicted_score"])
def test_labels_that_cannot_be_joined_or_compared_are_a_comment(tmp_path: Path, missing: str) -> None:
    columns = tuple(column for column in LOG if column.name != missing)
    found = Found(
        DataSet(("/data/log/2026-11-22T10.parquet",), columns), DataSet(("/data/labels/2026-11-22.parquet",), LABELS)
    )
    text = first_spec("m", found, guess(found), tmp_path)
    (tmp_path / "spec.yaml").write_text(text)
    assert load(tmp_path / "spec.yaml").spec.spec.labels is None
    assert "  #   source: {local: '/data/labels/%Y-%m-%d.parquet'}" in text
    assert "label: is_fraud" in text


@pytest.mark.parametrize(
    ("address", "labels"),
    [
        ("data/log/2026-11-22T10.parquet", "../data/labels/"),
        ("data/log/a.parquet", "../data/labels/"),
        ("data/a.parquet", "../data/labels/"),
        ("2026-11-22.parquet", "../labels/"),
        ("/data/log/2026/11/22/10/part-0.parquet", "/data/labels/"),
        ("s3://logs/2026-11-22T10.parquet", "s3://logs/labels/"),
        ("s3://logs/fraud/dt=2026-11-22/a.parquet", "s3://logs/labels/"),
    ],
)
def test_labels_are_sought_beside_the_log(address: str, labels: str) -> None:
    text = text_of("m", address, LOG, Path("models"))
    (line,) = [line for line in text.splitlines() if line.startswith("  #   source:")]
    assert f"'{labels}%Y-%m-%dT%H.parquet'" in line


def test_a_short_name_of_the_version_and_outcomes_of_two_values_are_no_features(tmp_path: Path) -> None:
    columns = [
        Column("model_ver", Kind.TEXT, "string", 1000, 3),
        Column("is_fraud", Kind.TEXT, "bool", 1000, 2),
        Column("churned", Kind.WHOLE, "int64", 1000, 2, 0, 1),
        Column("fraud_reports", Kind.WHOLE, "int64", 1000, 30, 0, 40),
    ]
    body = written(tmp_path, columns).spec
    assert body.inference.columns.model_version == "model_ver"
    assert [feature.name for feature in body.features] == ["fraud_reports"]
    text = (tmp_path / "spec.yaml").read_text()
    assert "# 'is_fraud': looks like a label, not like an input; in training data it is reference.columns.label" in text
    assert text.startswith("# yaml-language-server: $schema=model.schema.json\n")


def test_a_local_path_is_relative_to_the_spec() -> None:
    assert "local: '../data/%Y-%m-%d.parquet'" in text_of("m", "data/2026-11-22.parquet", LOG, Path("models"))
    assert "local: '/data/%Y-%m-%d.parquet'" in text_of("m", "/data/2026-11-22.parquet", LOG, Path("models"))


def test_a_file_without_features_or_with_an_invalid_path_is_an_error() -> None:
    with pytest.raises(UsageError, match="has no column that can be watched"):
        text_of("m", "a.parquet", LOG[:1], Path())
    with pytest.raises(UsageError, match="must not contain %"):
        text_of("m", "a%20b.parquet", LOG, Path())


COLUMNS = st.builds(
    Column,
    name=st.text(min_size=1) | st.sampled_from(["score", "id", "version", "decision", "at", "yes", "1", "a: {b}"]),
    kind=st.sampled_from(Kind),
    type=st.just("type"),
    rows=st.integers(0, 100),
    distinct=st.integers(0, 100),
    low=st.none() | st.floats(-1, 1),
    high=st.none() | st.floats(-1, 1),
)


@given(st.lists(COLUMNS, unique_by=lambda column: column.name))
def test_whatever_the_columns_are_the_spec_is_valid(tmp_path_factory: Any, columns: list[Column]) -> None:
    age = Column("age", Kind.WHOLE, "int64", 10, 5, 1, 5)
    others = [column for column in columns if column.name != "age"]
    body = written(tmp_path_factory.mktemp("spec"), [*others, age]).spec
    assert {feature.name for feature in body.features} <= {column.name for column in [*others, age]}
    assert "age" in {feature.name for feature in body.features}
