"""Where a model's reference is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.errors import ReferenceUnusable
from exporter.samples.conditions import Condition, conditions
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.service.references.reading import ReferenceReader
from exporter.service.references.source import DataSet, LogPeriod, LogTrailing, local_days, open_reference
from exporter.sources.source import Partition
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from fraud_log import ROWS, FraudLog, local_spec_document
from profile_equality import assert_same_profiles

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


def test_a_data_set_has_the_files_of_its_path(tmp_path: Path) -> None:
    FraudLog.in_folder(tmp_path, NOW).put_all(0)
    found = open_reference(_loaded(tmp_path), list)
    assert isinstance(found, DataSet)
    assert [Path(item.path).name for item in found.find(NOW).objects] == ["train_features_v3.parquet"]


def test_a_missing_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="nothing at reference/train_features_v3"):
        open_reference(_loaded(tmp_path), list).find(NOW)


def _period(folder: Path, first: str, last: str) -> LogPeriod:
    found = open_reference(_loaded(folder, reference={"period": {"from": first, "to": last}}), list)
    assert isinstance(found, LogPeriod)
    return found


def test_a_period_is_all_of_its_partitions_that_exist(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(24)
    found = _period(tmp_path, "2026-11-21", "2026-11-21").find(NOW)
    hours = [Path(item.path).stem for item in found.objects]
    assert hours == [f"2026-11-21T{hour:02}" for hour in range(10, 24)]


def test_a_period_is_listed_once_a_day(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(12)
    period = _period(tmp_path, "2026-11-21", "2026-11-21")
    before = period.find(NOW)
    log.put_hour(23)
    assert period.find(NOW + HOUR) is before
    assert len(period.find(NOW + DAY).objects) == len(before.objects) + 1


def test_a_period_is_unusable_before_its_end(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="does not end before 2026-11-23 00:00 UTC"):
        _period(tmp_path, "2026-11-20", "2026-11-22").find(NOW)


def test_a_period_without_a_partition_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="the log holds nothing"):
        _period(tmp_path, "2026-01-01", "2026-01-02").find(NOW)


MONDAYS = [date(2026, 11, 16) - number * timedelta(weeks=1) for number in range(4)]
"""The Mondays of the week of `NOW` and of the three before it."""


def _trailing(folder: Path, weeks: int, *alarming: date) -> LogTrailing:
    found = open_reference(_loaded(folder, reference={"trailing": f"{weeks}w"}, windows=["1h"]), lambda: alarming)
    assert isinstance(found, LogTrailing)
    return found


def _days(found: Partition) -> set[date]:
    return {date.fromisoformat(Path(item.path).stem[:10]) for item in found.objects}


def _week(monday: date) -> set[date]:
    return {monday + timedelta(days=day) for day in range(7)}


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """Four weeks of empty files, one at noon of each day: these tests need no rows."""
    for days in range(28):
        path = tmp_path / f"inference/{NOW - days * DAY:%Y-%m-%dT12}.parquet"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_trailing_weeks_are_the_newest_whole_ones(month: Path) -> None:
    assert _days(_trailing(month, 2).find(NOW)) == _week(MONDAYS[1]) | _week(MONDAYS[2])
    assert _days(_trailing(month, 1).find(NOW + DAY)) == _week(MONDAYS[0]), "a week is whole once its Sunday is over"


def test_a_week_is_in_the_models_time_zone(month: Path) -> None:
    body = {"reference": {"trailing": "1w"}, "windows": ["1h"], "seasonality": {"timezone": "America/New_York"}}
    found = open_reference(_loaded(month, **body), list)
    midnight = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
    assert _days(found.find(midnight - HOUR)) == _week(MONDAYS[1])
    assert _days(found.find(midnight)) == _week(MONDAYS[0])


def test_alarming_weeks_are_excluded(month: Path) -> None:
    assert _days(_trailing(month, 2, MONDAYS[1]).find(NOW)) == _week(MONDAYS[2]) | _week(MONDAYS[3])


def test_empty_weeks_are_replaced_by_older_ones(month: Path) -> None:
    for day in _week(MONDAYS[1]):
        (month / f"inference/{day}T12.parquet").unlink()
    assert _days(_trailing(month, 1).find(NOW)) == _week(MONDAYS[2])


def test_without_a_calm_week_there_is_no_reference(month: Path) -> None:
    with pytest.raises(ReferenceUnusable, match="no whole week without an alarm among the last 26"):
        _trailing(month, 2, *MONDAYS).find(NOW)


def test_trailing_weeks_change_on_mondays_and_are_listed_once_a_day(month: Path) -> None:
    reference = _trailing(month, 1)
    found = reference.find(NOW)
    assert reference.find(NOW + HOUR) is found
    assert reference.find(NOW + DAY).fingerprint != found.fingerprint


def test_the_rows_of_a_log_have_times_near_its_days(month: Path) -> None:
    weeks = _trailing(month, 2)
    assert weeks.span is None
    weeks.find(NOW)
    monday = datetime.combine(MONDAYS[2], time(), UTC)
    assert weeks.span == Window(monday + 11 * HOUR, monday + 13 * DAY + 14 * HOUR), "an hour around files of one hour"
    day = datetime(2026, 11, 21, tzinfo=UTC)
    assert _period(month, "2026-11-21", "2026-11-21").span == Window(day - HOUR, day + 25 * HOUR)
    assert open_reference(_loaded(month), list).span is None


@pytest.mark.parametrize("reference", [{"trailing": "2w"}, {"period": {"from": "2026-11-02", "to": "2026-11-15"}}])
def test_one_wrong_clock_in_the_log_changes_neither_seasons_nor_thresholds(
    tmp_path: Path, reference: dict[str, Any]
) -> None:
    document = local_spec_document(reference=reference, windows=["6h"])
    document["spec"]["inference"]["columns"]["timestamp"] = "event_time"
    found = []
    for name in ("right", "wrong"):
        folder = tmp_path / name
        log = FraudLog.in_folder(folder, NOW)
        for hours in range(0, 14 * 24, 6):
            at = datetime(2026, 11, 2, tzinfo=UTC) + hours * HOUR
            rows = log.rows(hours, event_time=np.full(ROWS, np.datetime64(at.replace(tzinfo=None), "us")))
            if name == "wrong" and hours == 60:
                extra = {each.name: pa.nulls(1, each.type) for each in rows.schema}
                extra["event_time"] = pa.array([datetime(2042, 1, 1)], rows.schema.field("event_time").type)  # noqa: DTZ001
                rows = pa.concat_tables([rows, pa.table(extra)])
            log.put(f"inference/{at:%Y-%m-%dT%H}.parquet", rows)
        loaded = LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))
        found.append(ReferenceReader(loaded, ProfileStore(folder / "store")).read(datetime(2026, 11, 18, tzinfo=UTC)))
    right, wrong = found
    assert (right.weeks, right.stretches) == (wrong.weeks, wrong.stretches)
    assert_same_profiles(right.by_cell, wrong.by_cell)
    total = 56 * ROWS + 1
    assert wrong.problems == {"event_time": f"1 of {total} rows are left out: their time is missing or far off"}


def test_a_drift_that_lasts_does_not_enter_the_reference(tmp_path: Path) -> None:
    """Two calm weeks of the log, then two in which age is too high: both are excluded, and the alert stays active."""
    log = FraudLog.in_folder(tmp_path, NOW)
    start = datetime(2026, 10, 26, tzinfo=UTC)
    for hours in range(0, 28 * 24, 6):
        at = start + hours * HOUR
        age = log.rows(hours)["age"].to_numpy() + 15 * (hours >= 14 * 24)
        times = np.full(ROWS, np.datetime64(at.replace(tzinfo=None), "us"))
        log.put(f"inference/{at:%Y-%m-%dT%H}.parquet", log.rows(hours, age=age, event_time=times))
    document = local_spec_document(reference={"trailing": "1w"}, windows=["6h"])
    document["spec"]["inference"]["columns"]["timestamp"] = "event_time"
    loaded = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
    alarms = []
    for day in range(8, 29):
        reader = ModelReader(loaded, ProfileStore(tmp_path / "store"))  # the exporter is restarted each day
        samples = reader.read(Attempt(start + day * DAY - 5 * HOUR + timedelta(minutes=10)))
        alarms.append(any(sample.metric is catalogue.FEATURE_DRIFTED and sample.value for sample in samples))
    assert alarms == [day > 14 for day in range(8, 29)]
    assert ProfileStore(tmp_path / "store").load_alarming_weeks("fraud") == {date(2026, 11, 9), date(2026, 11, 16)}


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


class _Labels:
    """Labels by which the scores of weeks ago were no probabilities."""

    problems: Mapping[str, str] = {}
    estimator = None

    def read(self, *_: object) -> list[Sample]:
        error, labels = catalogue.CALIBRATION_ERROR, ("fraud", "v3", "6h", "", "")
        return [Sample(error, labels, 0.5), Sample(error.threshold(), labels, 0.02)]


def test_an_alert_on_labels_excludes_no_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    for hours in range(0, 14 * 24, 6):
        at = datetime(2026, 11, 9, tzinfo=UTC) + hours * HOUR
        times = np.full(ROWS, np.datetime64(at.replace(tzinfo=None), "us"))
        log.put(f"inference/{at:%Y-%m-%dT%H}.parquet", log.rows(hours, event_time=times))
    document = local_spec_document(reference={"trailing": "1w"}, windows=["6h"])
    document["spec"]["inference"]["columns"]["timestamp"] = "event_time"
    loaded, store = (
        LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document)),
        ProfileStore(tmp_path / "store"),
    )
    reader = ModelReader(loaded, store)
    monkeypatch.setattr(reader, "_labels", _Labels())
    samples = reader.read(Attempt(datetime(2026, 11, 18, 1, 10, tzinfo=UTC)))
    assert Condition(catalogue.CALIBRATION_POOR, ("fraud", "v3", "6h", "", "")) in conditions(samples, {"6h"})
    assert store.load_alarming_weeks("fraud") == frozenset()
