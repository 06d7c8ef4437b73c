from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import FileUnreadable
from exporter.profiles.columns import category_codes
from exporter.sources.formats import json_lines
from exporter.sources.formats.json_lines import read_json_lines
from exporter.sources.formats.json_objects import columns_of
from exporter.sources.source import ROWS_ONLY, Batch, Selection
from text_logs import COMPRESSIONS, PLACE, SELECTED, columns, opened

ROWS = [
    {"id": "007", "at": 1795356000, "unused": {"x": [1]}, "country": "US", "age": 31, "score": 0.25},
    {"id": "008", "at": 1795356001, "country": None, "age": None, "score": 1},
]
EXPECTED = {
    "id": ["007", "008"],
    "at": [1795356000, 1795356001],
    "score": [0.25, 1.0],
    "age": [31.0, None],
    "country": ["US", None],
}


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(data: bytes, selection: Selection = SELECTED, block_bytes: int = 2**20) -> list[Batch]:
    return list(read_json_lines(*opened(data), selection, block_bytes))


def values(data: bytes, **options: Any) -> dict[str, list[Any]]:
    return columns(iter(read(data, **options)))


@pytest.fixture
def never_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines._Columns, "quick", lambda self, block: None)


class TestColumns:
    @pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
    def test_columns_have_the_type_that_they_are_wanted_with(self, compress: Callable[[bytes], bytes]) -> None:
        (batch,) = read(compress(lines(*ROWS)))
        assert batch.table.to_pydict() == EXPECTED
        assert batch.table.schema.field("age").type == pa.float64()
        assert batch.schema.names == ["id", "at", "unused", "country", "age", "score"]

    @pytest.mark.usefixtures("never_quick")
    def test_object_by_object_gives_the_same(self) -> None:
        (batch,) = read(lines(*ROWS))
        assert batch.table.to_pydict() == EXPECTED
        assert batch.schema.names == ["id", "at", "unused", "country", "age", "score"]

    @pytest.mark.parametrize(
        "data",
        [
            b"\xef\xbb\xbf" + lines(*ROWS),
            lines(*ROWS).replace(b"\n", b"\r\n"),
            lines(*ROWS).replace(b"\n", b"\n \n"),
            lines(*ROWS).replace(b"\n", b""),
            lines(*ROWS).rstrip(),
        ],
        ids=["BOM", "CRLF", "blank lines", "no line breaks", "no line break at the end"],
    )
    def test_the_same_rows_written_otherwise_are_the_same(self, data: bytes) -> None:
        assert values(data) == EXPECTED
        assert values(data, block_bytes=64) == EXPECTED

    def test_a_column_that_no_line_has_is_left_out_and_others_are_null(self) -> None:
        (batch,) = read(lines({"age": 1}, {"country": None}))
        assert batch.table.to_pydict() == {"age": [1.0, None], "country": [None, None]}
        assert batch.schema.names == ["age", "country"]

    def test_a_column_that_an_earlier_block_had_is_null(self) -> None:
        batches = read(lines({"id": "a", "age": 1}, *[{"id": "b"}] * 20), block_bytes=64)
        assert len(batches) > 2
        assert columns(iter(batches)) == {"id": ["a"] + ["b"] * 20, "age": [1.0] + [None] * 20}

    @pytest.mark.parametrize("block_bytes", [2**20, 40])
    def test_names_do_not_depend_on_the_types_around_them(self, block_bytes: int) -> None:
        mixed = [7, "007", 7.0, 0.5, True, None, 2**63, 2**53 + 1, "é\ud800", {"a": 1}, [1], 1e300]
        batches = read(lines(*({"country": value} for value in mixed)), block_bytes=block_bytes)
        names = [name for batch in batches for name in self._names(batch.table["country"])]
        expected = ["7", "007", "7", "0.5", "true", None, str(2**63), str(2**53 + 1), "é?", None, None, "1e+300"]
        assert names == expected

    @staticmethod
    def _names(column: pa.ChunkedArray) -> list[str | None]:
        names, codes = category_codes(column)
        return [names[code] for code in codes]

    def test_long_ids_among_fractions_stay_exact(self) -> None:
        assert values(lines({"id": 0.5}, {"id": 2**53 + 1})) == {"id": ["0.5", str(2**53 + 1)]}

    def test_what_is_no_number_is_missing_and_costs_itself(self) -> None:
        data = b"".join(b'{"age": %s}\n' % text for text in (b"1", b'"2.5"', b"true", b'"x"', b"[3]", b"1e999", b"NaN"))
        ages = values(data)["age"]
        assert math.isnan(ages.pop())
        assert ages == [1.0, 2.5, 1.0, None, None, math.inf]

    @given(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "id": st.none() | st.text(max_size=3) | st.integers(),
                    "country": st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3),
                    "age": st.none() | st.integers() | st.floats() | st.sampled_from(["1", "x"]),
                    "other": st.none() | st.lists(st.integers(), max_size=2),
                },
            ),
            max_size=6,
        )
    )
    def test_arrow_and_the_slow_way_agree(self, rows: list[dict[str, Any]]) -> None:
        reader = json_lines._Columns(SELECTED)
        table = reader.quick(lines(*rows))
        if table is not None:
            slow = columns_of(json.loads(json.dumps(rows)), table.column_names, SELECTED)
            assert set(table.column_names) == {name for row in rows for name in row} & set(SELECTED.columns)
            for name in set(table.column_names) - SELECTED.numbers:
                assert self._names(table[name]) == self._names(slow[name])
            for name in set(table.column_names) & SELECTED.numbers:
                assert table[name].to_pylist() == pytest.approx(slow[name].to_pylist(), nan_ok=True)

    def test_braces_in_texts_are_no_borders_of_objects(self) -> None:
        data = lines({"country": "a}{b"}, {"country": "c"}).replace(b"\n", b"")
        assert values(data) == {"country": ["a}{b", "c"]}

    def test_ordinary_lines_are_decoded_by_arrow(self) -> None:
        assert json_lines._Columns(SELECTED).quick(lines(*ROWS).replace(b"\n", b"")) is not None
        assert json_lines._Columns(SELECTED).quick(lines(*ROWS)) is not None
        assert json_lines._Columns(ROWS_ONLY).quick(lines(*ROWS)) is not None


