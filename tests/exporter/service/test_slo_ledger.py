"""The ledger of an objective, from a log: late labels correct the past, as if they had been there from the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, labelled_spec_document

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
SLO = {"name": "right", "metric": "accuracy", "at_least": 0.9, "objective": 0.8, "period": "12h", "slice": "1h"}
OURS = {metric for metric in catalogue.METRICS if catalogue.SLO in metric.labels}
HOURS = 16
ROWS = 400


def spec(**changes: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(windows=["1h", "2h"], slos=[{**SLO, **changes}]))


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    """Sixteen hours of right predictions, with labels in the hour after; three hours have no labels yet."""
    made = FraudLog.in_folder(tmp_path, NOW)
    made.put("reference/train_features_v3.parquet", made.rows(1, 2000))
    for ago in range(HOURS):
        made.put(made.key(ago), made.rows(1000 + ago, ROWS))
        if ago not in {0, 1, 5}:
            put_labels(made, ago, arrived_ago=ago - 1, right=True)
    return made


def put_labels(log: FraudLog, ago: int, *, arrived_ago: int, right: bool, after: timedelta = HOUR / 4) -> None:
    """Put labels by which an hour was all right or all wrong, in a partition of their own."""
    rows = log.rows(1000 + ago, ROWS)
    labels = (rows["predicted_score"].to_numpy() >= 0.05) == right
    at = [log.end - (arrived_ago + 1) * HOUR + after] * ROWS
    arrived = log.end - (arrived_ago + 1) * HOUR
    table = pa.table({"request_id": rows["request_id"], "is_fraud": labels, "labelled_at": at})
    log.put(f"labels/{arrived:%Y-%m-%dT%H}.parquet", table)


def reader(folder: Path, store: str = "store", **changes: Any) -> ModelReader:
    return ModelReader(LoadedSpec(folder / "fraud.yaml", spec(**changes)), ProfileStore(folder / store))


def objectives(samples: list[Sample]) -> dict[str, float]:
    return {f"{one.metric.key}{list(one.labels[1:])}": one.value for one in samples if one.metric in OURS}


REMAINING = "slo_error_budget_remaining_ratio['right']"
KNOWN = "slo_slices['v3', 'right', '12h']"


def test_late_labels_lower_the_budget_or_raise_it(log: FraudLog, tmp_path: Path) -> None:
    watching = reader(tmp_path)
    before = objectives(watching.read(Attempt(NOW)))
    assert (before[REMAINING], before[KNOWN]) == (1, 10), "twelve hours, of which two are unknown"

    put_labels(log, 5, arrived_ago=0, right=False)
    worse = objectives(watching.read(Attempt(NOW)))
    assert worse[KNOWN] == 11
    assert worse[REMAINING] == pytest.approx(1 - 1 / 2.4)
    assert worse == objectives(reader(tmp_path, "fresh").read(Attempt(NOW))), "as if they had been there from the start"

    put_labels(log, 5, arrived_ago=-1, right=True)
    better = objectives(watching.read(Attempt(NOW + HOUR)))
    assert better[REMAINING] == 1
    assert better == objectives(reader(tmp_path, "fresher").read(Attempt(NOW + HOUR)))


def test_the_look_back_has_the_whole_period_and_the_windows_before_it(log: FraudLog, tmp_path: Path) -> None:
    found = objectives(reader(tmp_path, over="rolling", window="3h").read(Attempt(NOW)))
    assert found["slo_slices['v3', 'right', '12h']"] == 12, "a window with one hour unknown is known"


def test_a_restart_gives_the_same(log: FraudLog, tmp_path: Path) -> None:
    first = objectives(reader(tmp_path).read(Attempt(NOW)))
    assert first == objectives(reader(tmp_path).read(Attempt(NOW)))
    assert np.isfinite(list(first.values())).all()
