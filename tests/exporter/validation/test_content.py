"""Each fault of the rows, and hostile ones, in a log on disk."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from demo_sample import NOW, Change, above_notes, loaded_spec, replaced, rewrite
from exporter.validation.checking import check
from sampled import brief


def local_time(column: pa.ChunkedArray) -> pa.Array:
    times = column.to_pandas().dt.tz_convert("America/New_York").dt.tz_localize(None)
    return pa.array(times, pa.timestamp("us"))


FAULTS: dict[str, tuple[str, Change, str]] = {
    "a renamed column": ("inference", lambda table: table.rename_columns({"age": "Age"}), "error column_missing age"),
    "a retyped column": (
        "inference",
        replaced("age", lambda column: column.cast(pa.string())),
        "error column_type age",
    ),
    "other categories": (
        "inference",
        replaced("country_code", lambda column: pa.array([f"{each.as_py()}-x" for each in column])),
        "error categories_unseen country_code",
    ),
    "nulls": (
        "inference",
        replaced(
            "age", lambda column: pa.array([each if row % 2 else None for row, each in enumerate(column.to_pylist())])
        ),
        "warning nulls_differ age",
    ),
    "local times": ("inference", replaced("event_time", local_time), "error time_zone event_time"),
    "percentages": (
        "inference",
        replaced("predicted_score", lambda column: pa.array(column.to_numpy() * 100)),
        "error score_range predicted_score",
    ),
    "upper-case ids": (
        "labels",
        replaced("request_id", lambda column: pa.array([each.as_py().upper() for each in column])),
        "error ids_written_differently request_id",
    ),
    "labels as texts": (
        "labels",
        replaced("is_fraud", lambda column: pa.array(["fraud" if each.as_py() else "ok" for each in column])),
        "error labels_invalid is_fraud",
    ),
    "labels the wrong way round": (
        "labels",
        replaced("is_fraud", lambda column: pa.array([not each.as_py() for each in column])),
        "warning label_balance is_fraud",
    ),
    "labels from 1": (
        "labels",
        replaced("is_fraud", lambda column: pa.array([1 + each.as_py() for each in column])),
        "warning labels_invalid is_fraud",
    ),
    "labels later than they came": (
        "labels",
        replaced("labelled_at", lambda column: pa.array(column.to_pandas() + timedelta(hours=9))),
        "error labels_later labelled_at",
    ),
    "a reference without a feature": (
        "reference",
        lambda table: table.drop_columns(["age"]),
        "warning reference_column age",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_rows_has_its_finding(fault: str, work: Path) -> None:
    folder, change, expected = FAULTS[fault]
    rewrite(work / "log" / folder, change)
    findings = above_notes(check(loaded_spec(work), NOW))
    assert expected in brief(findings)
    assert all(each.line > 0 for each in findings if each.key)


HOSTILE: dict[str, Any] = {
    "no rows": lambda table: table.slice(0, 0),
    "no columns": lambda table: pa.table({"x": [1]}),
    "nulls": lambda table: pa.table({name: pa.nulls(50) for name in table.column_names}),
    "nested": lambda table: pa.table({name: [[{"a": 1}]] * 50 for name in table.column_names}),
    "bytes": lambda table: pa.table({name: [b"\xff\xfe"] * 50 for name in table.column_names}),
    "infinite": lambda table: pa.table({name: [np.inf, -np.inf, np.nan] * 20 for name in table.column_names}),
    "huge": lambda table: pa.table({name: [2**63 - 1, -(2**63)] * 30 for name in table.column_names}),
    "control characters": lambda table: pa.table({name: ["\x1b[2J\n\r"] * 50 for name in table.column_names}),
    "durations": lambda table: pa.table({name: [timedelta(days=1)] * 50 for name in table.column_names}),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("folder", ["inference", "labels", "reference"])
def test_no_content_stops_the_checks(kind: str, folder: str, work: Path) -> None:
    rewrite(work / "log" / folder, HOSTILE[kind])
    findings = check(loaded_spec(work), NOW)
    assert "check_failed" not in {each.check for each in findings}
    json.dumps([each.message for each in findings])
    if kind != "no rows" or folder != "labels":
        assert above_notes(findings)
