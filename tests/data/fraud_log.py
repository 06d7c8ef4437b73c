"""The log of a small fraud model, on S3 or in a folder, and the spec that watches it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from s3_server import S3Server

BUCKET = "ml-features"
HOUR = timedelta(hours=1)
ROWS = 2000
DECLINED = 0.1
"""The score above which a transaction is declined."""
REFERENCE_KEY = "reference/train_features_v3.parquet"


@dataclass
class FraudLog:
    """Writes partitions of the fraud model's log; the same hour always has the same rows."""

    store: Callable[[str, bytes], None]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def on_s3(cls, server: S3Server) -> FraudLog:
        """A log in the bucket that `spec_document` names."""
        return cls(lambda key, content: server.put(BUCKET, key, content))

    @classmethod
    def in_folder(cls, folder: Path, now: datetime) -> FraudLog:
        """A log in a folder, for the spec of `local_spec_document`."""

        def store(key: str, content: bytes) -> None:
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        return cls(store, now)

    @property
    def end(self) -> datetime:
        """The end of the newest complete hour."""
        return self.now.replace(minute=0, second=0, microsecond=0)

    def rows(self, seed: int, rows: int = ROWS, **columns: Any) -> pa.Table:
        """Return rows without drift; `columns` replace those of the same name, and None removes one."""
        generator = np.random.default_rng(seed)
        data = {
            "age": generator.normal(40, 12, rows),
            "credit_balance": generator.lognormal(7, 1, rows),
            "txn_count_7d": generator.poisson(6, rows),
            "country_code": generator.choice(["US", "CA", "MX", "GB"], rows, p=[0.7, 0.15, 0.1, 0.05]),
            "device_type": generator.choice(["mobile", "desktop", "tablet"], rows, p=[0.6, 0.3, 0.1]),
            "predicted_score": generator.beta(1, 30, rows),
            "model_version": np.full(rows, "v3"),
            "role": np.full(rows, "champion"),
            "request_id": [f"{seed}-{row}" for row in range(rows)],
        }
        data["genuine_score"] = 1 - data["predicted_score"]
        data["flagged"] = data["predicted_score"] > DECLINED
        data["decision"] = np.where(data["predicted_score"] > DECLINED, "decline", "approve")
        return pa.table({name: values for name, values in (data | columns).items() if values is not None})

    def put(self, key: str, table: pa.Table) -> None:
        """Store a table as Parquet."""
        content = io.BytesIO()
        pq.write_table(table, content)
        self.store(key, content.getvalue())

    def key(self, hours_ago: int) -> str:
        """The partition that ended so many hours before the newest."""
        return f"inference/{self.end - (hours_ago + 1) * HOUR:%Y-%m-%dT%H}.parquet"

    def put_hour(self, hours_ago: int, **columns: Any) -> None:
        """Store one hour."""
        self.put(self.key(hours_ago), self.rows(1000 + hours_ago, **columns))

    def put_labels(self, hours_ago: int, arrived_ago: int = 0) -> None:
        """Store the labels of an hour as they arrived, all of them, in one of the hours since."""
        made = self.rows(1000 + hours_ago)
        fraud = np.random.default_rng(hours_ago).random(made.num_rows) < made["predicted_score"].to_numpy()
        at = [self.end - arrived_ago * HOUR - HOUR / 2] * made.num_rows
        labels = pa.table({"request_id": made["request_id"], "is_fraud": fraud, "labelled_at": at})
        self.put(f"labels/{self.end - (arrived_ago + 1) * HOUR:%Y-%m-%dT%H}.parquet", labels)

    def put_all(self, hours: int = 24) -> None:
        """Store the reference and the newest hours."""
        reference = self.rows(1, 40_000)
        fraud = np.random.default_rng(2).random(reference.num_rows) < reference["predicted_score"].to_numpy()
        self.put(REFERENCE_KEY, reference.append_column("is_fraud", pa.array(fraud)))
        for hours_ago in range(hours):
            self.put_hour(hours_ago)


def spec_document(**body: Any) -> dict[str, Any]:
    """The spec of the small fraud model on S3, as YAML would give it, with changes to its body."""
    return {
        "apiVersion": "leeway/v1",
        "kind": "Model",
        "metadata": {
            "name": "fraud",
            "labels": {"env": "prod"},
            "team": "ml-platform",
            "owner": "risk-ml",
            "runbooks": "https://runbooks.example.com/ml",
            "grafana": "https://grafana.example.com",
        },
        "spec": {
            "task": "binary_classification",
            "inference": {
                "source": {"s3": f"s3://{BUCKET}/inference/%Y-%m-%dT%H.parquet"},
                "delay": "1s",
                "stale_after": "12h",
                "columns": {"model_version": "model_version", "score": "predicted_score"},
            },
            "reference": {"source": {"s3": f"s3://{BUCKET}/{REFERENCE_KEY}"}},
            "features": [
                {"name": "age", "type": "numeric"},
                {"name": "credit_balance", "type": "numeric"},
                {"name": "txn_count_7d", "type": "numeric"},
                {"name": "country_code", "type": "categorical"},
                {"name": "device_type", "type": "categorical"},
            ],
            "windows": ["1h", "24h"],
            "refresh": {"interval": "1s"},
            **body,
        },
    }


def local_spec_document(**body: Any) -> dict[str, Any]:
    """The same for a folder."""
    document = spec_document(**body)
    document["spec"]["inference"]["source"] = {"local": "inference/%Y-%m-%dT%H.parquet"}
    if "reference" not in body:
        document["spec"]["reference"]["source"] = {"local": REFERENCE_KEY}
    return document


def labelled_spec_document(**body: Any) -> dict[str, Any]:
    """The same with labels, which are mature after an hour."""
    document = local_spec_document(**body)
    document["spec"]["inference"]["columns"]["prediction_id"] = "request_id"
    document["spec"].setdefault(
        "labels",
        {
            "source": {"local": "labels/%Y-%m-%dT%H.parquet"},
            "columns": {"prediction_id": "request_id", "label": "is_fraud", "timestamp": "labelled_at"},
            "maturity": "1h",
            "threshold": 0.05,
        },
    )
    return document
