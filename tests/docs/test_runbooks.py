"""The commands of the runbooks run: each statement on small files, and as the SQL of the other engines."""

from __future__ import annotations

import runpy
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from exporter import catalogue
from exporter.catalogue import Alert, Layer

ROOT = Path(__file__).resolve().parents[2]
COMMANDS: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "runbooks.py"))
ROWS: dict[Alert, Any] = COMMANDS["ROWS"]
AT = datetime(2026, 11, 24, 15, 30)  # noqa: DTZ001 - as it is in the file


def predictions(at: datetime, counts: list[float | None], countries: list[str | None]) -> pa.Table:
    """Rows of a log, or of the reference."""
    n = len(counts)
    return pa.table(
        {
            "event_time": [at + timedelta(minutes=row) for row in range(n)],
            "request_id": [f"r{row}" for row in range(n)],
            "age": [30.0] * n,
            "credit_balance": [100.0] * n,
            "txn_count_7d": counts,
            "country_code": countries,
            "predicted_score": [0.1 * row for row in range(n)],
            "decision": ["review", *["allow"] * (n - 1)],
        }
    )


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example's files in a folder: two mature predictions, of which one has a label."""
    folder = tmp_path_factory.mktemp("ml-features")
    labels = pa.table({"request_id": ["r1"], "is_fraud": [True], "labelled_at": [AT]})
    tables = {
        "inference/2026-11-24T15": predictions(AT, [10.0, 14.0, None, 14.0], ["US", "DE", "XX", None]),
        "inference/2026-11-17T15": predictions(AT - timedelta(days=7), [10.0, 12.0], ["US", "DE"]),
        "labels/2026-11-24T15": labels,
        "reference/train_features_v3": predictions(AT - timedelta(days=30), [8.0, 10.0, 12.0], ["US", "DE", None]),
    }
    for name, table in tables.items():
        (folder / name).parent.mkdir(exist_ok=True)
        pq.write_table(table, folder / f"{name}.parquet")
    return str(folder)


def result(alert: Alert, bucket: str) -> list[tuple[Any, ...]]:
    """Run the command of a runbook as it stands there, but for the place of the files and the cloud's credentials."""
    program, flag, text = shlex.split(COMMANDS["duckdb"](ROWS[alert]))
    assert (program, flag) == ("duckdb", "-c")
    first, views = text.strip().split("\n", 1)
    assert first.startswith("create secret (type s3,")
    with duckdb.connect() as connection:
        return connection.execute(views.replace("s3://ml-features", bucket)).fetchall()


@pytest.mark.parametrize("alert", ROWS, ids=lambda alert: alert.name)
def test_a_statement_returns_rows_and_is_sql_of_every_engine(alert: Alert, bucket: str) -> None:
    found = result(alert, bucket)
    assert bool(found) is (alert is not catalogue.LOG_ROWS_UNUSABLE)
    for engine in ("bigquery", "athena", "redshift"):
        assert sqlglot.parse_one(COMMANDS["table"](ROWS[alert]), read=engine).key in {"select", "union"}


@pytest.mark.parametrize(
    ("alert", "rows"),
    [
        # The reference is 8, 10, 12: mean 10 and deviation 2. So 14 is in the cell two deviations above.
        (
            catalogue.FEATURE_DRIFT_HIGH,
            [
                (-1.0, 0, 1, 8.0, 8.0, None),
                (0.0, 1, 1, 10.0, 10.0, "r0"),
                (1.0, 0, 1, 12.0, 12.0, None),
                (2.0, 2, 0, 14.0, 14.0, "r1"),
                (None, 1, 0, None, None, "r2"),
            ],
        ),
        (catalogue.NEW_CATEGORIES, [("XX", 1, AT + timedelta(minutes=2), "r2")]),
        (catalogue.LABEL_COVERAGE_LOW, [(AT - timedelta(days=7), "r0", 0.0)]),
        (catalogue.CALIBRATION_POOR, [(0.1, 1, 1.0)]),
        (catalogue.PROXY_UNUSUAL, [(15, 4, 0.25)]),
    ],
    ids=lambda value: value.name if isinstance(value, Alert) else "",
)
def test_a_statement_finds_what_the_alert_is_about(alert: Alert, rows: list[tuple[Any, ...]], bucket: str) -> None:
    assert result(alert, bucket) == rows


def test_every_alert_about_data_has_rows_and_every_page_has_its_commands() -> None:
    assert {alert for alert in catalogue.ALERTS if alert.layer is not Layer.EXPORTER} <= set(ROWS)
    for path, text in COMMANDS["runbooks"]().items():
        assert "```promql\n" in text, path
        assert "```sh\n" in text, path
