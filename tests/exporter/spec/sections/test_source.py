from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from exporter.spec.sections.source import Source

KSERVE = {"local": "a", "format": "jsonl", "shape": "kserve"}


class TestSource:
    @pytest.mark.parametrize(
        ("source", "kind"),
        [
            ({"s3": "s3://bucket/a/%Y/%m/%d/%H/*.parquet"}, "s3"),
            ({"gcs": "gs://my_bucket.example.com/a/%Y/%m/%d/%H/"}, "gcs"),
            ({"azure": "abfss://logs@account.dfs.core.windows.net/a/%Y-%m-%dT%H.parquet"}, "azure"),
            ({"azure": "abfss://$web@account.dfs.core.chinacloudapi.cn/a"}, "azure"),
            ({"local": "../log/%Y%j.parquet"}, "local"),
            ({"local": "../log/%Y-%-m-%-d/hour=%-H/"}, "local"),
            ({"delta": "s3://bucket/tables/log"}, "delta"),
            ({"delta": "../tables/log", "partition_column": "date"}, "delta"),
            ({"iceberg": "prod.ml.fraud-team.log_v2", "unpartitioned": True}, "iceberg"),
            ({"bigquery": "my-project.ml.log_v2"}, "bigquery"),
            ({"athena": "ml.fraud_log"}, "athena"),
            ({"athena": "AwsDataCatalog.ml.fraud_log", "partition_keys": {"dt": "%Y-%m-%d", "hour": "%H"}}, "athena"),
            ({"athena": "ml.log", "partition_keys": {"y": "%Y", "day": "%j"}, "output": "s3://results/"}, "athena"),
            ({"redshift": "dev.ml.fraud_log", "workgroup": "ml-prod", "partition_column": "at"}, "redshift"),
            ({"redshift": "dev.ml.fraud_log", "cluster": "dw", "db_user": "leeway"}, "redshift"),
            ({"bigquery": "example.com:my-project.ml.log$20261122"}, "bigquery"),
        ],
    )
    def test_has_a_kind(self, source: dict[str, Any], kind: str) -> None:
        found = Source.model_validate(source)
        assert (found.kind, found.template) == (kind, source[kind])

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ({}, "must have exactly one of s3, gcs, azure, local, bigquery, athena, redshift, delta, iceberg"),
            (
                {"s3": "s3://bucket/a", "local": "a"},
                "must have exactly one of s3, gcs, azure, local, bigquery, athena, redshift, delta, iceberg",
            ),
            ({"s3": "bucket/a"}, "must be s3://bucket/path"),
            ({"s3": "s3://bucket"}, "must be s3://bucket/path"),
            ({"s3": "s3://Bucket/a"}, "must be s3://bucket/path"),
            ({"gcs": "s3://bucket/a"}, "must be gs://bucket/path"),
            ({"gcs": "gs://bucket"}, "must be gs://bucket/path"),
            (
                {"azure": "abfss://account.dfs.core.windows.net/a"},
                "must be abfss://container@account.dfs.core.windows.net/path",
            ),
            (
                {"azure": "abfss://a@b.blob.core.windows.net/a"},
                "must be abfss://container@account.dfs.core.windows.net/path",
            ),
            ({"local": "log/%A-%y"}, "has %A, %y: a path can use only %Y, %m, %d, %j, %H and %M"),
            ({"local": "log/100%"}, "has %: a path can use only %Y, %m, %d, %j, %H and %M"),
            (
                {"local": "%Y%-m/%-d"},
                "has %Y%-m: a number without leading zeros needs other characters on both sides",
            ),
            ({"local": "%Y/%-d*"}, "has %-d*: a number without leading zeros needs other characters on both sides"),
            ({"delta": "s3://Bucket/a"}, "must be s3://bucket/path, or a folder"),
            ({"delta": "gs://bucket/a"}, "must be s3://bucket/path, or a folder"),
            ({"delta": "log/_delta_log/"}, "must be the folder of the table, in which _delta_log is"),
            (
                {"delta": "log/date=%Y-%m-%d"},
                "has %Y: must be the folder of one table, whose log knows the time of each file",
            ),
            (
                {"iceberg": "s3://bucket/log"},
                "must be catalog.namespace.table, with the catalog's name in PyIceberg's own configuration",
            ),
            ({"delta": "a", "engine": "spark"}, "must not have engine: the exporter itself counts a lake table"),
            ({"iceberg": "a.b.c", "location": "EU"}, "must not have location, which is only for bigquery"),
            ({"bigquery": "dataset.table"}, "must be project.dataset.table"),
            ({"bigquery": "my-project.ml.log`; DROP"}, "must be project.dataset.table"),
            ({"bigquery": "my-project.ml.log", "partition_column": "at` = 1 --"}, "must be the name of a column"),
            (
                {"bigquery": "my-project.ml.log", "location": "the EU"},
                "must be a location such as EU, US or europe-west3",
            ),
            ({"athena": "fraud_log"}, "must be database.table or catalog.database.table, in small letters"),
            ({"athena": "ml.Log"}, "must be database.table or catalog.database.table, in small letters"),
            ({"athena": 'ml.log"; DROP'}, "must be database.table or catalog.database.table, in small letters"),
            ({"athena": "ml.log", "output": "s3://results"}, "must be s3://bucket/folder/, which ends in /"),
            ({"athena": "ml.log", "workgroup": "a b"}, "must be the name of a workgroup"),
            ({"athena": "ml.log", "engine": "spark"}, "must not have engine: Athena counts a table itself"),
            ({"athena": "ml.log", "maximum_bytes_billed": "1GB"}, "maximum_bytes_billed, which is only for bigquery"),
            (
                {"delta": "a", "partition_keys": {"dt": "%Y%j"}},
                "must not have partition_keys, which is only for athena",
            ),
            (
                {"bigquery": "my-project.ml.log", "workgroup": "a"},
                "must not have workgroup, which is only for athena, redshift",
            ),
            (
                {"redshift": "ml.log", "workgroup": "ml-prod"},
                "must be database.schema.table, in small letters",
            ),
            ({"redshift": 'dev.ml."log', "cluster": "c"}, "must be database.schema.table, in small letters"),
            ({"redshift": "dev.ml.log"}, "redshift needs a workgroup or a cluster, and not both"),
            (
                {"redshift": "dev.ml.log", "workgroup": "ml-prod", "cluster": "c"},
                "redshift needs a workgroup or a cluster, and not both",
            ),
            (
                {"redshift": "dev.ml.log", "workgroup": "ml"},
                "must have a workgroup of 3 to 64 small letters, digits and - with redshift",
            ),
            (
                {"redshift": "dev.ml.log", "workgroup": "ml-prod", "db_user": "leeway"},
                "must have db_user only with cluster, and without secret",
            ),
            (
                {"redshift": "dev.ml.log", "cluster": "c", "secret": "hunter2"},
                "must be the ARN of a secret",
            ),
            (
                {"redshift": "dev.ml.log", "cluster": "c", "unpartitioned": True},
                "must not have unpartitioned, which is only for bigquery, athena, delta, iceberg",
            ),
            ({"athena": "ml.log", "cluster": "c"}, "must not have cluster, which is only for redshift"),
            (
                {"athena": "ml.log", "partition_keys": {"dt": "%Y-%m"}},
                "need %Y with %m and %d, or %Y with %j",
            ),
            (
                {"athena": "ml.log", "partition_keys": {"dt": "%Y%j", "a": "b"}},
                "has a without a time: each key needs a template such as %Y-%m-%d",
            ),
            (
                {"athena": "ml.log", "partition_keys": {"dt": "%Y-%B"}},
                "has %B: a path can use only %Y, %m, %d, %j, %H and %M",
            ),
            ({"athena": "ml.log", "partition_keys": {"d`t": "%Y%j"}}, "must be the name of a column"),
            ({"local": "a", "location": "EU"}, "must not have location, which is only for bigquery"),
            (
                {"s3": "s3://bucket/a", "unpartitioned": True},
                "must not have unpartitioned, which is only for bigquery, athena, delta, iceberg",
            ),
            ({"bigquery": "my-project.ml.log", "format": "csv"}, "must not have format: only for files"),
            ({"local": "a", "shape": "kserve"}, "must have format: jsonl with shape: other formats have columns"),
            (
                {"local": "a", "format": "csv", "paths": {"x": "$.x"}},
                "must have format: jsonl with paths: other formats have columns",
            ),
            (
                {"local": "a", "format": "jsonl", "request": ["x"]},
                "must have shape with request: they name what its rows have",
            ),
            (
                {**KSERVE, "paths": {"x": "$.x[*]"}},
                "must have no path with [*] with shape: the shape defines the rows of a line",
            ),
            (
                {**KSERVE, "request": ["x", "y"], "response": ["y"], "paths": {"x": "$.x"}},
                "must not name x, y twice in request, response and paths",
            ),
            (
                {**KSERVE, "engine": "spark"},
                "must not have engine with shape kserve: the exporter itself joins its lines",
            ),
        ],
    )
    def test_a_wrong_value_is_refused(self, source: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError) as caught:
            Source.model_validate(source)
        assert caught.value.errors()[0]["msg"].endswith(message)

    def test_a_bad_path_is_refused_with_its_place(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Source.model_validate({"local": "a", "format": "jsonl", "paths": {"x": "$.x", "y": "x"}})
        (error,) = caught.value.errors()
        assert error["loc"] == ("paths", "y")
        assert "must be a path such as $.id" in error["msg"]

    def test_a_table_has_limits_for_queries(self) -> None:
        plain = Source.model_validate({"bigquery": "my-project.ml.log"})
        assert (plain.billing_limit, plain.unpartitioned) == (100 * 10**9, False)
        limits = {"partition_column": "_PARTITIONTIME", "maximum_bytes_billed": "2GiB", "unpartitioned": True}
        source = Source.model_validate({"bigquery": "my-project.ml.log", "location": "europe-west3", **limits})
        assert source.billing_limit == 2 * 2**30
