"""The files of a partition, read side by side, each on its own."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceUnavailable
from exporter.sources.skipping import SkippedFiles
from exporter.sources.source import Batch, Partition, StoredObject
from exporter.sources.stores.files import READERS, check_files, profile_files

MEBI = 2**20


def partition(count: int, size: int = 1) -> Partition:
    return Partition("noon", tuple(StoredObject(f"{index:03}", size, "tag") for index in range(count)))


def batch(*rows: int) -> Batch:
    table = pa.table({"row": rows})
    return Batch(table, first=True, schema=table.schema)


def rows(batches: Iterator[Batch]) -> list[int]:
    return [row for each in batches for row in each.table["row"].to_pylist()]


def good(item: StoredObject) -> Generator[Batch]:
    """Two batches that name the file."""
    yield batch(2 * int(item.path))
    yield batch(2 * int(item.path) + 1)


@given(
    count=st.integers(1, 40),
    size=st.sampled_from([0, 1, MEBI, 100 * MEBI]),
    early=st.sets(st.integers(0, 39), max_size=5),
    late=st.sets(st.integers(0, 39), max_size=5),
)
def test_every_good_file_is_read_once_in_order_and_every_bad_one_is_skipped(
    count: int, size: int, early: set[int], late: set[int]
) -> None:
    """`early` files fail before their first batch, `late` ones after it, when the kernel has some of their rows."""

    def read(item: StoredObject) -> Generator[Batch]:
        if int(item.path) in early:
            raise FileUnreadable(f"{item.path}: odd")
        yield batch(2 * int(item.path))
        if int(item.path) in late:
            raise FileUnavailable(f"{item.path}: denied")
        yield batch(2 * int(item.path) + 1)

    bad = {index for index in early | late if index < count}
    skipped, whole = SkippedFiles(), partition(count, size)
    if len(bad) == count:
        with pytest.raises((FileUnreadable, FileUnavailable), match=r"^000: "):
            profile_files(whole, read, rows, skipped)
    else:
        found = profile_files(whole, read, rows, skipped)
        assert found == [row for index in range(count) if index not in bad for row in (2 * index, 2 * index + 1)]
        assert [int(item.path) for item in skipped.without_skipped(whole).objects] == sorted(set(range(count)) - bad)
    assert sum(skipped.counts.values()) == len(bad)
    assert skipped.counts.get(SkipReason.CORRUPT, 0) == len(early & bad)


@pytest.mark.parametrize(("size", "expected"), [(1, READERS), (100 * MEBI, 2)])
def test_files_are_read_side_by_side_within_the_limits(size: int, expected: int) -> None:
    lock, all_started = threading.Lock(), threading.Event()
    running = most = 0

    def read(item: StoredObject) -> Generator[Batch]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if most == expected:
                all_started.set()
        assert all_started.wait(30), f"only {most} files are read at a time"
        with lock:
            running -= 1
        yield batch(int(item.path))

    assert profile_files(partition(40, size), read, rows, SkippedFiles()) == list(range(40))
    assert most == expected


def test_an_error_of_the_store_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = set()

    def read(item: StoredObject) -> Generator[Batch]:
        if item.path == "001":
            raise SourceUnavailable("busy")
        try:
            yield from good(item)
        finally:
            closed.add(item.path)

    skipped = SkippedFiles()
    with pytest.raises(SourceUnavailable, match=r"^busy$"):
        profile_files(partition(5), read, rows, skipped)
    assert skipped.counts == {}
    assert "000" in closed


def test_files_that_nobody_reads_any_more_are_closed() -> None:
    opened, closed = set(), set()

    def read(item: StoredObject) -> Generator[Batch]:
        opened.add(item.path)
        try:
            yield from good(item)
        finally:
            closed.add(item.path)

    assert profile_files(partition(50), read, lambda batches: rows(iter([next(batches)])), SkippedFiles()) == [0]
    assert opened == closed


def test_an_error_of_the_kernel_is_its_own() -> None:
    def failing(batches: Iterator[Batch]) -> None:
        next(batches)
        raise FileUnreadable("of the kernel")

    with pytest.raises(FileUnreadable, match=r"^of the kernel$"):
        profile_files(partition(3), good, failing, SkippedFiles())


def test_one_file_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadPoolExecutor, "submit", None)
    assert profile_files(partition(1), good, rows, SkippedFiles()) == [0, 1]


def test_files_are_checked_by_opening_them() -> None:
    def read(item: StoredObject) -> Generator[Batch]:
        if item.path == "001":
            raise FileUnavailable("denied")
        yield from good(item)

    first, second, third = partition(3).objects
    errors = check_files([first, second, third], read)
    assert list(errors) == [second]
    assert check_files([], read) == {}
