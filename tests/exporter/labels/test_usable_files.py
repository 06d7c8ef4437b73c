"""A file whose columns cannot be used is left out alone."""

from __future__ import annotations

import pyarrow as pa
import pytest

from exporter.labels.usable_files import usable_files
from exporter.profiles.columns import ColumnMismatch, required_column
from exporter.sources.source import Batch


def batch(problems: dict[str, str] | None = None, **columns: list[int]) -> Batch:
    table = pa.table(columns)
    return Batch(table, first=True, schema=table.schema, problems=problems or {})


def ids(batches: list[Batch]) -> tuple[list[list[int]], int, str]:
    found = usable_files(batches, lambda batch: required_column(batch.table, "id").to_pylist())
    return found.parts, found.left_out, found.problem


GOOD = batch(id=[1, 2])


def test_the_others_are_counted_with_the_first_reason() -> None:
    assert ids([]) == ([], 0, "")
    assert ids([GOOD, GOOD]) == ([[1, 2], [1, 2]], 0, "")
    bad, worse = batch(ID=[1, 2, 3]), batch(x=[4])
    why = 'the column id is missing; the column is named "ID" here'
    assert ids([bad, GOOD, worse]) == ([[1, 2]], 4, why)


def test_a_column_that_cannot_be_decoded_is_not_called_missing() -> None:
    bad = batch({"id": "2 columns have this name"}, x=[1])
    assert ids([GOOD, bad]) == ([[1, 2]], 1, "column id: 2 columns have this name")


def test_if_no_file_can_be_used_it_is_the_caller_s() -> None:
    with pytest.raises(ColumnMismatch, match=r"^the column id is missing$"):
        ids([batch(x=[1]), batch({"id": "why"}, y=[2])])
