from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from exporter.validation.checks.access import access_findings, actions
from sampled import brief, log_of, rows_of

LOG = log_of(pa.table({"a": [1]}))


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("s3://b/: ListObjectsV2 failed: AccessDenied: ; allow s3:ListBucket on the bucket", ["s3:ListBucket"]),
        ("s3://b/k: GetObject failed: AccessDenied: ; allow s3:GetObject on the object", ["s3:GetObject"]),
        ("GetObject failed: KMS.DisabledException: ; allow kms:Decrypt on it", ["kms:Decrypt"]),
        (
            "ml.log: StartQueryExecution failed: no; allow athena:StartQueryExecution and glue:GetTable",
            ["athena:StartQueryExecution", "glue:GetTable"],
        ),
        (
            "dev.ml.log: ExecuteStatement failed: no; allow redshift-data:ExecuteStatement",
            ["redshift-data:ExecuteStatement"],
        ),
        (
            "p.d.t: denied; grant bigquery.jobs.create where queries are billed, and bigquery.tables.getData on it",
            ["bigquery.jobs.create", "bigquery.tables.getData"],
        ),
        ("s3://b/: SlowDown; the store is busy", []),
    ],
)
def test_missing_permissions_are_named(message: str, names: list[str]) -> None:
    assert actions(message) == names
    (finding,) = access_findings(replace(LOG, failure=message))
    assert finding.check == ("permission" if names else "unavailable")
    assert all(name in finding.advice for name in names)


def test_a_file_without_permission_is_an_error_and_a_corrupt_one_a_warning() -> None:
    skipped = {"a": "a: Permission denied; let the exporter's user read it", "b": "b: cannot be read as Parquet: no"}
    found = list(access_findings(replace(LOG, rows=rows_of(pa.table({"a": [1]}), skipped=skipped))))
    assert brief(found) == ["error permission", "warning file_skipped"]
    assert found[1].message == "skipped file b: cannot be read as Parquet: no"


def test_many_skipped_files_are_shortened() -> None:
    skipped = {f"{number}.parquet": f"{number}.parquet: damaged" for number in range(25)}
    found = list(access_findings(replace(LOG, rows=rows_of(pa.table({"a": [1]}), skipped=skipped))))
    assert len(found) == 11
    assert found[-1].message == "and 15 more files that were tried"


def test_an_unreadable_partition_is_named() -> None:
    (finding,) = access_findings(replace(LOG, unreadable={"2026-11-22T09:00Z": "x.parquet: damaged"}))
    assert finding.message == "partition 2026-11-22T09:00Z cannot be read: x.parquet: damaged"
    assert finding.check == "unreadable"