class TestRows:
    @pytest.mark.parametrize("data", [b"", b"\n \n"])
    def test_a_file_without_rows_has_no_batches(self, data: bytes) -> None:
        assert read(data) == []

    @pytest.mark.parametrize("end", [b"\n", b""])
    def test_rows_are_counted_without_columns(self, end: bytes) -> None:
        (batch,) = read(lines(*ROWS).replace(b"\n", end), ROWS_ONLY)
        assert (batch.table.num_rows, batch.table.column_names) == (2, [])
        assert batch.schema.names == ["id", "at", "unused", "country", "age", "score"]

    def test_a_file_is_in_its_first_part_as_a_whole(self) -> None:
        parts = [Selection((), ("age",), (), part=(part, 2)) for part in range(2)]
        assert [sum(batch.table.num_rows for batch in read(lines(*ROWS), part)) for part in parts] == [2, 0]

    def test_a_line_that_is_no_object_costs_itself(self) -> None:
        good, bad = read(lines({"id": "a"}) + b'{"id": "b\n[1]\n' + lines(*[{"id": "c"}] * 3) + b'{"id": "d", "ag')
        assert good.table["id"].to_pylist() == ["a", "c", "c", "c"]
        assert bad.table.to_pydict() == {"id": [None] * 3}
        assert bad.unreadable.startswith(f"3 lines of {PLACE} cannot be read; the first is line 2: Unterminated string")

    def test_lines_are_numbered_through_all_blocks(self) -> None:
        batches = read(lines(*[{"id": "a"}] * 100) + b"x\n" + lines(*[{"id": "a"}] * 100), block_bytes=128)
        assert "the first is line 101: " in batches[-1].unreadable
        assert sum(batch.table.num_rows for batch in batches) == 201

    def test_bytes_that_are_not_utf_8_cost_only_themselves(self) -> None:
        (batch,) = read(b'{"country": "\xe9"}\n{"country": "US"}\n')
        assert TestColumns._names(batch.table["country"]) == ["\ufffd", "US"]


class TestFiles:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"PAR1\0\0\0", "line 1: "),
            (json.dumps(ROWS).encode(), "line 1: it is not a JSON object"),
            (json.dumps(ROWS, indent=1).encode(), "line 1: "),
            (b'[\n{"age": 1},\n{"age": 2},\n{"age": 3}\n]\n', "line 1: "),
            (b"id,age\n007,3\n", "line 1: "),
            (lines(*ROWS).decode().encode("utf-16"), "line 1: "),
            (b"[" * 100_000, "line 1: "),
        ],
    )
    def test_a_file_of_another_format_is_refused(self, data: bytes, why: str) -> None:
        with pytest.raises(FileUnreadable, match=f"^{PLACE}: cannot be read as JSON Lines: {why}"):
            read(data)

    def test_a_truncated_compressed_file_fails(self) -> None:
        with pytest.raises(OSError, match=r"[Tt]runcated|[Uu]nexpected"):
            read(COMPRESSIONS["gzip"](lines(*ROWS) * 1000)[:-20])
