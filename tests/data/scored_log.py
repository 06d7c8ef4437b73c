"""A log of days: predictions with a score, labels partitioned by the day of arrival, and a labelled reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
SCORE, LABEL, ID, AT = "score", "came_true", "id", "at"


@dataclass(frozen=True)
class ScoredLog:
    """Days are numbered from 0, `START`; a day of either log is one file."""

    folder: Path

    def put_reference(self, rows: pd.DataFrame) -> None:
        """Write rows with a score, and perhaps a label."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows.assign(age=1.0).to_parquet(self.folder / "reference.parquet", index=False)

    def put_predictions(self, rows: pd.DataFrame) -> None:
        """Write rows with an id, a time and a score; every day up to the last has a file."""
        self._put("predictions", rows.assign(age=1.0, version="v1"))

    def put_labels(self, rows: pd.DataFrame) -> None:
        """Write rows with an id, a time and a label."""
        self._put("labels", rows)

    def _put(self, kind: str, rows: pd.DataFrame) -> None:
        (self.folder / kind).mkdir(parents=True, exist_ok=True)
        days = (rows[AT] - START) // DAY
        for day in range(int(days.max()) + 1):
            name = f"{kind}/{START + day * DAY:%Y-%m-%d}.parquet"
            rows[days == day].to_parquet(self.folder / name, index=False)

    def reader(self, store: str = "store", **body: Any) -> ModelReader:
        """Return a reader of the log; keys of the spec's body may be replaced."""
        loaded = LoadedSpec(self.folder / "loans.yaml", ModelSpec.model_validate(document(**body)))
        return ModelReader(loaded, ProfileStore(self.folder / store))

    def read(self, day: int, store: str = "store", **body: Any) -> list[Sample]:
        """Return the samples once so many days are over."""
        return self.reader(store, **body).read(after(day))


def after(day: int) -> Attempt:
    """Return the attempt of a refresh once so many days are over."""
    return Attempt(START + day * DAY + DAY / 24)


def document(**body: Any) -> dict[str, Any]:
    """Return the spec as plain data."""
    return {
        "apiVersion": "leeway/v1",
        "kind": "Model",
        "metadata": {"name": "loans"},
        "spec": {
            "task": "binary_classification",
            "inference": {
                "source": {"local": "predictions/%Y-%m-%d.parquet"},
                "grain": "1d",
                "columns": {"prediction_id": ID, "timestamp": AT, "score": SCORE, "model_version": "version"},
            },
            "labels": {
                "source": {"local": "labels/%Y-%m-%d.parquet"},
                "grain": "1d",
                "columns": {"prediction_id": ID, "label": LABEL, "timestamp": AT},
                "maturity": "1d",
                "threshold": 0.25,
            },
            "reference": {"source": {"local": "reference.parquet"}, "columns": {"label": LABEL}},
            "features": [{"name": "age", "type": "numeric"}],
            "windows": ["1d"],
            **body,
        },
    }


def moments(random: np.random.Generator, rows: int, days: int) -> pd.Series:
    """Return random times within the first days, in ascending order."""
    seconds = np.sort(random.integers(0, days * 86400, rows))
    return pd.Series(pd.Timestamp(START) + pd.to_timedelta(seconds, unit="s"))
