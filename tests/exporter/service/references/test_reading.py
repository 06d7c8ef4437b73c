"""The reference by season, end to end: from Parquet with times to the drift of an ordinary and an unusual hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.reading import ModelReader
from exporter.service.references.reading import ReferenceReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK, Level
from exporter.store.profiles import ProfileStore
from fraud_log import REFERENCE_KEY, FraudLog, local_spec_document
from profile_equality import assert_same_profiles

NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
END = datetime(2026, 11, 20, 5, tzinfo=UTC)
"""The reference's end, a Friday's midnight in New York; its clocks went back on 1 November."""
WEEKS = 6
AN_HOUR = 60
"""Rows of the reference in an hour."""
SATURDAY_NOON = datetime(2026, 11, 21, 12, tzinfo=NEW_YORK)
DRIFT = catalogue.FEATURE_DRIFTED, catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD


def customers(local: datetime, rows: int, seed: int, weekend: bool | None = None) -> dict[str, Any]:
    """Rows of an hour: at weekends the customers are younger and more often on a phone."""
    random = np.random.default_rng([seed, int(local.timestamp()) // 3600])
    weekend = local.weekday() >= 5 if weekend is None else weekend
    return {
        "age": random.normal(28 if weekend else 40, 10, rows),
        "device_type": random.choice(["mobile", "desktop"], rows, p=[0.9, 0.1] if weekend else [0.5, 0.5]),
        "predicted_score": random.beta(2, 20 if weekend else 40, rows),
    }


def reference_table(weeks: int = WEEKS, rows: int = AN_HOUR) -> pa.Table:
    starts = [END - hour * HOUR for hour in range(weeks * 168, 0, -1)]
    parts = [customers(start.astimezone(NEW_YORK), rows, seed=1) for start in starts]
    table = pa.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    seconds = np.repeat([int(start.timestamp()) for start in starts], rows) + np.tile(np.arange(rows), len(starts))
    return table.append_column("event_time", pa.array(seconds).cast(pa.timestamp("s", "UTC")))


TABLE = reference_table()
SEASONALITY = {"timezone": "America/New_York", "season": "hour_of_week"}


def loaded(folder: Path, **body: Any) -> LoadedSpec:
    settings = {
        "features": [{"name": "age", "type": "numeric"}, {"name": "device_type", "type": "categorical"}],
        "windows": ["1h"],
        "seasonality": SEASONALITY,
        "reference": {"source": {"local": REFERENCE_KEY}, "columns": {"timestamp": "event_time"}},
    }
    document = local_spec_document(**{**settings, **body})
    document["spec"]["inference"]["columns"] = {"score": "predicted_score"}
    return LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))


def put_reference(folder: Path, table: pa.Table = TABLE) -> None:
    FraudLog.in_folder(folder, SATURDAY_NOON).put(REFERENCE_KEY, table)


Found = dict[Metric, dict[tuple[str, ...], float]]


def read(folder: Path, start: datetime, rows: dict[str, Any], **body: Any) -> Found:
    """The samples of the hour that begins at `start`, with these rows."""
    now = (start + HOUR).astimezone(UTC) + timedelta(minutes=5)
    log = FraudLog.in_folder(folder, now)
    log.put(log.key(0), pa.table(rows))
    reader = ModelReader(loaded(folder, **body), ProfileStore(folder / "store"))
    found: Found = {}
    for sample in reader.read(Attempt(now)):
        found.setdefault(sample.metric, {})[tuple(filter(None, sample.labels))] = sample.value
    return found


def scores(found: Found, feature: str) -> tuple[bool, float, float]:
    """Whether a feature has drifted, its PSI and the threshold."""
    labels = ("fraud", catalogue.UNKNOWN_VERSION, feature, "1h")
    drifted, index, level = (found[metric][labels] for metric in DRIFT)
    return bool(drifted), index, level


def season(found: Found) -> tuple[str, ...]:
    (labels,) = found[catalogue.SEASON_INFO]
    return labels[1:]


class TestSeasons:
    def test_an_ordinary_saturday_has_not_drifted(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 2000, seed=2))
        for feature in ("age", "device_type"):
            drifted, index, level = scores(found, feature)
            assert not drifted
            assert index < 0.05 <= level
        assert season(found) == ("saturday 12:00", Level.HOUR_OF_WEEK)
        (shift,), (level,) = (
            found[metric].values()
            for metric in (catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD)
        )
        assert shift < level

    def test_a_saturday_that_is_like_a_monday_has_drifted(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 2000, seed=2, weekend=False))
        for feature in ("age", "device_type"):
            drifted, index, _ = scores(found, feature)
            assert drifted
            assert index > 0.5
        assert list(found[catalogue.DATA_DRIFT_SHARE].values()) == [1]

    def test_without_times_an_ordinary_saturday_looks_like_drift(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        without = {"source": {"local": REFERENCE_KEY}}
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 2000, seed=2), reference=without)
        assert scores(found, "age")[0]
        assert season(found) == ("all", Level.NONE)

    def test_hours_are_local_across_a_change_of_the_clocks(self, tmp_path: Path) -> None:
        """Friday 23:00 in New York is Saturday 03:00 UTC in October and 04:00 in November."""
        put_reference(tmp_path)
        friday = datetime(2026, 11, 20, 23, tzinfo=NEW_YORK)
        found = read(tmp_path, friday, customers(friday, 2000, seed=2))
        assert season(found) == ("friday 23:00", Level.HOUR_OF_WEEK)
        assert not scores(found, "age")[0]
        assert scores(found, "age")[1] < 0.1
        by_utc = read(tmp_path, friday, customers(friday, 2000, seed=2), seasonality={**SEASONALITY, "timezone": "UTC"})
        assert scores(by_utc, "age")[1] > 0.5

    def test_a_holiday_is_compared_as_the_day_it_counts_as(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        thanksgiving = datetime(2026, 11, 26, 12, tzinfo=NEW_YORK)
        rows = customers(thanksgiving, 2000, seed=2, weekend=True)
        holidays = {"dates": ["2026-11-26"], "like": "sunday"}
        found = read(tmp_path, thanksgiving, rows, seasonality={**SEASONALITY, "holidays": holidays})
        assert season(found) == ("sunday 12:00", Level.HOUR_OF_WEEK)
        assert not scores(found, "age")[0]
        unknown = read(tmp_path, thanksgiving, rows)
        assert season(unknown) == ("thursday 12:00", Level.HOUR_OF_WEEK)
        assert scores(unknown, "age")[0]

    def test_a_thin_reference_has_coarser_seasons(self, tmp_path: Path) -> None:
        put_reference(tmp_path, reference_table(rows=5))
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 2000, seed=2))
        assert season(found) == ("saturday 12:00-18:00", Level.PART_OF_DAY)
        assert not scores(found, "age")[0]

    def test_a_window_of_a_weekend_and_a_monday_is_compared_with_both(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        monday = datetime(2026, 11, 23, 11, tzinfo=NEW_YORK)
        log = FraudLog.in_folder(tmp_path, (monday + HOUR).astimezone(UTC))
        for hours_ago in range(24):
            hour = monday - hours_ago * HOUR
            log.put(log.key(hours_ago), pa.table(customers(hour, 200 + 50 * (hours_ago % 5), seed=2)))
        found = read(tmp_path, monday, customers(monday, 200, seed=2), windows=["24h"])
        labels = ("fraud", catalogue.UNKNOWN_VERSION, "age", "24h")
        assert found[catalogue.FEATURE_DRIFTED][labels] == 0
        assert found[catalogue.FEATURE_PSI][labels] < 0.02


class TestWeeks:
    def test_the_variation_between_weeks_is_stored_for_every_window(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        spec = loaded(tmp_path, windows=["1h", "24h", "7d"])
        reader = ReferenceReader(spec, ProfileStore(tmp_path / "store"))
        made = reader.read(SATURDAY_NOON)
        assert (reader.built, reader.reused) == (1, 0)
        assert made.stretches.keys() == {"1h", "24h", "7d"}
        for stretches in made.stretches.values():
            assert {"age", "device_type", "predicted_score"} < stretches.keys()
            assert all(len(stretch) == 7 and min(stretch) >= 1 for stretch in stretches.values())
        assert len(made.by_cell) == 168
        assert sum(profile.rows for profile in made.by_cell.values()) == TABLE.num_rows
        # The clocks went back: the first Friday's midnight is outside the six weeks, and 1 November has 01:00 twice.
        assert {cell: weeks for cell, weeks in made.weeks.items() if weeks != WEEKS} == {4 * 24: 5, 6 * 24 + 1: 7}
        assert reader.read(SATURDAY_NOON) is made
        again = ReferenceReader(spec, ProfileStore(tmp_path / "store"))
        stored = again.read(SATURDAY_NOON)
        assert (again.built, again.reused) == (0, 1)
        assert stored.binning.fingerprint == made.binning.fingerprint
        assert {name: tuple(map(tuple, part.values())) for name, part in stored.stretches.items()} == {
            name: tuple(part.values()) for name, part in made.stretches.items()
        }

    def test_two_weeks_give_no_variation_and_psi_has_the_usual_floor(self, tmp_path: Path) -> None:
        put_reference(tmp_path, reference_table(weeks=2))
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 5000, seed=2))
        assert scores(found, "age")[2] >= 0.2

    def test_a_drift_that_persists_is_the_same_four_weeks_later(self, tmp_path: Path) -> None:
        """Customers of 46 instead of 40 years, from the reference's end on, with one reader throughout."""
        put_reference(tmp_path)
        reader = ModelReader(loaded(tmp_path, windows=["1h", "24h"]), ProfileStore(tmp_path / "store"))
        levels = []
        for week in range(5):
            end = END + timedelta(days=7 * week + 1)
            log = FraudLog.in_folder(tmp_path, end)
            for ago in range(24):
                rows = customers((end - (ago + 1) * HOUR).astimezone(NEW_YORK), 2000, seed=week)
                log.put(log.key(ago), pa.table({**rows, "age": rows["age"] + 6}))
            found = {
                (sample.metric, sample.labels[3]): sample.value
                for sample in reader.read(Attempt(end + timedelta(minutes=5)))
                if "age" in sample.labels
            }
            drifted, indices, of_week = ([found[metric, name] for name in ("1h", "24h")] for metric in DRIFT)
            assert drifted == [1, 1]
            assert all(index > level for index, level in zip(indices, of_week, strict=True))
            levels.append(of_week)
        np.testing.assert_allclose(levels, np.tile(levels[0], (5, 1)), rtol=0.05)

    def test_another_calendar_is_another_reference(self, tmp_path: Path) -> None:
        put_reference(tmp_path)
        store = ProfileStore(tmp_path / "store")
        ReferenceReader(loaded(tmp_path), store).read(SATURDAY_NOON)
        other = ReferenceReader(loaded(tmp_path, seasonality={**SEASONALITY, "timezone": "UTC"}), store)
        other.read(SATURDAY_NOON)
        assert (other.built, other.reused) == (1, 0)


