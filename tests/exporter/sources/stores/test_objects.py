from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import SourceUnavailable
from exporter.sources.source import ROWS_ONLY, Selection, StoredObject
from exporter.sources.stores import objects
from exporter.sources.stores.objects import WHOLE_BYTES, ObjectSource, StoredFile

CONTENT = bytes(range(251))
AGES = Selection((), ("age",), ())


class Memory(ObjectSource):
    """Objects in memory, each page of which has one."""

    def __init__(self, template: str, stored: dict[str, bytes]) -> None:
        super().__init__(f"mem://logs/{template}")
        self.stored = stored
        self.fetched: list[tuple[int, int]] = []

    def _pages(self, prefix: str) -> Iterator[Iterable[StoredObject]]:
        for key, content in sorted(self.stored.items()):
            if key.startswith(prefix):
                yield [StoredObject(f"mem://logs/{key}", len(content), "1")]

    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        self.fetched.append((start, size))
        return self.stored[self._key(item)][start : start + size]


def parquet(rows: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"age": range(rows)}), buffer, use_dictionary=False, compression="none")
    return buffer.getvalue()


def rows(source: Memory, selection: Selection) -> int:
    partition = source.dataset()
    assert partition is not None
    return source.profile(partition, selection, lambda found: sum(batch.table.num_rows for batch in found))


@given(
    start=st.integers(-10, 300),
    size=st.integers(-1, 300),
    whence=st.integers(0, 2),
)
def test_a_stored_file_reads_as_a_file_in_memory(start: int, size: int, whence: int) -> None:
    file = StoredFile(len(CONTENT), lambda first, length: CONTENT[first : first + length])
    memory = io.BytesIO(CONTENT)
    memory.seek(max(start + (len(CONTENT) if whence == io.SEEK_END else 0), 0))
    assert file.seek(start, whence) == memory.tell()
    assert file.read(size) == memory.read(size)
    assert file.tell() == max(memory.tell(), 0)


def test_a_long_read_is_cut_and_put_together_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 100)
    parts: list[tuple[int, int]] = []

    def fetch(start: int, size: int) -> bytes:
        parts.append((start, size))
        return CONTENT[start : start + size]

    assert StoredFile(len(CONTENT), fetch).read() == CONTENT
    assert sorted(parts) == [(0, 100), (100, 100), (200, 51)]


@pytest.mark.parametrize("selection", [Selection((), ("age",), ()), ROWS_ONLY], ids=["columns", "rows only"])
def test_a_small_object_is_fetched_whole(selection: Selection) -> None:
    content = parquet(1000)
    source = Memory("a", {"a": content})
    assert rows(source, selection) == 1000
    assert source.fetched == [(0, len(content))]


def test_of_a_large_object_only_the_footer_is_fetched_for_its_rows() -> None:
    content = parquet(200_000)
    source = Memory("a", {"a": content})
    assert rows(source, ROWS_ONLY) == 200_000
    assert source.fetched == [(len(content) - 2**16, 2**16)]


def test_every_page_counts_as_a_request() -> None:
    source = Memory("*", {"a": b"", "b": b"", "c": b""})
    assert source.dataset() is not None
    assert source.traffic.requests == 3


@pytest.mark.parametrize("size", [WHOLE_BYTES // 16, 2 * WHOLE_BYTES], ids=["whole", "by ranges"])
def test_fewer_bytes_than_were_listed_are_no_corrupt_object(size: int) -> None:
    source = Memory("a", {"a": parquet(size // 8)})
    partition = source.dataset()
    assert partition is not None
    whole, source.stored["a"] = source.stored["a"], source.stored["a"][:-1]
    with pytest.raises(SourceUnavailable, match=r"mem://logs/a: the store sent \d+ of \d+ bytes; the next refresh"):
        source.profile(partition, AGES, list)
    source.stored["a"] = whole
    assert rows(source, AGES) == size // 8
