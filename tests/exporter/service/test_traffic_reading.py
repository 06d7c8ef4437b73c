"""The row counts of past weeks: only footers are read, each once, and a failure disturbs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter import catalogue
from exporter.catalogue import INFERENCE
from exporter.errors import SourceUnavailable
from exporter.samples.windows import Sample
from exporter.service import traffic_reading
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Sums
from exporter.store.traffic import load_row_counts
from fraud_log import ROWS, FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
HOURS_OF_WEEK = 168
PAST_ROWS = 500


def write_past(log: FraudLog, *hours_ago: int, weeks: int = 4, rows: int = PAST_ROWS) -> None:
    """So many rows in the same hours of past weeks."""
    for week in range(1, weeks + 1):
        for hour in hours_ago:
            log.put(log.key(week * HOURS_OF_WEEK + hour), log.rows(week, rows))


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    """Four hours of the log, the same hours of four past weeks, and the reference."""
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(4)
    write_past(log, 0, 1, 2, 3)
    return log


def reader_of(folder: Path, **body: Any) -> ModelReader:
    spec = ModelSpec.model_validate(local_spec_document(**{"windows": ["1h", "4h"], **body}))
    return ModelReader(LoadedSpec(folder / "fraud.yaml", spec), ProfileStore(folder / "store"))


def usual(samples: list[Sample]) -> dict[str, float]:
    return {one.labels[-1]: one.value for one in samples if one.metric is catalogue.WINDOW_ROWS_REFERENCE}


def others(samples: list[Sample]) -> list[Sample]:
    traffic = {catalogue.WINDOW_ROWS_REFERENCE, catalogue.TRAFFIC_FACTOR, catalogue.TRAFFIC_FACTOR_THRESHOLD}
    return [one for one in samples if one.metric not in traffic]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The partitions of the log that are read, in order."""
    names: list[str] = []
    profile = Local.profile

    def recorded(self: Local, partition: Any, *rest: Any) -> Any:
        names.append(partition.name)
        return profile(self, partition, *rest)

    monkeypatch.setattr(Local, "profile", recorded)
    return names


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of partitions of each listing."""
    sizes: list[int] = []
    partitions = Local.partitions

    def recorded(self: Local, starts: Any) -> Any:
        sizes.append(len(list(starts)))
        return partitions(self, starts)

    monkeypatch.setattr(Local, "partitions", recorded)
    return sizes


def test_usual_rows_are_those_of_past_weeks(tmp_path: Path, log: FraudLog) -> None:
    samples = reader_of(tmp_path).read(Attempt(NOW))
    assert usual(samples) == {"1h": PAST_ROWS, "4h": 4 * PAST_ROWS}
    factors = {one.labels: one.value for one in samples if one.metric is catalogue.TRAFFIC_FACTOR}
    assert factors == {("fraud", "1h"): ROWS / PAST_ROWS, ("fraud", "4h"): ROWS / PAST_ROWS}


def test_no_column_of_the_past_is_read(tmp_path: Path, log: FraudLog) -> None:
    for hours_ago in range(HOURS_OF_WEEK, HOURS_OF_WEEK + 4):
        path = tmp_path / log.key(hours_ago)
        content = path.read_bytes()
        half = len(content) // 2
        path.write_bytes(content[:4] + bytes(half) + content[4 + half :])
    reader = reader_of(tmp_path)
    assert usual(reader.read(Attempt(NOW)))["4h"] == 4 * PAST_ROWS
    assert reader.record.failures == {}
    (bytes_read,) = (
        one.value
        for one in reader.own_samples()
        if one.metric is catalogue.SOURCE_READ_BYTES_TOTAL and one.labels[1] == INFERENCE
    )
    assert bytes_read == sum((tmp_path / log.key(hours)).stat().st_size for hours in range(4))


def test_a_restart_reads_no_footer_twice(tmp_path: Path, log: FraudLog, opened: list[str]) -> None:
    before = reader_of(tmp_path).read(Attempt(NOW))
    footers = [name for name in opened if name.startswith("2026") and name < "2026-11-20"]
    assert len(footers) == len(set(footers)) == 16
    assert footers == sorted(footers, reverse=True), "the newest first"
    opened.clear()
    assert reader_of(tmp_path).read(Attempt(NOW)) == before
    assert opened == []


def test_rows_of_a_profile_are_known_when_its_window_is_past(tmp_path: Path, log: FraudLog, opened: list[str]) -> None:
    reader = reader_of(tmp_path)
    reader.read(Attempt(NOW))
    opened.clear()
    later = NOW + WEEK
    assert usual(reader.read(Attempt(later)))["4h"] == 4 * PAST_ROWS
    assert opened == [], "the week's own rows are those of its profiles, whose files have left the windows"


def test_a_rewritten_past_is_counted_again_the_next_day(tmp_path: Path, log: FraudLog) -> None:
    reader = reader_of(tmp_path)
    assert usual(reader.read(Attempt(NOW)))["1h"] == PAST_ROWS
    write_past(log, 0, rows=300)
    assert usual(reader.read(Attempt(NOW + HOUR / 6)))["1h"] == PAST_ROWS
    log.now = NOW + DAY
    write_past(log, 0, rows=200)
    assert usual(reader.read(Attempt(NOW + DAY)))["1h"] == 200
    stored = load_row_counts(ProfileStore(tmp_path / "store"), Key("fraud/traffic", "rows", ()))
    assert sorted(stored.values()) == [200] * 4 + [300] * 4 + [PAST_ROWS] * 12 + [ROWS] * 4


def test_the_past_is_listed_once_a_day(tmp_path: Path, log: FraudLog, listings: list[int]) -> None:
    reader = reader_of(tmp_path)
    for now in (NOW, NOW + HOUR, NOW + 2 * HOUR):
        reader.read(Attempt(now))
    assert listings == [4, 8 * HOURS_OF_WEEK + 4, 4, 4]
    reader.read(Attempt(NOW + DAY))
    assert listings[4:] == [4, 8 * HOURS_OF_WEEK + 4]


@pytest.mark.parametrize(
    ("missing", "known"), [((), True), ((13, 14), True), ((12, 13, 14), False)], ids=["daily", "weekend", "outage"]
)
def test_hours_without_a_file_are_empty_but_in_an_outage(tmp_path: Path, missing: tuple[int, ...], known: bool) -> None:
    """The log has one file a day for three weeks, but for some days; that of two weeks ago is among those."""
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(0)
    for day in set(range(25)) - set(missing):
        log.put(log.key(24 * day), log.rows(day, PAST_ROWS))
    at_ten, at_four = (reader_of(tmp_path, windows=["1h"]).read(Attempt(NOW - ago * HOUR)) for ago in (0, 6))
    assert (usual(at_ten), usual(at_four)) == (({"1h": PAST_ROWS}, {"1h": 0}) if known else ({}, {}))


def test_an_unreadable_footer_is_tried_once_and_its_rows_are_unknown(
    tmp_path: Path, log: FraudLog, opened: list[str]
) -> None:
    expected = others(reader_of(tmp_path).read(Attempt(NOW)))
    for week in (1, 2):
        (tmp_path / log.key(week * HOURS_OF_WEEK)).write_bytes(b"PAR1 no more")
    reader = reader_of(tmp_path)
    opened.clear()
    for _ in range(2):
        samples = reader.read(Attempt(NOW))
        assert usual(samples) == {}, "two weeks are left of one hour"
        assert others(samples) == expected
    assert reader.record.failures == {"read": 2}
    assert len(opened) == 2


@pytest.mark.parametrize("stage", ["list", "read"])
def test_a_source_that_does_not_answer_costs_only_traffic(
    tmp_path: Path, log: FraudLog, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = reader_of(tmp_path).read(Attempt(NOW))
    for file in (tmp_path / "store" / "fraud" / "traffic").iterdir():
        file.unlink()

    def refused(*_: Any) -> Any:
        raise SourceUnavailable("busy")

    reader = reader_of(tmp_path)
    with monkeypatch.context() as patch:
        refuse_the_past(patch, stage, refused)
        samples = reader.read(Attempt(NOW))
    assert usual(samples) == {}
    assert others(samples) == others(expected)
    assert reader.record.failures == {stage: 1}
    assert reader.problems == {"row counts of past weeks": "busy"}
    assert reader.read(Attempt(NOW)) == expected, "the next refresh tries again"


def refuse_the_past(patch: pytest.MonkeyPatch, stage: str, refused: Any) -> None:
    if stage == "read":
        patch.setattr(Local, "profile", refused)
        return
    partitions = Local.partitions
    patch.setattr(
        Local, "partitions", lambda self, starts: partitions(self, starts) if len(starts) < 100 else refused()
    )


def test_a_disk_that_refuses_costs_only_the_saving(
    tmp_path: Path, log: FraudLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Sums, "save", full)
    reader = reader_of(tmp_path)
    assert usual(reader.read(Attempt(NOW)))["1h"] == PAST_ROWS
    assert reader.record.failures == {"store": 1}


def test_after_the_timeout_the_next_refresh_reads_the_rest(tmp_path: Path, log: FraudLog, opened: list[str]) -> None:
    reader, steps = reader_of(tmp_path), []
    attempt = Attempt(NOW, lambda: len(steps) >= 4 + 5, lambda done, total: steps.append((done, total)))
    samples = reader.read(attempt)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4), *((done, 16) for done in range(1, 6))]
    assert usual(samples) == {}
    assert reader.record.failures == {}
    assert others(samples) == others(reader_of(tmp_path).read(Attempt(NOW)))
    opened.clear()
    assert usual(reader.read(Attempt(NOW)))["1h"] == PAST_ROWS
    assert len(opened) == 11


def test_a_log_of_very_many_files_is_counted_over_several_refreshes(
    tmp_path: Path, log: FraudLog, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setattr(traffic_reading, "MOST_FILES", 10)
    reader = reader_of(tmp_path)
    assert usual(reader.read(Attempt(NOW))) == {"1h": PAST_ROWS}, "of the newest hour three weeks are among the ten"
    assert len(opened) == 1 * 2 + 4 + 10, "the reference twice, the window, ten footers"
    assert usual(reader.read(Attempt(NOW)))["4h"] == 4 * PAST_ROWS
