"""Partitions are read once: looked up cheaply, stored reduced, and reported once where they cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.errors import FileUnavailable, PartitionUnreadable, SourceUnavailable
from exporter.labels.parts import Parts
from exporter.profiles.columns import ColumnMismatch
from exporter.service.attempt import Attempt
from exporter.service.labels.logs import Listing, Reduction, StoredLog
from exporter.sources.source import Batch, Partition, Selection, StoredObject, Traffic
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Memory:
    """A source of partitions that have tags, and the calls to it."""

    tags: dict[datetime, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    problems: dict[str, Exception] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        wanted = list(starts)
        self.asked.append(len(wanted))
        return {start: partition(start, self.tags[start]) for start in wanted if start in self.tags}

    def dataset(self, **_: str) -> Partition | None:
        return None

    def profile(self, wanted: Partition, selection: Selection, kernel: Any) -> Any:
        self.read.append(wanted.name)
        if wanted.name in self.problems:
            raise self.problems[wanted.name]
        return kernel(iter([]))


def partition(start: datetime, tag: str) -> Partition:
    return Partition(f"{start:%dT%H}", (StoredObject(f"{start:%dT%H}", 1, tag),))


def hours(count: int, first: datetime = START) -> list[datetime]:
    return [first + index * HOUR for index in range(count)]


class TestListing:
    def test_the_whole_is_looked_up_once_a_day_and_the_newest_every_time(self) -> None:
        source = Memory(dict.fromkeys(hours(120), "a"))
        listing = Listing(source, HOUR)
        now = START + 4 * DAY
        for minute in range(3):
            listing.read(now + minute * HOUR / 60, Window(START, now))
        assert source.asked == [96, 48, 48]
        listing.read(now + DAY, Window(START + DAY, now + DAY))
        assert source.asked[3:] == [96]
        assert list(listing.partitions) == hours(96, START + DAY)

    def test_what_somebody_else_has_found_is_not_looked_up_again(self) -> None:
        source = Memory(dict.fromkeys(hours(96), "a"))
        listing, now = Listing(source, HOUR), START + 4 * DAY
        listing.read(now, Window(START, now), {})
        found = {hours(96)[-1]: partition(hours(96)[-1], "b")}
        listing.read(now, Window(START, now), found)
        assert source.asked == [96]
        assert len(listing.partitions) == 96
        assert listing.partitions[hours(96)[-1]].objects[0].tag == "b"

    def test_new_rewritten_and_removed_partitions_are_seen(self) -> None:
        source = Memory(dict.fromkeys(hours(95), "a"))
        listing, now = Listing(source, HOUR), START + 4 * DAY
        listing.read(now, Window(START, now))
        source.tags |= {hours(96)[-1]: "a", hours(96)[-3]: "b"}
        del source.tags[hours(96)[-2]]
        listing.read(now, Window(START, now))
        assert {start: found.objects[0].tag for start, found in listing.partitions.items()} == source.tags

    def test_what_was_known_stays_when_the_source_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        source = Memory(dict.fromkeys(hours(96), "a"))
        listing, now = Listing(source, HOUR), START + 4 * DAY
        listing.read(now, Window(START, now))

        def refuse(*_: Any) -> Any:
            raise SourceUnavailable("busy")

        monkeypatch.setattr(source, "partitions", refuse)
        with pytest.raises(SourceUnavailable):
            listing.read(now + DAY, Window(START, now))
        assert len(listing.partitions) == 96


def reduction(parts: int = 1, **changes: Any) -> Reduction[str]:
    """The start of a partition is stored, as text, before other parts."""

    def reduce(batches: Iterator[Batch], start: datetime) -> Parts[str]:
        return Parts(parts, lambda place: f"{start:%dT%H}" if place == 0 else "part")

    def load(store: ProfileStore, key: Key) -> str | None:
        stored = store.load_arrays(key)
        return None if stored is None else str(stored[1]["text"])

    def save(store: ProfileStore, key: Key, text: str) -> None:
        store.save_arrays(key, {"x": np.zeros(1)}, {"text": text})

    given = {"reduce": reduce, "load": load, "save": save, "problem": lambda _: "", "content": ("v1",)} | changes
    numbers = {"rows": len, "left_out": lambda text: {text: 1}, "parts": lambda _: parts}
    return Reduction(selection=Selection((), (), ()), **numbers, **given)


@dataclass
class Setting:
    store: ProfileStore
    source: Memory
    failures: list[tuple[str, str]] = field(default_factory=list)

    def log(self, **changes: Any) -> StoredLog[str]:
        def failed(stage: str, what: str, why: object) -> None:
            self.failures.append((stage, what))

        return StoredLog("fraud/labels", self.source, self.store, failed, reduction(**changes))

    def partitions(self, count: int) -> Mapping[datetime, Partition]:
        self.source.tags |= {start: "a" for start in hours(count) if start not in self.source.tags}
        return self.source.partitions(hours(count))


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(ProfileStore(tmp_path), Memory())


class TestStoredLog:
    def test_a_partition_is_read_once_also_after_a_restart(self, setting: Setting) -> None:
        log = setting.log()
        assert log.read(Attempt(START), setting.partitions(3), 10) == 0
        again = setting.log()
        assert again.read(Attempt(START), setting.partitions(3), 10) == 0
        assert setting.source.read == ["20T00", "20T01", "20T02"]
        assert again.known == log.known
        assert (log.built, log.reused, again.built, again.reused) == (3, 0, 0, 3)
        assert {stored.left_out["20T01"] for stored in log.known.values() if "20T01" in stored.left_out} == {1}

    def test_a_rewritten_one_is_read_again_and_the_old_one_forgotten(self, setting: Setting, tmp_path: Path) -> None:
        log = setting.log()
        log.read(Attempt(START), setting.partitions(3), 10)
        setting.source.tags[START] = "b"
        log.read(Attempt(START), setting.partitions(3), 10)
        assert setting.source.read == ["20T00", "20T01", "20T02", "20T00"]
        assert len(list((tmp_path / "fraud" / "labels").glob("*.arrow"))) == 3

    def test_one_refresh_reads_no_more_than_it_may(self, setting: Setting) -> None:
        log, told = setting.log(), []
        attempt = Attempt(START, progress=lambda done, total: told.append((done, total)))
        assert [log.read(attempt, setting.partitions(5), 2) for _ in range(3)] == [3, 1, 0]
        assert told == [(1, 5), (2, 5), (1, 3), (2, 3), (1, 1)]

    def test_when_the_time_is_over_the_rest_is_left(self, setting: Setting) -> None:
        assert setting.log().read(Attempt(START, lambda: True), setting.partitions(5), 10) == 5

    def test_a_column_that_is_wrong_in_every_partition_is_reported_once(self, setting: Setting) -> None:
        for hour in ("20T00", "20T01", "20T02"):
            setting.source.problems[hour] = ColumnMismatch("column at: the column is bool, a time was expected")
        log = setting.log()
        log.read(Attempt(START), setting.partitions(3), 10)
        assert setting.failures == [("column", "partition 20T00 of labels")]
        assert len(log.problems) == 3

    def test_a_file_that_is_left_out_is_reported_once_and_stays_a_problem(self, setting: Setting) -> None:
        logs = [setting.log(problem=lambda text: "column id: is bool" if text != "20T01" else "") for _ in range(2)]
        for log in logs:
            log.read(Attempt(START), setting.partitions(3), 10)
            assert len(log.known) == 3
            assert log.problems == {f"partition 20T0{hour} of labels": "column id: is bool" for hour in (0, 2)}
        assert setting.failures == [("column", "partition 20T00 of labels")]  # also after a restart

    @pytest.mark.parametrize(
        ("problem", "stage"), [(PartitionUnreadable("torn"), "read"), (ColumnMismatch("words"), "column")]
    )
    def test_one_that_cannot_be_used_is_reported_once(self, setting: Setting, problem: Exception, stage: str) -> None:
        setting.source.problems["20T01"] = problem
        log = setting.log()
        for _ in range(2):
            assert log.read(Attempt(START), setting.partitions(3), 10) == 0
        assert setting.failures == [(stage, "partition 20T01 of labels")]
        assert list(log.known) == [START, START + 2 * HOUR]
        setting.source.problems.clear()
        setting.source.tags[START + HOUR] = "mended"
        log.read(Attempt(START), setting.partitions(3), 10)
        assert len(log.known) == 3

    def test_one_that_is_refused_costs_itself_and_is_reported_once_until_it_is_allowed(self, setting: Setting) -> None:
        setting.source.problems["20T01"] = FileUnavailable("denied")
        log = setting.log()
        for refresh in (1, 2):
            assert log.read(Attempt(START), setting.partitions(3), 10) == 0
            assert setting.source.read.count("20T01") == refresh
        assert setting.failures == [("read", "partition 20T01 of labels")]
        assert list(log.problems.values()) == ["denied"]
        setting.source.problems.clear()
        log.read(Attempt(START), setting.partitions(3), 10)
        assert len(log.known) == 3
        assert log.problems == {}

    def test_a_source_that_does_not_answer_is_the_callers(self, setting: Setting) -> None:
        setting.source.problems["20T01"] = SourceUnavailable("busy")
        log = setting.log()
        with pytest.raises(SourceUnavailable):
            log.read(Attempt(START), setting.partitions(3), 10)
        assert list(log.known) == [START]

    def test_the_columns_of_the_spec_are_part_of_the_key(self, setting: Setting) -> None:
        setting.log().read(Attempt(START), setting.partitions(2), 10)
        setting.log(content=("v2",)).read(Attempt(START), setting.partitions(2), 10)
        assert len(setting.source.read) == 4

    def test_what_is_forgotten_is_read_again(self, setting: Setting) -> None:
        log = setting.log()
        log.read(Attempt(START), setting.partitions(2), 10)
        log.forget({log.known[START].key})
        setting.store.prune("fraud/labels", [])
        log.read(Attempt(START), setting.partitions(2), 10)
        assert setting.source.read == ["20T00", "20T01", "20T00"]

    def test_a_partition_of_several_parts_is_one_and_read_again_if_any_is_gone(self, setting: Setting) -> None:
        log, partitions = setting.log(parts=3), setting.partitions(1)
        log.read(Attempt(START), partitions, 10)
        stored = log.known[START]
        assert (len(stored.parts), stored.rows, dict(stored.left_out)) == (3, 13, {"20T00": 1, "part": 2})
        again = setting.log(parts=3)
        again.read(Attempt(START), partitions, 10)
        assert (again.known, again.reused, len(setting.source.read)) == (log.known, 1, 1)
        setting.store.discard(stored.key.part(2))
        again.forget({stored.key.part(2)})
        again.read(Attempt(START), partitions, 10)
        assert (again.known, len(setting.source.read)) == (log.known, 2)
        assert setting.store.prune("fraud/labels", []) == 3
