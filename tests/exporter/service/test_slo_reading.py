"""Objectives of the log itself: the drift and freshness of each slice, stored longer than its profiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service import slo_reading
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import ROWS, FraudLog, local_spec_document

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
COMMON = {"objective": 0.8, "slice": "1h", "period": "12h"}
DRIFT = {"name": "drift", "metric": "drift_share", "at_most": 0.1, **COMMON}
FRESH = {"name": "fresh", "metric": "freshness", "at_most": 1800, **COMMON}
REMAINING = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    made = FraudLog.in_folder(tmp_path, NOW)
    made.put_all(4)
    return made


def reader(folder: Path, **body: Any) -> ModelReader:
    document = local_spec_document(windows=["1h", "4h"], slos=[DRIFT, FRESH], **body)
    spec = LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))
    return ModelReader(spec, ProfileStore(folder / "store"))


def put_next(log: FraudLog, hours: int, **columns: Any) -> None:
    """The hour that ends so many after the log's newest."""
    log.put(f"inference/{log.end + (hours - 1) * HOUR:%Y-%m-%dT%H}.parquet", log.rows(900 + hours, **columns))


def objective(samples: list[Sample], slo: str) -> dict[str, float]:
    ours = (one for one in samples if catalogue.SLO in one.metric.labels and slo in one.labels)
    return {f"{one.metric.key}{[each for each in one.labels[1:] if each != slo]}": one.value for one in ours}


DRIFTED = {"age": np.full(ROWS, 99.0)}


def test_a_slice_that_drifted_is_bad(log: FraudLog, tmp_path: Path) -> None:
    log.put_hour(1, **DRIFTED)
    found = objective(reader(tmp_path).read(Attempt(NOW)), "drift")
    assert found["slo_slices['v3', '12h']"] == 4, "the others have left the windows"
    assert found["slo_bad_slices['v3', '12h']"] == 1
    assert found["slo_error_budget_remaining_ratio[]"] == pytest.approx(1 - 1 / 2.4)
    assert found["slo_good['v3']"] == 1
    assert found["slo_sli['v3']"] == 0


def test_a_slice_stays_in_the_ledger_when_its_profiles_are_gone(log: FraudLog, tmp_path: Path) -> None:
    log.put_hour(3, **DRIFTED)
    reader(tmp_path).read(Attempt(NOW))
    for hours in range(1, 4):
        put_next(log, hours)
    again = reader(tmp_path)
    for hours in range(1, 4):
        found = objective(again.read(Attempt(NOW + hours * HOUR)), "drift")
    assert found["slo_slices['v3', '12h']"] == 7
    assert found["slo_bad_slices['v3', '12h']"] == 1


def test_neither_a_challenger_nor_a_segment_spends_the_budget(log: FraudLog, tmp_path: Path) -> None:
    for hours in range(4):
        champion = log.rows(1000 + hours, role=np.full(ROWS, "champion"))
        shadow = log.rows(2000 + hours, role=np.full(ROWS, "challenger"), model_version=np.full(ROWS, "v4"), **DRIFTED)
        log.put(log.key(hours), pa.concat_tables([champion, shadow]))
    document = local_spec_document(windows=["1h", "4h"], slos=[DRIFT], segments=["country_code"])
    document["spec"]["inference"]["columns"]["role"] = "role"
    spec = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
    samples = ModelReader(spec, ProfileStore(tmp_path / "store")).read(Attempt(NOW))
    found = objective(samples, "drift")
    assert found["slo_slices['v3', '12h']"] == 4
    assert found["slo_bad_slices['v3', '12h']"] == 0
    assert "slo_slices['v4', '12h']" not in found
    rows = [one.value for one in samples if one.metric is catalogue.VERSION_ROWS and one.labels[1] == "v4"]
    assert rows, "it is there to be read"


def test_a_rewritten_hour_is_evaluated_again_and_others_are_not(
    log: FraudLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = reader(tmp_path)
    assert objective(watching.read(Attempt(NOW)), "drift")["slo_bad_slices['v3', '12h']"] == 0
    evaluated = []
    slice_ = slo_reading._slice
    monkeypatch.setattr(slo_reading, "_slice", lambda *given: evaluated.append(given[0]) or slice_(*given))
    log.put_hour(2, **DRIFTED)
    assert objective(watching.read(Attempt(NOW)), "drift")["slo_bad_slices['v3', '12h']"] == 1
    assert len(evaluated) == 2, "one slice of each objective"


def test_freshness_is_known_from_the_first_refresh_on(log: FraudLog, tmp_path: Path) -> None:
    watching = reader(tmp_path)
    begun = objective(watching.read(Attempt(NOW)), "fresh")
    assert begun == {"slo_target[]": 1800, "slo_objective_ratio[]": 0.8}, "what came before is unknown"
    put_next(log, 1)
    found = objective(watching.read(Attempt(NOW + HOUR)), "fresh")
    assert (found["slo_sli['v3']"], found["slo_good['v3']"]) == (300, 1)


def test_a_slice_that_comes_late_or_not_at_all_is_bad(log: FraudLog, tmp_path: Path) -> None:
    watching = reader(tmp_path)
    watching.read(Attempt(NOW))
    waiting = objective(watching.read(Attempt(NOW + HOUR)), "fresh")
    assert "slo_good['unknown']" not in waiting, "half an hour is not over"
    missing = objective(watching.read(Attempt(NOW + HOUR + 30 * MINUTE)), "fresh")
    assert (missing["slo_sli['unknown']"], missing["slo_good['unknown']"]) == (2100, 0)
    put_next(log, 1)
    late = objective(watching.read(Attempt(NOW + HOUR + 40 * MINUTE)), "fresh")
    assert (late["slo_sli['v3']"], late["slo_good['v3']"]) == (2700, 0)


def test_after_a_restart_the_first_evaluation_of_a_slice_is_known(log: FraudLog, tmp_path: Path) -> None:
    first = reader(tmp_path)
    first.read(Attempt(NOW))
    put_next(log, 1)
    before = objective(first.read(Attempt(NOW + HOUR)), "fresh")
    assert objective(reader(tmp_path).read(Attempt(NOW + HOUR + 40 * MINUTE)), "fresh") == before
