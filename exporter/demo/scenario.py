"""The demo's scenario: its model, its simulated world, its fault, and its folder."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from exporter.demo.faults import Fault, rescale
from exporter.demo.simulation import World
from exporter.errors import UsageError

NOW: Final = datetime(2026, 11, 24, 16, 15, tzinfo=UTC)
"""The time of the demo: the same on every machine and day, so that everybody sees the same numbers."""
BROKEN_FOR: Final = timedelta(hours=6)
BROKEN_FEATURE: Final = "txn_count_7d"
FACTOR: Final = 1.4
_SEASON: Final = 1.0
"""The strength of the seasons; compared with a reference without seasons, a normal weekend looks like drift."""

MARK: Final = ".leeway-demo"
"""The file that marks a demo's folder, and that is locked while a demo runs."""
_OWN: Final = ("models", "log", "data", "build", "prometheus", "alertmanager")

SPEC: Final = """\
# The demo's model: models/fraud.yaml with its log in a local folder. Every run of the demo writes this file again.
apiVersion: leeway/v1
kind: Model

metadata:
  name: fraud
  labels: {env: demo}
  team: ml-platform
  owner: risk-ml

spec:
  task: binary_classification

  inference:
    source: {local: "../log/inference/%Y-%m-%dT%H.parquet"}
    grain: 1h
    delay: 10m
    columns:
      timestamp: event_time
      prediction_id: request_id
      model_version: model_version
      score: predicted_score
      prediction: decision
      role: role

  labels:
    source: {local: "../log/labels/%Y-%m-%dT%H.parquet"}
    columns: {prediction_id: request_id, label: is_fraud, timestamp: labelled_at}
    maturity: 7d

  reference:
    source: {local: "../log/reference/train_features_v3.parquet"}
    columns: {timestamp: event_time, label: is_fraud}

  features:
    - {name: age, type: numeric}
    - {name: credit_balance, type: numeric}
    - {name: txn_count_7d, type: numeric}
    - {name: country_code, type: categorical, importance: 0.3}
    - {name: device_type, type: categorical}

  windows: [1h, 24h, 7d]

  seasonality: {timezone: America/New_York, season: hour_of_week}

  thresholds:
    feature_psi: {floor: 0.2, weekdays: {saturday: 0.3, sunday: 0.3}}
    drift_share: 0.2
    prediction_mean_shift: 0.15
"""
MODEL: Final = "fraud"


def spec_text(pages: str | None) -> str:
    """Return the spec, with a webhook that receives the pages, if there is an address."""
    return SPEC + (f'\n  alerting:\n    page: {{webhook: {{url: "{pages}"}}}}\n' if pages else "")


@dataclass(frozen=True, slots=True)
class Size:
    """The amount of simulated data: predictions per hour, days of log, rows of training data."""

    rate_per_hour: float = 2000.0
    days: int = 8
    training_rows: int = 200_000


FULL: Final = Size()


def world(end: datetime, size: Size) -> World:
    """Return the demo's world: without faults until six hours before `end`."""
    fault = Fault(end - BROKEN_FOR, partial(rescale, feature=BROKEN_FEATURE, factor=FACTOR))
    return World(seed=1, rate_per_hour=size.rate_per_hour, season=_SEASON, faults=(fault,))


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Empty and lock the folder for the block; only files of a demo are removed."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} has other contents: choose another folder with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    with mark.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"another demo runs in {folder}: stop it, or choose another folder") from None
        for path in filter(Path.exists, (folder / name for name in _OWN)):
            shutil.rmtree(path)
        yield
