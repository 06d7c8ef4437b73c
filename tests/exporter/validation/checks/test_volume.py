from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from exporter.validation.checks.volume import group_findings, row_findings, rows_by_partition
from sampled import HOUR, START, brief, log_of, partition, rows_of, spec, texts

BODY = spec().spec
STARTS = [START - hours * HOUR for hours in range(48)]


def log(size_of: Any) -> Any:
    sizes = {start: partition(start, size_of(hours)) for hours, start in enumerate(STARTS)}
    return replace(log_of(pa.table({"a": [1] * 10})), partitions=sizes)


def test_rows_of_partitions_follow_from_their_sizes() -> None:
    sample = log(lambda hours: 100 if hours == 0 else 250)
    rows = rows_by_partition(sample)
    assert (rows[STARTS[0]], rows[STARTS[1]]) == (10, 25)


def test_windows_with_too_few_rows_are_counted() -> None:
    found = list(row_findings(BODY, log(lambda hours: 100)))  # 10 rows an hour, 240 a day
    assert brief(found) == ["warning few_rows"]
    assert "24 of the last 24 windows of 1h have fewer than 30 rows, the fewest 10" in texts(found)
    assert brief(row_findings(BODY, log(lambda hours: 100 if hours < 3 else 400))) == ["note few_rows"]
    assert list(row_findings(BODY, log(lambda hours: 300))) == []


def test_versions_and_roles_are_notes() -> None:
    body = spec(inference=_inference()).spec
    table = pa.table({"model_version": ["v3", "v4"] * 50, "role": ["champion"] * 100})
    assert brief(group_findings(body, "inference", rows_of(table))) == [
        "note versions model_version",
        "note roles role",
    ]


def test_versions_that_are_ids_or_too_many_or_missing_are_noticed() -> None:
    body = spec(inference=_inference()).spec

    def found(versions: list[str | None], roles: list[str | None]) -> list[str]:
        table = pa.table({"model_version": versions, "role": roles})
        return brief(group_findings(body, "inference", rows_of(table)))

    one = ["champion"] * 100
    assert found([f"{number}" for number in range(100)], one)[0] == "error versions model_version"
    assert found([f"{number % 6}" for number in range(100)], one)[0] == "warning versions model_version"
    assert found(["v3"] * 90 + [None] * 10, one)[1] == "warning version_missing model_version"
    assert found(["v3"] * 100, ["challenger"] * 100)[1] == "warning roles role"
    assert found(["v3"] * 100, [f"{number % 5}" for number in range(100)])[1] == "warning roles role"


def _inference() -> dict[str, Any]:
    columns = {"score": "p", "model_version": "model_version", "role": "role", "prediction_id": "request_id"}
    return {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": columns}