def with_times(times: pa.Array) -> pa.Table:
    return TABLE.slice(TABLE.num_rows - len(times)).drop_columns(["event_time"]).append_column("event_time", times)


class TestTimes:
    TIMES = TABLE.column("event_time").combine_chunks()

    def test_times_may_be_text(self, tmp_path: Path) -> None:
        put_reference(tmp_path, with_times(pa.array([f"{time.as_py():%Y-%m-%dT%H:%M:%SZ}" for time in self.TIMES])))
        found = read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 2000, seed=2))
        assert season(found) == ("saturday 12:00", Level.HOUR_OF_WEEK)

    @pytest.mark.parametrize("unit", [None, "ms"])
    def test_times_may_be_epoch_numbers(self, tmp_path: Path, unit: str | None) -> None:
        put_reference(tmp_path, with_times(pa.array(self.TIMES.cast(pa.int64()).to_numpy() * 1000)))
        columns = {"timestamp": "event_time"} | ({"timestamp_unit": unit} if unit else {})
        spec = loaded(tmp_path, reference={"source": {"local": REFERENCE_KEY}, "columns": columns})
        made = ReferenceReader(spec, ProfileStore(tmp_path / "store")).read(SATURDAY_NOON)
        assert (sum(made.weeks.values()), made.problems) == (WEEKS * HOURS_OF_WEEK, {})

    @pytest.mark.parametrize("year", [2027, 2042, 2204, 9999, 1999])
    def test_one_wrong_clock_changes_neither_cells_nor_seasons_nor_thresholds(self, tmp_path: Path, year: int) -> None:
        expected = ReferenceReader(loaded(tmp_path), ProfileStore(tmp_path / "right"))
        put_reference(tmp_path)
        right = expected.read(SATURDAY_NOON)
        row = {"age": [1e6], "device_type": ["abacus"], "predicted_score": [0.99]}
        row["event_time"] = [datetime(year, 3, 4, 5, tzinfo=UTC)]
        put_reference(tmp_path, pa.concat_tables([pa.table(row, TABLE.schema), TABLE]))
        found = ReferenceReader(loaded(tmp_path), ProfileStore(tmp_path / "store")).read(SATURDAY_NOON)
        assert found.stretches == right.stretches
        assert found.weeks == right.weeks
        assert found.binning.fingerprint == right.binning.fingerprint
        assert_same_profiles(found.by_cell, right.by_cell)
        assert found.problems == {
            "event_time": "1 of 60481 rows are left out: their time is missing or far off",
        }

    def test_rows_that_are_left_out_are_counted_and_logged(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        put_reference(tmp_path, with_times(pa.array([*self.TIMES.to_pylist()[:-1], datetime(2042, 1, 1, tzinfo=UTC)])))
        reader = ModelReader(loaded(tmp_path), ProfileStore(tmp_path / "store"))
        reader.reference(SATURDAY_NOON)
        reader.reference(SATURDAY_NOON)
        assert reader.record.failures == {"reference": 1}
        assert "column event_time of the reference: 1 of 60480 rows are left out" in caplog.text

    def test_rows_without_a_time_are_left_out(self, tmp_path: Path) -> None:
        times = pa.array([None if row < 100 else time.as_py() for row, time in enumerate(self.TIMES)], self.TIMES.type)
        put_reference(tmp_path, with_times(times))
        made = ReferenceReader(loaded(tmp_path), ProfileStore(tmp_path / "store")).read(SATURDAY_NOON)
        assert sum(profile.rows for profile in made.by_cell.values()) == TABLE.num_rows - 100

    @pytest.mark.parametrize(
        ("table", "why"),
        [
            (
                TABLE.drop_columns(["event_time"]),
                "column event_time of the reference: the column event_time is missing",
            ),
            (with_times(pa.array([True] * 500)), "column event_time of the reference.* a time was expected"),
            (with_times(pa.array(["noon"] * 500)), "no row of the reference has a time"),
            (with_times(pa.nulls(500, pa.timestamp("s"))), "no row of the reference has a time"),
        ],
    )
    def test_unreadable_times_fail_the_refresh_and_are_named(self, tmp_path: Path, table: pa.Table, why: str) -> None:
        put_reference(tmp_path, table)
        with pytest.raises(RefreshFailed, match=why) as failure:
            read(tmp_path, SATURDAY_NOON, customers(SATURDAY_NOON, 100, seed=2))
        assert failure.value.stage == "reference"
