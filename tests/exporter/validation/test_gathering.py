"""What is read of real stores: S3 that refuses, and a table of BigQuery."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bigquery_server import BigQueryServer, refusal
from exporter.spec.loading import LoadedSpec, load
from exporter.validation.checking import check
from exporter.validation.finding import Finding, Severity
from exporter.validation.gathering import gather
from fraud_log import FraudLog, labelled_spec_document, spec_document
from s3_server import Refuse, Request, S3Server, always
from sampled import brief, texts
from table_log import TableLog, table_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def loaded(folder: Path, document: dict[str, Any]) -> LoadedSpec:
    path = folder / "fraud.yaml"
    path.write_text(json.dumps(document, indent=1))
    return load(path)


def severe(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity is Severity.ERROR]


@pytest.fixture
def s3_spec(s3_server: S3Server, tmp_path: Path) -> LoadedSpec:
    log = FraudLog.on_s3(s3_server)
    log.now = NOW
    log.put_all(hours=26)
    return loaded(tmp_path, spec_document())


def test_a_log_on_s3_is_sampled_with_few_requests(s3_server: S3Server, s3_spec: LoadedSpec) -> None:
    s3_server.reset_counts()
    samples = gather(s3_spec, NOW, lambda name: None)
    assert samples.inference.rows is not None
    assert (samples.inference.rows.count, samples.inference.rows.whole) == (2000, True)
    assert (samples.inference.requests, len(samples.inference.partitions)) == (2, 24)
    assert len(s3_server.requests) == 2 + 1 + 1 + 2  # two days, a partition; the reference: listed, and read in parts
    assert severe(check(s3_spec, NOW)) == []


DENIED = {
    "s3:ListBucket": (Refuse(403, "AccessDenied"), lambda request: request.lists),
    "s3:GetObject": (Refuse(403, "AccessDenied"), lambda request: not request.lists),
    "kms:Decrypt": (Refuse(400, "KMS.DisabledException"), lambda request: not request.lists),
    "s3:GetObjectVersion": (
        Refuse(403, "AccessDenied", "User: arn:x is not authorized to perform: s3:GetObjectVersion on resource: arn:y"),
        lambda request: not request.lists,
    ),
}


@pytest.mark.parametrize("action", DENIED)
def test_each_missing_permission_is_named(action: str, s3_server: S3Server, s3_spec: LoadedSpec) -> None:
    s3_server.faults = always(*DENIED[action])
    found = severe(check(s3_spec, NOW))
    assert {each.check for each in found} == {"permission"}
    assert {each.source for each in found} == {"inference", "reference"}
    assert all(f"grant {action} to" in each.advice for each in found)


def test_one_object_that_is_denied_costs_only_its_partition(s3_server: S3Server, s3_spec: LoadedSpec) -> None:
    def newest(request: Request) -> bool:
        return request.path.endswith("2026-11-22T09.parquet")

    s3_server.faults = always(Refuse(403, "AccessDenied"), newest)
    findings = check(s3_spec, NOW)
    assert brief(severe(findings)) == ["error permission"]
    assert "partition 2026-11-22T09:00Z cannot be read: s3://ml-features/inference/2026-11-22T09.parquet" in texts(
        severe(findings)
    )
    assert "read 2,000 rows of 2026-11-22T08:00Z" in texts(findings)


def test_a_source_with_an_engine_is_read_without_it(tmp_path: Path) -> None:
    FraudLog.in_folder(tmp_path, NOW).put_all(hours=3)
    document = labelled_spec_document(labels=None)
    document["spec"]["inference"]["source"]["engine"] = "spark"
    samples = gather(loaded(tmp_path, document), NOW, lambda name: None)
    assert samples.inference.rows is not None


def test_a_trailing_reference_is_a_sample_of_past_weeks(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    for hours_ago in (1, *range(200, 240)):
        log.put_hour(hours_ago)
    document = labelled_spec_document(labels=None, reference={"trailing": "1w"})
    document["spec"]["inference"]["columns"]["timestamp"] = "at"
    samples = gather(loaded(tmp_path, document), NOW, lambda name: None)
    assert samples.reference.rows is not None
    assert samples.reference.rows.count == 8 * 2000


def test_a_table_of_bigquery_is_sampled_and_its_permissions_are_named(
    bigquery_server: BigQueryServer, tmp_path: Path
) -> None:
    log = TableLog(bigquery_server, NOW)
    log.put_hours(*range(4), rows=200)
    log.put_reference(rows=1000)
    log.put_labels(2, 3, rows=200)
    spec = loaded(tmp_path, table_spec_document())
    findings = check(spec, NOW)
    assert [each for each in findings if each.check == "check_failed"] == []
    assert severe(findings) == []
    assert {"newest", "read", "ids_match", "cost_series"} <= {each.check for each in findings}
    bigquery_server.faults.append(lambda method, path, body: refusal(403, "accessDenied", "Access Denied: no"))
    (first, *_) = severe(check(spec, NOW))
    assert first.check == "permission"
    assert first.advice.startswith("grant bigquery.jobs.create, bigquery.tables.getData to")
