"""The columns of proxies over past weeks: each partition is read once, and a failure disturbs nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.errors import SourceUnavailable
from exporter.profiles.proxies import Moment
from exporter.samples.proxies import ProxyHistory
from exporter.service.attempt import Attempt, Record
from exporter.service.proxies import columns as proxy_columns
from exporter.service.proxies.columns import ProxyColumns
from exporter.sources.source import Partition
from exporter.sources.stores.local import Local
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 6
SPAN = Window(NOW.replace(minute=0) - HOURS * HOUR, NOW.replace(minute=0))
ROWS = 50
CTR = {"name": "ctr", "ratio": {"numerator": "clicks", "denominator": "shown"}}
REVIEWS = {"name": "reviews", "ratio": {"numerator": "decision", "equals": "decline"}}


class Reading:
    """A log of six hours, whose newest hour is the window."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = Record("fraud")
        self.opened: list[str] = []
        self.log = FraudLog.in_folder(folder, NOW)
        self.source = Local("inference/%Y-%m-%dT%H.parquet", folder)
        for hour in range(HOURS):
            self.put(hour)

    def put(self, hour: int, **columns: Any) -> None:
        clicks, shown = np.full(ROWS, hour), np.full(ROWS, 10)
        rows = {"clicks": clicks, "shown": shown, **columns}
        self.log.put(self.log.key(hour), self.log.rows(hour, ROWS, **rows))

    def reader(self, *proxies: dict[str, Any]) -> ProxyColumns:
        spec = ModelSpec.model_validate(local_spec_document(proxies=list(proxies or (CTR,))))
        return ProxyColumns(spec, self.source, ProfileStore(self.folder / "store"), self.record)

    @property
    def partitions(self) -> dict[datetime, Partition]:
        return dict(self.source.partitions(SPAN.partitions(HOUR)))

    def read(self, reader: ProxyColumns, attempt: Attempt = Attempt(NOW)) -> list[ProxyHistory]:  # noqa: B008 - frozen
        found = self.partitions
        return list(reader.read(attempt, SPAN, found, {SPAN.end - HOUR: found[SPAN.end - HOUR]}))


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    made = Reading(tmp_path)
    profile = Local.profile

    def noted(self: Local, partition: Any, *rest: Any) -> Any:
        made.opened.append(partition.name)
        return profile(self, partition, *rest)

    monkeypatch.setattr(Local, "profile", noted)
    return made


def numerators(histories: list[ProxyHistory]) -> list[list[float]]:
    return [history.sums[:, Moment.NUMERATOR].tolist() for history in histories]


def test_every_hour_is_summed_in_its_place(reading: Reading) -> None:
    (history,) = reading.read(reading.reader())
    assert (history.start, history.slot) == (SPAN.start, HOUR)
    assert history.sums[:, Moment.NUMERATOR].tolist() == [ROWS * hour for hour in reversed(range(HOURS))]
    assert history.sums[:, Moment.DENOMINATOR].tolist() == [10 * ROWS] * HOURS
    assert reading.record.failures == {}


def test_a_partition_is_read_once_the_newest_first_and_never_after_a_restart(reading: Reading) -> None:
    before = numerators(reading.read(reading.reader()))
    assert reading.opened == sorted(reading.opened, reverse=True)
    assert len(reading.opened) == HOURS
    reading.opened.clear()
    assert numerators(reading.read(reading.reader())) == before
    assert reading.opened == []


def test_a_partition_that_is_rewritten_is_read_again(reading: Reading) -> None:
    reader = reading.reader()
    reading.read(reader)
    reading.put(2, clicks=np.full(ROWS, 7))
    reading.opened.clear()
    assert numerators(reading.read(reader))[0][HOURS - 3] == 7 * ROWS
    assert len(reading.opened) == 1


def test_other_columns_are_summed_again(reading: Reading) -> None:
    reading.read(reading.reader())
    assert [history.proxy.name for history in reading.read(reading.reader(CTR, REVIEWS))] == ["ctr", "reviews"]
    assert len(reading.opened) == 2 * HOURS


def test_a_column_that_is_missing_fails_alone_and_in_the_windows_only(reading: Reading) -> None:
    for hour in (0, 3):
        reading.put(hour, shown=None)
    ctr, reviews = reading.read(reading.reader(CTR, REVIEWS))
    assert ctr.sums[:, Moment.ROWS].tolist() == [ROWS, ROWS, 0, ROWS, ROWS, 0]
    assert reviews.sums[:, Moment.ROWS].tolist() == [ROWS] * HOURS
    assert reading.record.failures == {"column": 1}
    ((what, why),) = reading.record.problems.items()
    assert what.startswith("partition ")
    assert f"{what}: {why}".endswith(", proxy ctr: the column shown is missing")
    restarted = reading.reader(CTR, REVIEWS)
    reading.read(restarted)
    assert list(restarted.problems.values()) == ["its columns are missing or cannot be used"]
    assert reading.record.failures == {"column": 1}


def test_a_partition_that_cannot_be_read_is_a_failure_once_and_a_problem_until_it_changes(reading: Reading) -> None:
    (reading.folder / reading.log.key(1)).write_bytes(b"PAR1 no more")
    reader = reading.reader()
    for _ in range(2):
        assert reading.read(reader)[0].sums[:, Moment.ROWS].tolist() == [ROWS] * 4 + [0, ROWS]
    assert reading.record.failures == {"read": 1}
    assert len(reader.problems) == 1
    reading.put(1)
    reading.read(reader)
    assert reader.problems == {}


def test_a_store_that_does_not_answer_leaves_what_is_known(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reading.reader()
    before = numerators(reading.read(reader))
    reading.put(0, clicks=np.full(ROWS, 9))

    def away(*_: Any) -> Any:
        raise SourceUnavailable("busy")

    monkeypatch.setattr(Local, "profile", away)
    assert numerators(reading.read(reader)) == [[*before[0][:-1], 0.0]]
    assert reading.record.failures == {"read": 1}
    assert reading.record.problems == {"columns of proxies": "busy"}


def test_one_refresh_reads_so_many_and_the_next_continues(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_columns, "MOST_PARTITIONS", 4)
    reader = reading.reader()
    known = [reading.read(reader)[0].sums[:, Moment.ROWS].astype(bool).tolist() for _ in range(2)]
    assert known == [[False] * 2 + [True] * 4, [True] * HOURS]


def test_when_its_time_is_over_it_stops(reading: Reading) -> None:
    overdue = replace(Attempt(NOW), overdue=lambda: len(reading.opened) >= 1)
    assert reading.read(reading.reader(), overdue)[0].sums[:, Moment.ROWS].tolist() == [0] * 5 + [ROWS]


def test_a_spec_without_ratios_reads_nothing(reading: Reading) -> None:
    assert reading.read(reading.reader({"name": "queried", "promql": "up"})) == []
    assert reading.opened == []


def test_a_disk_that_refuses_costs_only_the_saving(reading: Reading) -> None:
    (reading.folder / "store").write_text("in the way")
    assert len(reading.read(reading.reader())) == 1
    assert reading.record.failures == {}  # the model's reader says it once, of all files
