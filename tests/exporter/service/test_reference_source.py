"""Where a model's reference is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from exporter import catalogue
from exporter.errors import ReferenceUnusable
from exporter.profiles.store import ProfileStore
from exporter.service.reading import Attempt, ModelReader
from exporter.service.reference_source import DataSet, LogPeriod, local_days, open_reference
from exporter.spec.file import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from fraud_log import ROWS, FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def _loaded(folder: Path, **body: Any) -> LoadedSpec:
    return LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(local_spec_document(**body)))


def test_days_begin_and_end_at_local_midnights() -> None:
    assert local_days(date(2026, 11, 1), date(2026, 11, 1), NEW_YORK, HOUR) == Window(
        datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)
    ), "the day on which clocks go back has 25 hours"


def test_a_partition_that_spans_midnight_belongs_to_the_day_in_which_it_begins() -> None:
    assert local_days(date(2026, 11, 3), date(2026, 11, 4), NEW_YORK, DAY) == Window(
        datetime(2026, 11, 4, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)
    )


def test_a_data_set_is_what_its_path_names(tmp_path: Path) -> None:
    FraudLog.in_folder(tmp_path, NOW).put_all(0)
    found = open_reference(_loaded(tmp_path))
    assert isinstance(found, DataSet)
    assert [Path(item.path).name for item in found.find(NOW).objects] == ["train_features_v3.parquet"]


def test_a_data_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="nothing at reference/train_features_v3"):
        open_reference(_loaded(tmp_path)).find(NOW)


def _period(folder: Path, first: str, last: str) -> LogPeriod:
    found = open_reference(_loaded(folder, reference={"period": {"from": first, "to": last}}))
    assert isinstance(found, LogPeriod)
    return found


def test_a_period_is_all_of_its_partitions_that_exist(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(24)
    found = _period(tmp_path, "2026-11-21", "2026-11-21").find(NOW)
    hours = [Path(item.path).stem for item in found.objects]
    assert hours == [f"2026-11-21T{hour:02}" for hour in range(10, 24)]


def test_a_period_is_looked_up_once_a_day(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(12)
    period = _period(tmp_path, "2026-11-21", "2026-11-21")
    before = period.find(NOW)
    log.put_hour(23)
    assert period.find(NOW + HOUR) is before
    assert len(period.find(NOW + DAY).objects) == len(before.objects) + 1


def test_a_period_that_is_not_over_does_not_serve(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="not over before 2026-11-23 00:00 UTC"):
        _period(tmp_path, "2026-11-20", "2026-11-22").find(NOW)


def test_a_period_without_a_partition_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="the log holds nothing"):
        _period(tmp_path, "2026-01-01", "2026-01-02").find(NOW)


def test_trailing_weeks_are_not_evaluated_yet(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match=r"reference\.period"):
        open_reference(_loaded(tmp_path, reference={"trailing": "4w"}))


def test_a_model_is_compared_with_a_period_of_its_own_log(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    for hours_ago in range(36):
        start = log.end - (hours_ago + 1) * HOUR
        log.put_hour(hours_ago, event_time=np.full(ROWS, np.datetime64(start.replace(tzinfo=None), "us")))
    document = local_spec_document(reference={"period": {"from": "2026-11-21", "to": "2026-11-21"}}, windows=["1h"])
    document["spec"]["inference"]["columns"]["timestamp"] = "event_time"
    loaded = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
    samples = ModelReader(loaded, ProfileStore(tmp_path / "store")).read(Attempt(NOW))
    index = {sample.labels[2]: sample.value for sample in samples if sample.metric is catalogue.FEATURE_PSI}
    assert set(index) == {"age", "credit_balance", "txn_count_7d", "country_code", "device_type"}
    assert max(index.values()) < 0.02
    season = [sample.labels for sample in samples if sample.metric is catalogue.SEASON_INFO]
    assert season == [("fraud", "all", "none")], "one day is not what its weekday is like"
