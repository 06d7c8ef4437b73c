"""A log as a serving system leaves it, with its labels, and the model that reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.demo.simulation import INFERENCE, LABELS, REFERENCE, World, inference_hour, labels
from exporter.samples.windows import Sample
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
END = START + 54 * HOUR
NOW = END + HOUR / 4
WORLD = World(seed=3, rate_per_hour=60)
MATURITY = DAY
THRESHOLD = 0.1


def document(**body: Any) -> dict[str, Any]:
    return {
        "apiVersion": "leeway/v1",
        "kind": "Model",
        "metadata": {"name": "fraud"},
        "spec": {
            "task": "binary_classification",
            "inference": {
                "source": {"local": INFERENCE},
                "columns": {
                    "timestamp": "event_time",
                    "prediction_id": "request_id",
                    "model_version": "model_version",
                    "score": "predicted_score",
                },
            },
            "labels": {
                "source": {"local": LABELS},
                "columns": {"prediction_id": "request_id", "label": "is_fraud", "timestamp": "labelled_at"},
                "maturity": "1d",
                "threshold": THRESHOLD,
            },
            "reference": {"source": {"local": REFERENCE}},
            "features": [{"name": "age", "type": "numeric"}],
            "windows": ["1h", "24h"],
            **body,
        },
    }


def reader(folder: Path, **body: Any) -> ModelReader:
    spec = ModelSpec.model_validate(document(**body))
    return ModelReader(LoadedSpec(folder / "fraud.yaml", spec), ProfileStore(folder / "store"))


def label_gauges(samples: list[Sample]) -> dict[tuple[Metric, tuple[str, ...]], float]:
    """The values of the samples about labels."""
    first = catalogue.METRICS.index(catalogue.LABEL_ROWS)
    last = catalogue.METRICS.index(catalogue.MAE_PROVISIONAL_CI_UPPER)
    ours = set(catalogue.METRICS[first : last + 1])
    return {(one.metric, tuple(filter(None, one.labels[1:]))): one.value for one in samples if one.metric in ours}


def rejected(samples: list[Sample]) -> dict[str, float]:
    """The reasons that have rows."""
    found = {one.labels[1]: one.value for one in samples if one.metric is catalogue.LABEL_ODD_ROWS}
    return {reason: rows for reason, rows in found.items() if rows}


def mature(hours: int, end: datetime = END - MATURITY) -> pd.DataFrame:
    """The predictions of the hours before `end`, with the labels that arrived before the end of the log."""
    starts = [end - (index + 1) * HOUR for index in range(hours)]
    made = pd.concat(inference_hour(WORLD, start) for start in starts)
    late = pd.concat(labels(WORLD, start) for start in starts)
    return made.merge(late[late["labelled_at"] < END], on="request_id", how="left")


def put_labels(folder: Path, start: datetime, rows: pd.DataFrame) -> None:
    """Rewrite an hour of the label log."""
    rows.to_parquet(folder / start.strftime(LABELS), index=False)


def label_hour(folder: Path, start: datetime) -> pd.DataFrame:
    """An hour of the label log."""
    return pd.read_parquet(folder / start.strftime(LABELS))
