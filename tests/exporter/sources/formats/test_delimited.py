from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import FileUnreadable
from exporter.sources.formats.delimited import read_delimited
from exporter.sources.source import ROWS_ONLY, Batch, Selection
from text_logs import COMPRESSIONS, PLACE, SELECTED, columns, opened

LOG = b"id,at,unused,country,age,score\n007,2026-11-22T14:00:00Z,x,US,31,0.25\n008,,x,NA,,0.5\n"


def read(data: bytes, selection: Selection = SELECTED, delimiter: str = ",", block_bytes: int = 2**20) -> list[Batch]:
    return list(read_delimited(*opened(data), selection, delimiter, block_bytes))


def values(data: bytes, **options: Any) -> dict[str, list[Any]]:
    return columns(iter(read(data, **options)))


class TestColumns:
    @pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
    def test_columns_have_the_type_that_they_are_wanted_with(self, compress: Callable[[bytes], bytes]) -> None:
        (batch,) = read(compress(LOG))
        assert batch.table.to_pydict() == {
            "id": ["007", "008"],
            "at": ["2026-11-22T14:00:00Z", None],
            "score": [0.25, 0.5],
            "age": [31.0, None],
            "country": ["US", "NA"],
        }
        assert batch.table.schema.field("country").type == pa.dictionary(pa.int32(), pa.string())
        assert batch.table.schema.field("id").type == pa.string()
        assert batch.schema.names == ["id", "at", "unused", "country", "age", "score"]

    @pytest.mark.parametrize(
        "data",
        [
            b"\xef\xbb\xbf" + LOG,
            LOG.replace(b"\n", b"\r\n"),
            LOG.replace(b",", b"\t"),
            LOG.rstrip(b"\n"),
            LOG.replace(b"\n", b"\n\n"),
            b"\n" + LOG,
            b'"id","at","unused","country","age","score"\n' + LOG.partition(b"\n")[2],
        ],
        ids=["BOM", "CRLF", "tabs", "no line break at the end", "blank lines", "blank first line", "quoted header"],
    )
    def test_the_same_table_written_otherwise_is_the_same(self, data: bytes) -> None:
        assert values(data, delimiter="\t" if b"\t" in data else ",") == values(LOG)

    def test_a_column_that_the_header_lacks_is_left_out(self) -> None:
        (batch,) = read(b"age\n1\n")
        assert batch.table.column_names == ["age"]
        assert batch.schema.names == ["age"]

    def test_a_type_does_not_depend_on_the_first_block(self) -> None:
        rows = b"".join(b"%d,%d\n" % (row, row) for row in range(1000)) + b"x7,0.5\nx8,\n"
        batches = read(b"id,age\n" + rows, block_bytes=512)
        assert len(batches) > 5
        assert {batch.table.schema.field("id").type for batch in batches} == {pa.string()}
        assert {batch.table.schema.field("age").type for batch in batches} == {pa.float64()}
        assert columns(iter(batches))["id"] == [*map(str, range(1000)), "x7", "x8"]
        assert columns(iter(batches))["age"] == [*map(float, range(1000)), 0.5, None]

    def test_what_is_no_number_is_missing_and_costs_itself(self) -> None:
        texts = ["1", " 2 ", "true", "False", "1e3", "n/a", "1,5", "-inf", "NaN", "", "0x1", "1_000"]
        ages = values(b"id,age\n" + b"".join(f'i,"{text}"\n'.encode() for text in texts))["age"]
        assert math.isnan(ages.pop(8))
        assert ages == [1.0, 2.0, 1.0, 0.0, 1000.0, None, None, -math.inf, None, None, None]

    def test_quoted_fields_may_have_anything(self) -> None:
        data = b'country,age\n"a, ""b""\r\nc",1\n"",2\n' + "é".encode("latin-1") + b",3\n"
        (batch,) = read(data)
        names = batch.table["country"].combine_chunks().dictionary_decode().cast(pa.binary()).to_pylist()
        assert names == [b'a, "b"\r\nc', None, b"\xe9"]
        assert batch.table["age"].to_pylist() == [1.0, 2.0, 3.0]

    @given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\0\r", codec="utf-8")), st.floats(width=32))))
    def test_what_the_csv_module_writes_is_read(self, rows: list[tuple[str, float]]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([("country", "age"), *rows])
        found = values(buffer.getvalue().encode())
        assert found.get("country", []) == [text or None for text, _ in rows]
        assert found.get("age", []) == pytest.approx([number for _, number in rows], nan_ok=True)


class TestRows:
    @pytest.mark.parametrize("data", [b"", b"\n\n", b"id,age", b"id,age\n", b"\xef\xbb\xbfid,age\r\n"])
    def test_a_file_without_rows_has_no_batches(self, data: bytes) -> None:
        assert read(data) == []

    def test_rows_are_counted_without_columns(self) -> None:
        (batch,) = read(LOG, ROWS_ONLY)
        assert (batch.table.num_rows, batch.table.column_names) == (2, [])
        assert batch.schema.names == ["id", "at", "unused", "country", "age", "score"]

    def test_a_file_is_in_its_first_part_as_a_whole(self) -> None:
        parts = [Selection((), ("age",), (), part=(part, 2)) for part in range(2)]
        assert [sum(batch.table.num_rows for batch in read(LOG, part)) for part in parts] == [2, 0]

    def test_a_row_that_does_not_fit_the_header_costs_itself(self) -> None:
        good, bad = read(b"id,age\na,1\nb,2,3\nc,4\nd,5\ne")
        assert good.table["id"].to_pylist() == ["a", "c", "d"]
        assert good.unreadable == ""
        assert bad.table.to_pydict() == {"id": [None, None], "age": [None, None]}
        why = "the first is line 3: it has 3 fields, the header has 2"
        assert bad.unreadable == f"2 lines of {PLACE} cannot be read; {why}"

    def test_a_null_byte_is_a_character_of_its_value(self) -> None:
        assert values(b"id,age\na\0b,1\nc,2\n") == {"id": ["a\0b", "c"], "age": [1.0, 2.0]}


class TestFiles:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"PAR1\0\0\0", "it is not UTF-8 text"),
            (LOG.decode().encode("utf-16"), "it is not UTF-8 text"),
            (b"id,age\nx\ny\nz,1\n", "line 2: it has 1 fields, the header has 2"),
        ],
    )
    def test_a_file_of_another_format_is_refused(self, data: bytes, why: str) -> None:
        with pytest.raises(FileUnreadable, match=f"^{PLACE}: cannot be read as CSV: {why}$"):
            read(data)

    def test_two_columns_of_a_selected_name_cost_themselves(self) -> None:
        (batch,) = read(b"age,id,age\n1,2,3\n")
        assert batch.table.to_pydict() == {"id": ["2"]}
        assert batch.problems == {"age": "2 columns have this name"}
        assert values(b"x,id,x\n1,2,3\n") == {"id": ["2"]}

    def test_a_truncated_compressed_file_fails(self) -> None:
        with pytest.raises(OSError, match=r"[Tt]runcated|[Uu]nexpected"):
            read(COMPRESSIONS["gzip"](LOG * 1000)[:-20])

    def test_a_row_longer_than_a_block_fails(self) -> None:
        with pytest.raises(pa.ArrowInvalid):
            read(b'id,age\na,1\n"' + b"x" * 5000, block_bytes=1024)
