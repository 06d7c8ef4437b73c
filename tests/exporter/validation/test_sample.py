from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from exporter.spec.windows import Window
from sampled import HOUR, START, log_of, rows_of


def test_rows_of_files_with_other_columns_are_one_sample() -> None:
    rows = rows_of(pa.table({"a": [1, 2]}), pa.table({"b": ["x"], "a": ["3"]}))
    assert (rows.count, list(rows.names)) == (3, ["a", "b"])
    assert [piece.to_pylist() for piece in rows.column("a")] == [[1, 2], ["3"]]
    assert [piece.to_pylist() for piece in rows.column("b")] == [["x"]]


def test_the_span_is_that_of_the_partition_that_was_read() -> None:
    log = log_of(pa.table({"a": [1]}))
    assert log.span == Window(START, START + HOUR)
    assert replace(log, rows=None).span is None
