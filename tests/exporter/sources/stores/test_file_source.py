"""What every source of files has in common; each store has its own tests of it too."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.errors import FileUnreadable
from exporter.sources.formats.file_format import BY_NAME
from exporter.sources.source import Batch, Selection, StoredObject
from exporter.sources.stores.file_source import FileSource
from exporter.sources.stores.table_folders import TableCheck

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SELECTION = Selection(("country",), ("age",), ())


class Memory(FileSource):
    """Files in memory."""

    def __init__(self, template: str, files: dict[str, bytes]) -> None:
        super().__init__(template, "mem://logs/", BY_NAME, TableCheck(lambda folder: self._list(folder, None)))
        self.files = files

    def _list(self, prefix: str, depth: int | None) -> Iterator[StoredObject]:
        self.traffic.requests += 1
        return (StoredObject(path, len(self.files[path]), "") for path in sorted(self.files) if path.startswith(prefix))

    def read_file(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        return BY_NAME.read(lambda: pa.BufferReader(self.files[item.path]), item, selection, lambda *_: None)


def parquet(*ages: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"age": ages}), buffer)
    return buffer.getvalue()


def rows(batches: Iterator[Batch]) -> list[tuple[str, int]]:
    tables = [batch.table for batch in batches]
    return [(row["country"], row["age"]) for table in tables for row in table.to_pylist()]


def test_a_file_has_the_columns_of_its_path_and_a_bad_one_costs_itself() -> None:
    files = {"country=de/a": parquet(1, 2), "country=us/a": parquet(3), "country=us/b": b"no Parquet"}
    source = Memory("%H/*/*.parquet", {f"mem://logs/12/{name}.parquet": content for name, content in files.items()})
    partition = source.partitions([NOON])[NOON]
    assert source.profile(partition, SELECTION, rows) == [("de", 1), ("de", 2), ("us", 3)]
    assert source.skipped.counts == {"corrupt": 1}
    assert source.traffic.bytes_read == sum(map(len, files.values()))
    source.retry_skipped()
    assert len(source.skipped.without_skipped(partition).objects) == 2


def test_a_partition_of_which_nothing_can_be_read_is_an_error() -> None:
    source = Memory("%H.parquet", {"mem://logs/12.parquet": b""})
    with pytest.raises(FileUnreadable, match=r"^mem://logs/12\.parquet: cannot be read as Parquet"):
        source.profile(source.partitions([NOON])[NOON], SELECTION, rows)
