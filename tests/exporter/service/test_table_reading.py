"""A model whose log is in BigQuery: a failure costs only its partition or its refresh."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bigquery_server import Answer, BigQueryServer, query_of, refusal
from exporter import catalogue
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from table_log import TableLog, table_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
FEATURES = [{"name": "age", "type": "numeric"}, {"name": "country_code", "type": "categorical"}]


@pytest.fixture
def reader(tmp_path: Path, bigquery_server: BigQueryServer) -> ModelReader:
    """Of three hours, and a reference."""
    log = TableLog(bigquery_server, NOW)
    log.put_reference(500)
    log.put_hours(0, 1, 2, rows=50)
    document = table_spec_document(features=FEATURES, labels=None)
    return ModelReader(LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document)), ProfileStore(tmp_path))


def _is_about(body: dict[str, Any], hour: str) -> bool:
    """Whether a query reads the features of one hour."""
    query = query_of(body)
    named = {each["name"]: each["parameterValue"].get("value") for each in query.get("queryParameters", ())}
    return "`age`" in query.get("query", "") and named.get("start0") == f"2026-11-22 {hour}:00+00:00"


def _rows(reader: ModelReader) -> dict[str, float]:
    samples = reader.read(Attempt(NOW))
    return {one.labels[-1]: one.value for one in samples if one.metric == catalogue.WINDOW_ROWS}


def test_a_partition_that_costs_too_much_costs_only_itself(
    reader: ModelReader, bigquery_server: BigQueryServer
) -> None:
    def dear(path: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if _is_about(body, "08:00") and "configuration" in body:
            answer["statistics"]["query"]["totalBytesProcessed"] = str(10**12)
        return answer

    bigquery_server.rewrites.append(dear)
    assert _rows(reader) == {"1h": 50, "4h": 100}
    (problem,) = (why for what, why in reader.problems.items() if what == "partition 2026-11-22T08:00Z")
    assert "would read 1 TB, and maximum_bytes_billed is 100 GB" in problem


def test_a_quota_that_is_used_up_costs_one_refresh(reader: ModelReader, bigquery_server: BigQueryServer) -> None:
    used_up = refusal(403, "quotaExceeded", "Quota exceeded")
    left: list[Answer] = [used_up]

    def refuse(method: str, path: str, body: dict[str, Any]) -> Answer | None:
        return left.pop() if left and _is_about(body, "09:00") else None

    bigquery_server.faults.append(refuse)
    with pytest.raises(RefreshFailed, match="Quota exceeded; a quota is used up: the next refresh tries again"):
        reader.read(Attempt(NOW))
    before = reader.record.built
    assert _rows(reader) == {"1h": 50, "4h": 150}
    assert (before, reader.record.built) == (2, 3), "what was profiled is stored"


def test_a_table_that_vanished_costs_the_refreshes_without_it(
    reader: ModelReader, bigquery_server: BigQueryServer
) -> None:
    assert _rows(reader) == {"1h": 50, "4h": 150}
    bigquery_server.client.delete_table("acme-data.ml.log")
    with pytest.raises(RefreshFailed, match=r"acme-data.ml.log: .*; check the table's name and its location"):
        reader.read(Attempt(NOW))
    TableLog(bigquery_server, NOW).put_hours(0, 1, 2, rows=50)
    assert _rows(reader) == {"1h": 50, "4h": 150}


PERIOD = {"period": {"from": "2026-11-21", "to": "2026-11-21"}, "columns": {"timestamp": "event_time"}}
CUT_BY = {"log": "event_time", "labels": "arrived_at"}
OWN_PARTITIONS = "INFORMATION_SCHEMA.PARTITIONS"


def test_every_statement_has_the_partition_filter(tmp_path: Path, bigquery_server: BigQueryServer) -> None:
    log = TableLog(bigquery_server, NOW)
    log.put_hours(0, 1, 2, 30, 31, rows=50)
    log.put_labels(0, 1, 2, rows=50)
    document = table_spec_document(features=FEATURES, segments=["country_code"])
    document["spec"]["reference"] = PERIOD
    document["spec"]["inference"]["columns"]["role"] = "role"
    spec = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
    bigquery_server.calls.clear()
    samples = ModelReader(spec, ProfileStore(tmp_path)).read(Attempt(NOW))
    assert any(sample.metric == catalogue.LABEL_ODD_ROWS for sample in samples)
    assert sum("@joined_start0" in text for text in bigquery_server.statements) == 2, "one join, priced first"
    queries = [call.query for call in bigquery_server.calls if call.query]
    assert any("PARTITION BY feature ORDER BY value" in query["query"] for query in queries), "of the reference"
    scans = [(query, *scan) for query in queries for scan in _SCAN.findall(query["query"])]
    assert {query["query"] for query, *_ in scans} == {query["query"] for query in queries}, "each reads a table"
    assert {name for _, name, _ in scans} == {"log", "labels", OWN_PARTITIONS}
    for query, name, rest in scans:
        if name == OWN_PARTITIONS:
            assert rest == " WHERE table_name = @table AND partition_id BETWEEN @first AND @last"
        else:
            _check_filter(query, CUT_BY[name], rest)


_SCAN = re.compile(r"FROM `acme-data\.ml\.([^`]+)`(.*)")


def _check_filter(query: dict[str, Any], column: str, rest: str) -> None:
    """It is the first condition, joined to others of its kind alone, and its ends are given."""
    stretch = rf"\(`{column}` >= @(?:joined_)?start\d+ AND `{column}` < @(?:joined_)?end\d+\)"
    assert re.match(rf" WHERE {stretch}( OR {stretch})*( GROUP BY slot)?$", rest), rest
    given = {each["name"]: each["parameterValue"].get("value") for each in query["queryParameters"]}
    for start in re.findall(r"@((?:joined_)?start\d+)", rest):
        first, last = (datetime.fromisoformat(given[name]) for name in (start, start.replace("start", "end")))
        assert first < last <= NOW
