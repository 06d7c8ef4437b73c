"""Past partitions: each is read once, and a failure costs only the values that are missing then."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporter.errors import FileUnavailable, PartitionUnreadable, SourceUnavailable
from exporter.service.attempt import Attempt, Record
from exporter.service.past_reading import PastPartitions
from exporter.sources.source import Partition, StoredObject
from exporter.store import sums
from exporter.store.profiles import Key, ProfileStore
from exporter.store.traffic import ROW_COUNTS

ATTEMPT = Attempt(datetime(2026, 11, 22, 10, 5, tzinfo=UTC))
KEY = Key("fraud/traffic", "rows", ())
HOURS = [Partition(f"hour {hour}", (StoredObject(f"{hour}.parquet", hour, "tag"),)) for hour in range(1, 7)]


class Log:
    """Six hours whose value is their size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = Record("fraud")
        self.read: list[str] = []
        self.errors: dict[str, Exception] = {}

    def reader(self) -> PastPartitions[int]:
        return PastPartitions(self.record, ProfileStore(self.folder), KEY, ROW_COUNTS, "row counts")

    def reduce(self, partition: Partition) -> int:
        self.read.append(partition.name)
        if partition.name in self.errors:
            raise self.errors[partition.name]
        return partition.size


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "store")


def sizes(past: PastPartitions[int]) -> list[int]:
    return sorted(past.values.values())


def test_a_partition_is_read_once_even_after_a_restart(log: Log) -> None:
    for past in (log.reader(), log.reader()):
        past.read(ATTEMPT, HOURS, log.reduce, most=10)
        assert sizes(past) == [1, 2, 3, 4, 5, 6]
    assert log.read == [hour.name for hour in HOURS]


def test_a_partition_that_is_refused_costs_itself_and_is_tried_again_the_next_day(log: Log) -> None:
    log.errors["hour 2"] = FileUnavailable("archived")
    past = log.reader()
    for _ in range(2):
        past.read(ATTEMPT, HOURS, log.reduce, most=10)
        assert sizes(past) == [1, 3, 4, 5, 6]
        assert list(past.problems.values()) == ["archived"]
    assert log.read.count("hour 2") == log.record.failures["read"] == 1
    log.errors.clear()
    past.read(Attempt(ATTEMPT.now + timedelta(days=1)), HOURS, log.reduce, most=10)
    assert sizes(past) == [1, 2, 3, 4, 5, 6]
    assert past.problems == {}


def test_a_value_is_stored_under_the_files_that_were_read(log: Log) -> None:
    def readable(partition: Partition) -> Partition:
        return Partition(partition.name, tuple(replace(item, tag="read") for item in partition.objects))

    past = PastPartitions(log.record, ProfileStore(log.folder), KEY, ROW_COUNTS, "row counts", readable=readable)
    past.read(ATTEMPT, HOURS[:1], log.reduce, most=10)
    assert past.values.get(readable(HOURS[0]).fingerprint, 0) == 1
    assert HOURS[0].fingerprint not in past.values


def test_a_partition_that_cannot_be_read_is_tried_once_until_it_changes(log: Log) -> None:
    log.errors["hour 2"] = PartitionUnreadable("truncated")
    past = log.reader()
    for _ in range(2):
        past.read(ATTEMPT, HOURS, log.reduce, most=10)
        assert sizes(past) == [1, 3, 4, 5, 6]
    assert log.read.count("hour 2") == 1
    assert log.record.failures == {"read": 1}
    assert past.problems == {"partition hour 2, row counts": "truncated"}
    past.keep_only({HOURS[0].fingerprint})
    assert (sizes(past), past.problems) == ([1], {})


def test_a_source_that_does_not_answer_ends_the_reading_of_one_refresh(log: Log) -> None:
    log.errors["hour 3"] = SourceUnavailable("busy")
    past = log.reader()
    past.read(ATTEMPT, HOURS, log.reduce, most=10)
    assert sizes(past) == sizes(log.reader()) == [1, 2]
    assert log.record.problems == {"row counts": "busy"}
    assert log.record.waiting["row counts"] > 0
    log.errors.clear()
    past.read(ATTEMPT, HOURS, log.reduce, most=10)
    assert sizes(past) == [1, 2, 3, 4, 5, 6]
    assert log.record.waiting == {"row counts": 0}


def test_one_refresh_spends_so_much_and_the_next_continues(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    past, seen = log.reader(), []
    attempt = Attempt(ATTEMPT.now, progress=lambda done, total: seen.append((done, total)))
    past.read(attempt, HOURS, log.reduce, most=6, cost=lambda partition: partition.size)
    assert sizes(past) == [1, 2, 3]
    assert seen == [(1, 6), (2, 6), (3, 6)]
    assert "fraud: row counts: 3 of 6 partitions are still to be read" in caplog.text
    assert log.record.waiting == {"row counts": 3}
    past.read(attempt, HOURS, log.reduce, most=6, cost=lambda partition: partition.size)
    assert sizes(past) == [1, 2, 3, 4, 5], "4 and 5 are more than 6 together"


def test_when_its_time_is_over_it_stops(log: Log) -> None:
    past = log.reader()
    past.read(Attempt(ATTEMPT.now, overdue=lambda: len(log.read) >= 2), HOURS, log.reduce, most=10)
    assert sizes(past) == sizes(log.reader()) == [1, 2]


def test_values_are_saved_in_stretches(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "STRETCH", 2)
    log.errors["hour 6"] = KeyError("a process that is killed")  # type: ignore[assignment]
    with pytest.raises(KeyError):
        log.reader().read(ATTEMPT, HOURS, log.reduce, most=10)
    assert sizes(log.reader()) == [1, 2, 3, 4]


def test_a_disk_that_refuses_costs_only_the_saving(log: Log) -> None:
    log.folder.write_text("in the way")
    past = log.reader()
    past.read(ATTEMPT, HOURS, log.reduce, most=10)
    assert sizes(past) == [1, 2, 3, 4, 5, 6]
    assert log.record.failures == {}  # the model's reader says it once, of all files


def test_values_of_another_key_are_removed(log: Log) -> None:
    old = Key(KEY.group, KEY.name, ("other columns",))
    ROW_COUNTS.save(ProfileStore(log.folder), old, {"a": 1})
    log.reader().read(ATTEMPT, HOURS, log.reduce, most=10)
    assert [path.name for path in (log.folder / KEY.group).iterdir()] == [KEY.path.name]
