"""Pieces, cut and merged in this process, as Spark does on other machines."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import LeewayError, PartitionUnreadable
from exporter.sources.formats.file_format import FileFormat
from exporter.sources.formats.parquet import read_batches
from exporter.sources.formats.payloads import Shape, Writer
from exporter.sources.pieces import FAN_IN, Piece, Task, cut_pieces, merge_rounds, read_results, unpack_errors
from exporter.sources.reducing import Portion, Reduction
from exporter.sources.source import Batch, Kernel, Partition, Selection, StoredObject, T, Traffic
from exporter.sources.stores.local import Local
from exporter.spec.file_names import Format

X = Selection((), ("x",), ())


class Files:
    """Files of consecutive numbers, in memory; one of another content is not to be read."""

    def __init__(self, *rows: int, group: int = 3) -> None:
        self.traffic = Traffic()
        self.content: dict[str, bytes] = {}
        start = 0
        for number, count in enumerate(rows):
            sink = io.BytesIO()
            pq.write_table(pa.table({"x": range(start, start + count)}), sink, row_group_size=group)
            self.content[f"{number:03}"] = sink.getvalue()
            start += count

    @property
    def whole(self) -> Partition:
        return Partition("whole", tuple(StoredObject(path, len(data), "") for path, data in self.content.items()))

    def partitions(self, starts: object) -> dict[object, Partition]:
        raise NotImplementedError

    def dataset(self, **names: str) -> Partition:
        raise NotImplementedError

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        (item,) = partition.objects
        if not self.content[item.path]:
            raise PartitionUnreadable(f"{item.path}: is empty")
        return kernel(read_batches(pa.BufferReader(self.content[item.path]), item, selection))


def listed(rows: Iterator[Batch], _: Portion) -> list[int]:
    return [value for batch in rows for value in batch.table["x"].to_pylist()]


NUMBERS: Reduction[list[int]] = Reduction(
    listed, lambda parts: list(chain(*parts)), lambda values: json.dumps(values).encode(), json.loads
)


def run(files: Files, pieces: list[Piece]) -> list[int] | LeewayError:
    """Return the result of executors and the exporter, with the results of pieces in any order."""
    task = Task(files, X, NUMBERS, pieces)
    results = list(task.count([pa.record_batch({"id": range(len(pieces))})]))
    for _ in range(merge_rounds(pieces)):
        results = list(task.merge(reversed(results)))
    left = list(read_results(results))
    assert len(left) <= FAN_IN
    return task.outcome(*task.merged(left))


@settings(max_examples=15)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(1, 9), st.integers(200, 2000))
def test_every_row_is_in_exactly_one_piece_in_order(rows: list[int], group: int, most: int) -> None:
    files = Files(*rows, group=group)
    assert run(files, cut_pieces(0, files.whole, most)) == list(range(sum(rows)))


def test_only_a_larger_file_is_cut() -> None:
    files = Files(1, 1, 1)
    size = max(item.size for item in files.whole.objects)
    assert [piece.part for piece in cut_pieces(7, files.whole, size)] == [(0, 1)] * 3
    halves = cut_pieces(7, files.whole, size - 1)
    assert [(piece.partition, piece.position) for piece in halves] == [(7, position) for position in range(6)]
    assert [piece.part for piece in halves] == [(0, 2), (1, 2)] * 3


def test_a_file_of_texts_is_not_cut() -> None:
    whole = Partition("whole", tuple(StoredObject(path, 100, "") for path in ("a.csv", "b.jsonl.gz", "c")))
    assert [piece.item.path for piece in cut_pieces(0, whole, 50)] == ["a.csv", "b.jsonl.gz", "c", "c"]
    assert len(cut_pieces(0, whole, 50, FileFormat(Format.CSV))) == 3


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_shares_add_up_to_the_whole(sizes: list[int]) -> None:
    whole = Partition("whole", tuple(StoredObject(str(number), size, "") for number, size in enumerate(sizes)))
    shares = [piece.share for piece in cut_pieces(0, whole)]
    assert all(share > 0 for share in shares)
    if min(sizes) > 0:
        assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize(("pieces", "times"), [(1, 0), (8, 0), (9, 1), (64, 1), (65, 2), (512, 2), (513, 3)])
def test_pieces_are_merged_until_at_most_the_fan_in_is_left(pieces: int, times: int) -> None:
    files = Partition("whole", tuple(StoredObject(f"{number:04}", 1, "") for number in range(pieces)))
    assert merge_rounds(cut_pieces(0, files)) == times


@pytest.mark.parametrize("files", [2, 30])
def test_the_result_of_a_partition_is_the_error_of_its_first_failed_piece(files: int) -> None:
    made = Files(*[4] * files)
    made.content[f"{files - 1:03}"] = made.content["001"] = b""
    problem = run(made, cut_pieces(0, made.whole))
    assert isinstance(problem, PartitionUnreadable)
    assert str(problem) == "001: is empty"


@pytest.mark.parametrize("files", [2, 30])
def test_the_errors_of_a_partition_are_those_of_all_its_failed_pieces(files: int) -> None:
    made = Files(*[4] * files)
    made.content[f"{files - 1:03}"] = made.content["001"] = b""
    pieces = cut_pieces(0, made.whole)
    task = Task(made, X, NUMBERS, pieces)
    results = list(task.count([pa.record_batch({"id": range(len(pieces))})]))
    failed, content = task.merged(read_results(results))
    assert failed
    assert [item.path for item, _ in unpack_errors(content)] == sorted({"001", f"{files - 1:03}"})


def test_a_payload_log_is_counted_on_another_machine(tmp_path: Path) -> None:
    lines = [{"id": f"r{x}", "data": {"instances": [[x]], "predictions": [0]}} for x in range(5)]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)))
    form = FileFormat(Format.JSONL, Shape(Writer.KSERVE, ("x",), ("y",)))
    source = Local("log", tmp_path, form)
    partition = source.dataset()
    assert partition is not None
    task = Task(source, X, NUMBERS, cut_pieces(0, partition, 10, form))
    results = pickle.loads(pickle.dumps(source)).profile(partition, X, list)  # noqa: S301 - just made here
    assert [batch.table["x"].to_pylist() for batch in results] == [[0, 1, 2, 3, 4]]
    (counted,) = read_results(task.count([pa.record_batch({"id": [0]})]))
    assert task.outcome(counted.failed, counted.content) == [0, 1, 2, 3, 4]
