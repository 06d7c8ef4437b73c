from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import FileUnreadable
from exporter.sources.formats import parquet
from exporter.sources.source import Partition, Selection
from exporter.sources.stores.local import Local
from exporter.validation.reading import read_rows, spread

COLUMNS = Selection((), ("a",), ("b",), ())


def folder_of(folder: Path, *rows: int) -> tuple[Local, Partition]:
    for number, count in enumerate(rows):
        table = pa.table({"a": range(count), "b": [f"{number}"] * count, "c": [0] * count})
        pq.write_table(table, folder / f"{number:02}.parquet", row_group_size=10)
    source = Local("*.parquet", folder)
    partition = source.dataset()
    assert partition is not None
    return source, partition


def test_a_small_partition_is_read_whole(tmp_path: Path) -> None:
    rows = read_rows(*folder_of(tmp_path, 5, 7), COLUMNS)
    assert (rows.count, rows.total, rows.whole) == (12, 12, True)
    assert list(rows.names) == ["a", "b", "c"]
    assert [piece.type for piece in rows.column("a")] == [pa.int64()] * 2
    assert rows.column("c") == rows.column(None) == []


def test_of_many_rows_the_first_of_some_files_are_read_and_the_rest_is_estimated(tmp_path: Path) -> None:
    source, partition = folder_of(tmp_path, *[100] * 10)
    rows = read_rows(source, partition, COLUMNS, rows=40, pieces=4)
    assert (rows.count, rows.whole) == (40, False)
    assert rows.total == pytest.approx(1000, rel=0.01)
    assert [str(piece[0].as_py()) for piece in rows.column("b")] == ["2", "4", "7", "9"]


def test_rows_of_one_file_are_from_all_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"a": range(100), "b": ["x"] * 100}), tmp_path / "a.parquet")
    source = Local("*.parquet", tmp_path)
    partition = source.dataset()
    assert partition is not None
    (column,) = read_rows(source, partition, COLUMNS, rows=5).column("a")
    assert column.to_pylist() == [0, 24, 49, 74, 99]
    monkeypatch.setattr("exporter.validation.reading._LARGE_BYTES", 1)
    one_group = read_rows(source, partition, COLUMNS, rows=5)
    assert (one_group.count, one_group.total) == (5, 100)
    pq.write_table(pa.table({"a": range(100), "b": ["x"] * 100}), tmp_path / "a.parquet", row_group_size=10)
    rows = read_rows(source, source.dataset() or partition, COLUMNS, rows=5, pieces=5)
    assert [column[0].as_py() for column in rows.column("a")] == [0, 20, 40, 60, 80]
    assert (rows.total, rows.whole) == (100, False)


def test_wide_rows_come_in_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet.read_batches, "__defaults__", (1,))  # a batch for each column of each row group
    rows = read_rows(*folder_of(tmp_path, 25), COLUMNS, rows=15)
    assert [(batch.table.num_rows, batch.table.column_names) for batch in rows.batches] == [
        (10, ["a", "b"]),
        (5, ["a", "b"]),
    ]
    assert (rows.total, rows.whole) == (25, False)


def test_a_file_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    source, partition = folder_of(tmp_path, 5, 7)
    path = tmp_path / "00.parquet"
    path.write_bytes(b"x" * path.stat().st_size)
    rows = read_rows(source, partition, COLUMNS)
    assert list(rows.skipped) == [str(path)]
    assert (rows.count, rows.whole) == (7, False)
    (tmp_path / "01.parquet").unlink()
    with pytest.raises(FileUnreadable, match=r"00\.parquet: cannot be read as Parquet"):
        read_rows(source, partition, COLUMNS)


@given(st.integers(0, 100), st.integers(1, 20))
def test_chosen_items_are_in_order_and_each_once_with_the_last(number: int, most: int) -> None:
    chosen = spread(range(number), most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(number, most)
    assert chosen[-1:] == [number - 1][: len(chosen)]
