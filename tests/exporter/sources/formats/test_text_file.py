from __future__ import annotations

import pyarrow as pa
import pytest

from exporter.errors import FileUnreadable, SkipReason
from exporter.sources.formats.text_file import BadLines, TextStream, text_numbers, text_schema
from exporter.sources.source import Selection, StoredObject
from text_logs import COMPRESSIONS, PLACE, SELECTED, opened


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_stream_gives_the_decompressed_bytes_in_pieces_of_the_asked_size(kind: str) -> None:
    content = bytes(range(256)) * 1000
    stream = TextStream(*opened(COMPRESSIONS[kind](content)))
    assert stream.peek(300) == content[:300]
    assert stream.read(200) == content[:200]
    assert stream.read(200_000) == content[200:200_200]
    assert stream.read(200_000) == content[200_200:]
    assert stream.read(1) == b""


def test_gzip_of_several_members_is_read_to_the_end() -> None:
    gzip = COMPRESSIONS["gzip"]
    assert TextStream(*opened(gzip(b"one\n") + gzip(b"two\n"))).read(100) == b"one\ntwo\n"


def test_a_file_of_another_size_than_listed_has_changed() -> None:
    with pytest.raises(FileUnreadable, match="changed while it was read: 3 bytes, 4 as listed") as caught:
        TextStream(pa.BufferReader(b"abc"), StoredObject(PLACE, 4, "tag"))
    assert caught.value.reason is SkipReason.CHANGED


class TestBadLines:
    def test_without_any_there_is_no_batch(self) -> None:
        assert list(BadLines(PLACE).batch(pa.schema([]), SELECTED)) == []

    def test_they_are_rows_of_nulls_in_the_selected_columns(self) -> None:
        bad = BadLines(PLACE)
        bad.add(None, "why")
        schema = pa.schema([("age", pa.float64()), ("other", pa.string())])
        (batch,) = bad.batch(schema, SELECTED)
        assert (batch.first, batch.schema) == (True, schema)
        assert batch.table.to_pydict() == {"age": [None]}
        assert batch.unreadable == f"1 line of {PLACE} cannot be read; the first is why"

    def test_without_columns_they_are_counted(self) -> None:
        bad = BadLines(PLACE)
        for line in (3, 4):
            bad.add(line, "why")
        (batch,) = bad.batch(pa.schema([]), SELECTED)
        assert (batch.table.num_rows, batch.table.num_columns) == (2, 0)

    def test_a_file_is_refused_when_most_lines_are_bad(self) -> None:
        bad = BadLines(PLACE)
        bad.add(7, "why")
        bad.check(1, "CSV")
        bad.add(8, "other")
        with pytest.raises(FileUnreadable, match=f"^{PLACE}: cannot be read as CSV: line 7: why$"):
            bad.check(1, "CSV")


def test_texts_become_numbers_and_others_null() -> None:
    texts = pa.chunked_array([["1", None], ["-2.5e-3", "+.5", "x", "TRUE", "٣"]])
    assert text_numbers(texts).to_pylist() == [1.0, None, -0.0025, 0.5, None, 1.0, None]


def test_a_column_that_is_not_selected_may_have_any_type() -> None:
    schema = text_schema(["id", "age", "other"], Selection(("id",), ("age",), ()))
    assert schema == pa.schema({"id": pa.string(), "age": pa.float64(), "other": pa.null()})
