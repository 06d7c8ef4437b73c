"""The log of the small fraud model in BigQuery, and the spec that watches it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from bigquery_server import BigQueryServer
from fraud_log import HOUR, FraudLog, spec_document


@dataclass
class TableLog:
    """Writes the rows of a `FraudLog` into tables; the tables of logs are partitioned by the hour."""

    server: BigQueryServer
    now: datetime

    @property
    def rows(self) -> FraudLog:
        """The source of the rows, which stores nothing."""
        return FraudLog(lambda key, content: None, self.now)

    def put_hours(self, *hours_ago: int, rows: int = 500, **columns: Any) -> None:
        """Append hours of the log in one load; the same hour always has the same rows."""
        parts = [self._hour(hour, self.rows.rows(1000 + hour, rows, **columns)) for hour in hours_ago]
        self.server.load("log", pa.concat_tables(parts), "event_time")

    def put_reference(self, rows: int = 3000) -> None:
        """Write the reference, without times."""
        self.server.load("train", self.rows.rows(1, rows))

    def put_labels(self, *hours_ago: int, rows: int = 500, arrived_ago: int = 0) -> None:
        """Write the labels of some hours, which all arrived in one hour."""
        made = pa.concat_tables([self.rows.rows(1000 + hour, rows) for hour in hours_ago])
        fraud = np.random.default_rng(1).random(made.num_rows) < made["predicted_score"].to_numpy()
        times = pa.array([self.rows.end - arrived_ago * HOUR - HOUR / 2] * made.num_rows, pa.timestamp("us", "UTC"))
        labels = {"request_id": made["request_id"], "is_fraud": pa.array(fraud), "arrived_at": times}
        self.server.load("labels", pa.table(labels), "arrived_at")

    def _hour(self, hours_ago: int, table: pa.Table) -> pa.Table:
        start = self.rows.end - (hours_ago + 1) * HOUR
        times = [start + HOUR * row / table.num_rows for row in range(table.num_rows)]
        return table.append_column("event_time", pa.array(times, pa.timestamp("us", "UTC")))


def table_spec_document(**body: Any) -> dict[str, Any]:
    """Return the spec of the small fraud model in BigQuery, with changes to its body."""
    document = spec_document(**{"windows": ["1h", "4h"], **body})
    log = document["spec"]["inference"]
    log["source"] = {"bigquery": "acme-data.ml.log"}
    log["columns"] = {**log["columns"], "prediction_id": "request_id", "timestamp": "event_time"}
    document["spec"]["reference"] = {"source": {"bigquery": "acme-data.ml.train"}}
    document["spec"].setdefault(
        "labels",
        {
            "source": {"bigquery": "acme-data.ml.labels", "partition_column": "arrived_at"},
            "columns": {"prediction_id": "request_id", "label": "is_fraud"},
            "maturity": "1h",
        },
    )
    return document
