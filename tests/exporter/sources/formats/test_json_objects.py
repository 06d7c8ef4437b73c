from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from exporter.errors import FileUnreadable
from exporter.sources.formats import json_objects
from exporter.sources.formats.json_objects import ObjectDecoder, blocks, columns_of, sampled_objects, unconverted
from exporter.sources.formats.text_file import TextStream
from text_logs import PLACE, SELECTED, opened


def cut(data: bytes, size: int) -> list[bytes]:
    return list(blocks(TextStream(*opened(data)), PLACE, size))


class TestBlocks:
    @pytest.mark.parametrize("size", [5, 9, 30, 1000])
    @pytest.mark.parametrize("between", [b"\n", b"\r\n", b"", b" "])
    def test_objects_are_never_cut(self, between: bytes, size: int) -> None:
        objects = [b'{"a": %d}' % number for number in range(20)]
        found = cut(between.join(objects), size)
        assert b"".join(found) == between.join(objects)
        decoder = ObjectDecoder(PLACE, unconverted)
        assert [each["a"] for block in found for each in decoder.decode(block)] == list(range(20))
        assert decoder.bad.count == 0
        assert len(found) > 1 or size == 1000

    def test_the_byte_order_mark_is_left_out(self) -> None:
        assert cut(b"\xef\xbb\xbf{}", 100) == [b"{}"]

    def test_a_line_without_an_end_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_objects, "MOST_LINE_BYTES", 50)
        with pytest.raises(FileUnreadable, match="a line is longer than 50 bytes"):
            cut(b"x" * 100, 10)


class TestDecoder:
    def test_what_cannot_be_converted_is_counted_with_its_line(self) -> None:
        def even(found: Any) -> int:
            if found["a"] % 2:
                raise ValueError("odd")
            return int(found["a"])

        decoder = ObjectDecoder(PLACE, even)
        assert decoder.decode(b'{"a": 0}\n{"a": 2}\n') == [0, 2]
        assert decoder.decode(b'{"a": 1}{"a": 4}\n') == [4]
        (batch,) = decoder.bad.batch(pa.schema([]), SELECTED)
        assert batch.unreadable == f"1 line of {PLACE} cannot be read; the first is line 3: odd"

    def test_good_objects_before_a_truncated_one_stay(self) -> None:
        decoder = ObjectDecoder(PLACE, unconverted)
        assert decoder.decode(b'{"a": 1}{"a": 2}{"a"') == [{"a": 1}, {"a": 2}]
        assert decoder.bad.count == 1

    def test_a_line_that_is_part_of_an_array_is_bad_as_a_whole(self) -> None:
        with pytest.raises(FileUnreadable, match=f"^{PLACE}: cannot be read as JSON Lines: line 1: "):
            ObjectDecoder(PLACE, unconverted).decode(b'{"a": 1},\n{"a": 2},')


def test_a_sample_is_the_objects_of_the_first_lines() -> None:
    assert sampled_objects(b'{"a": 1}\nx\n{"a": 2}\n{"a": 3}', 3) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None], pa.int64()),
        ([1, 0.5, None], pa.float64()),
        ([True, None], pa.bool_()),
        ([1, "1"], pa.string()),
        ([2**63], pa.string()),
        ([2**53, 0.5], pa.string()),
        ([None, {}], pa.string()),
    ],
)
def test_a_column_of_texts_has_the_narrowest_type_of_all_its_values(values: list[Any], kind: pa.DataType) -> None:
    rows = [json.loads(json.dumps({"country": value})) for value in values]
    assert columns_of(rows, ["country"], SELECTED).schema.field("country").type == kind


def test_without_columns_rows_are_counted() -> None:
    assert columns_of([{"a": 1}, {}], [], SELECTED).num_rows == 2
