"""The log during a replay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from exporter.backtest.injection import FaultKind, Injection
from exporter.backtest.replayed_source import ReplayedSource
from exporter.sources.source import Batch, Partition, Selection
from exporter.sources.stores.local import Local
from fraud_log import FraudLog

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
STARTS = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in range(4, 10)]
AGES = Selection((), ("age",), ())


@pytest.fixture
def source(tmp_path: Path) -> ReplayedSource:
    """The hours from 6 to 9 are listed, the hour before is not."""
    FraudLog.in_folder(tmp_path, NOW).put_all(5)
    return ReplayedSource.of(Local("inference/%Y-%m-%dT%H.parquet", tmp_path), STARTS[2:])


def _nulls(start: datetime) -> Injection:
    return Injection(FaultKind.NULLS, "age", start, lambda column: pa.chunked_array([pa.nulls(len(column))]))


def _missing(source: ReplayedSource, partition: Partition) -> int:
    def count(batches: Iterator[Batch]) -> int:
        return sum(batch.table["age"].null_count for batch in batches)

    return source.profile(partition, AGES, count)


def test_partitions_are_listed_once(source: ReplayedSource, tmp_path: Path) -> None:
    before, asked = source.partitions(STARTS[2:]), source.traffic.requests
    (tmp_path / "inference/2026-11-22T09.parquet").unlink()
    assert source.partitions(STARTS[2:]) == before
    assert source.traffic.requests == asked


def test_other_partitions_are_requested_from_the_source(source: ReplayedSource) -> None:
    assert list(source.partitions(STARTS[:4])) == STARTS[1:4], "there is no hour before the fifth"


def test_partitions_from_the_fault_on_are_damaged(source: ReplayedSource) -> None:
    clean = source.partitions(STARTS[2:])
    source.injection = _nulls(STARTS[4])
    damaged = source.partitions(STARTS[2:])
    assert [damaged[start] == clean[start] for start in STARTS[2:]] == [True, True, False, False]
    assert [_missing(source, damaged[start]) for start in STARTS[2:]] == [0, 0, 2000, 2000]
    assert damaged[STARTS[5]].fingerprint != clean[STARTS[5]].fingerprint


def test_every_fault_has_its_own_partitions(source: ReplayedSource) -> None:
    clean = source.partitions(STARTS[5:])
    source.injection = _nulls(STARTS[5])
    first = source.partitions(STARTS[5:])
    source.injection = _nulls(STARTS[4])
    assert source.partitions(STARTS[5:]) != first
    source.injection = None
    assert source.partitions(STARTS[5:]) == clean
    assert _missing(source, clean[STARTS[5]]) == 0


def test_a_data_set_is_that_of_the_source(tmp_path: Path) -> None:
    FraudLog.in_folder(tmp_path, NOW).put_all(1)
    source = ReplayedSource.of(Local("reference/train_features_v3.parquet", tmp_path), [])
    assert source.dataset() == source.source.dataset() is not None
