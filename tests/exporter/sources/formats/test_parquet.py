from __future__ import annotations

import io
import random
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import PartitionUnreadable
from exporter.sources.formats.content import content_errors
from exporter.sources.formats.parquet import BATCH_BYTES, read_batches
from exporter.sources.source import Batch, Selection, StoredObject

PLACE = "logs/2026-11-22T14.parquet"
EVERYTHING = Selection(keys=("version",), numeric=("age", "score"), categorical=("country",))


def content(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def read(data: bytes, selection: Selection = EVERYTHING, limit: int = BATCH_BYTES) -> list[Batch]:
    item = StoredObject(PLACE, len(data), "tag")
    with content_errors(item, lambda item, error: None):
        return list(read_batches(pa.BufferReader(data), item, selection, limit))


def log(rows: int = 4) -> pa.Table:
    return pa.table(
        {
            "event_time": pa.array(range(rows), pa.timestamp("ms", "UTC")),
            "country": [["US", "CA", None][row % 3] for row in range(rows)],
            "age": [None if row % 4 == 3 else float(row) for row in range(rows)],
            "unused": ["x"] * rows,
            "score": [row / 10 for row in range(rows)],
            "version": ["v3" if row % 2 else "v4" for row in range(rows)],
        }
    )


def rows_of(found: list[Batch], column: str) -> list[Any]:
    return [value for batch in found if column in batch.table.column_names for value in batch.table[column].to_pylist()]


class TestColumns:
    def test_a_small_file_is_one_batch_of_the_selected_columns(self) -> None:
        (batch,) = read(content(log()))
        assert batch.first
        assert batch.table.column_names == ["version", "country", "age", "score"]
        assert batch.table["age"].to_pylist() == [0.0, 1.0, 2.0, None]
        assert batch.schema.names == log().schema.names

    def test_counted_texts_are_dictionaries(self) -> None:
        (batch,) = read(content(log()))
        assert batch.table.schema.field("country").type == pa.dictionary(pa.int32(), pa.string())
        assert batch.table.schema.field("version").type == pa.dictionary(pa.int32(), pa.string())
        assert batch.table["country"].to_pylist() == ["US", "CA", None, "US"]
        assert batch.schema.field("country").type == pa.string()

    @pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
    def test_texts_with_delta_encoding_are_plain_and_others_stay_dictionaries(self, encoding: str) -> None:
        stored = content(log(), use_dictionary=["version"], column_encoding={"country": encoding})
        (batch,) = read(stored)
        assert batch.table.schema.field("country").type == pa.string()
        assert batch.table["country"].to_pylist() == ["US", "CA", None, "US"]
        assert pa.types.is_dictionary(batch.table.schema.field("version").type)
        assert batch.problems == {}

    @pytest.mark.parametrize("limit", [1, BATCH_BYTES])
    def test_a_column_that_arrow_cannot_decode_is_a_problem_of_its_own(self, limit: int) -> None:
        table = log().set_column(1, "country", log()["country"].dictionary_encode())
        stored = content(table, use_dictionary=False, column_encoding={"country": "DELTA_BYTE_ARRAY"})
        found = read(stored, limit=limit)
        assert rows_of(found, "age") == [0.0, 1.0, 2.0, None]
        assert rows_of(found, "country") == []
        problems = {name: why for batch in found for name, why in batch.problems.items()}
        assert list(problems) == ["country"]
        assert problems["country"].startswith("the column cannot be decoded: Not yet implemented: ")

    def test_a_key_that_arrow_cannot_decode_costs_no_other_column(self) -> None:
        table = log().set_column(5, "version", log()["version"].dictionary_encode())
        stored = content(table, use_dictionary=False, column_encoding={"version": "DELTA_BYTE_ARRAY"})
        first, *_ = found = read(stored, limit=1)
        assert (first.table.num_rows, list(first.problems)) == (4, ["version"])
        assert rows_of(found, "score") == [0.0, 0.1, 0.2, 0.3]

    def test_numeric_columns_keep_their_stored_type(self) -> None:
        (batch,) = read(content(pa.table({"age": ["4", "5"]})))
        assert batch.table.schema.field("age").type == pa.string()

    def test_categories_that_are_not_texts_keep_their_stored_type(self) -> None:
        (batch,) = read(content(pa.table({"country": [1, 2], "version": [True, False]})))
        assert batch.table.schema.types == [pa.bool_(), pa.int64()]

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary()])
    def test_every_kind_of_text_is_a_dictionary(self, kind: pa.DataType) -> None:
        (batch,) = read(content(pa.table({"country": pa.array(["US", None, "US"]).cast(kind)})))
        assert pa.types.is_dictionary(batch.table.schema.field("country").type)

    def test_missing_columns_are_left_out_and_rows_are_counted(self) -> None:
        (batch,) = read(content(pa.table({"other": [1, 2, 3]})))
        assert (batch.table.num_rows, batch.table.column_names, batch.first) == (3, [], True)
        assert batch.schema.names == ["other"]

    def test_a_key_that_is_a_feature_too_comes_once(self) -> None:
        (batch,) = read(content(log()), Selection(keys=("country",), numeric=("age",), categorical=("country",)))
        assert batch.table.column_names == ["country", "age"]

    def test_a_dot_in_a_name_is_literal(self) -> None:
        table = pa.table({"user": [{"age": 1}, {"age": 2}], "user.age": [5, 6], "a": [7, 8], "a.b": ["x", "y"]})
        (batch,) = read(content(table), Selection(keys=(), numeric=("user.age", "a"), categorical=("a.b",)))
        assert batch.table.to_pydict() == {"user.age": [5, 6], "a": [7, 8], "a.b": ["x", "y"]}

    def test_a_dot_does_not_reach_into_a_struct(self) -> None:
        (batch,) = read(content(pa.table({"user": [{"age": 1}]})), Selection((), numeric=("user.age",), categorical=()))
        assert batch.table.column_names == []

    def test_a_nested_column_comes_whole(self) -> None:
        table = pa.table({"user": [{"age": 1, "tags": ["x"]}], "n": [1]})
        (batch,) = read(content(table), Selection((), numeric=("n",), categorical=("user",)))
        assert batch.table["user"].to_pylist() == [{"age": 1, "tags": ["x"]}]

    @pytest.mark.parametrize("limit", [1, 10**6])
    def test_two_selected_columns_of_one_name_cost_themselves(self, limit: int) -> None:
        table = pa.table([[1], [2], [3.0], ["US"]], names=["age", "age", "x", "country"])
        batches = read(content(table), Selection((), ("age", "x"), ("country",)), limit)
        assert {name for batch in batches for name in batch.table.column_names} == {"x", "country"}
        assert [dict(batch.problems) for batch in batches if batch.first] == [{"age": "2 columns have this name"}]
        assert [dict(batch.problems) for batch in batches if not batch.first] == [{}] * (len(batches) - 1)

    @pytest.mark.parametrize("table", [log(0), log(0).select([])])
    def test_a_file_without_rows_has_no_batches(self, table: pa.Table) -> None:
        assert read(content(table)) == []

    def test_a_file_without_row_groups_has_no_batches(self) -> None:
        buffer = io.BytesIO()
        pq.ParquetWriter(buffer, log().schema).close()
        assert pq.ParquetFile(buffer).num_row_groups == 0
        assert read(buffer.getvalue()) == []


class TestBatches:
    def test_small_row_groups_are_read_together(self) -> None:
        found = read(content(log(100), row_group_size=10))
        assert [batch.table.num_rows for batch in found] == [100]
        assert found[0].table["country"].num_chunks == 10
        assert {tuple(chunk.dictionary.to_pylist()) for chunk in found[0].table["country"].chunks} == {("US", "CA")}

    def test_row_groups_that_together_exceed_the_limit_come_one_by_one(self) -> None:
        found = read(content(log(100), row_group_size=50), limit=2000)
        assert [(batch.table.num_rows, batch.first) for batch in found] == [(50, True), (50, True)]

    def test_a_wide_row_group_is_cut_into_batches_that_all_have_the_keys(self) -> None:
        found = read(content(log(100)), limit=1)
        assert [batch.table.column_names for batch in found] == [
            ["version", "country"],
            ["version", "age"],
            ["version", "score"],
        ]
        assert [batch.first for batch in found] == [True, False, False]

    def test_a_row_group_of_keys_alone_is_one_batch(self) -> None:
        (batch,) = read(content(log(100)), Selection(("version",), (), ()), limit=1)
        assert (batch.table.num_rows, batch.first) == (100, True)

    def test_memory_is_bounded_by_the_limit_and_not_by_the_row_group(self) -> None:
        rows, limit = 50_000, 4 * 2**20
        numbers = np.random.default_rng(7).normal(size=(60, rows))
        data = content(pa.table({f"x{index}": column for index, column in enumerate(numbers)}), compression="none")
        assert len(data) > 20 * 2**20
        selection = Selection((), tuple(f"x{index}" for index in range(60)), ())
        pool, before = pa.default_memory_pool(), pa.total_allocated_bytes()
        peak, columns = 0, 0
        for batch in read_batches(pa.BufferReader(data), StoredObject(PLACE, len(data), "t"), selection, limit):
            peak, columns = max(peak, pool.bytes_allocated() - before), columns + batch.table.num_columns
            assert batch.table.nbytes <= limit
        assert columns == 60
        assert peak < 3 * limit


def cut(table: pa.Table, row_group_size: int, limit: int, selection: Selection) -> list[Batch]:
    return read(content(table, row_group_size=row_group_size), selection, limit)


@given(
    rows=st.integers(0, 60),
    row_group_size=st.integers(1, 60),
    limit=st.integers(1, 4000),
    keys=st.sets(st.sampled_from(["version", "country", "absent"])),
    numeric=st.sets(st.sampled_from(["age", "score", "event_time", "gone"])),
    categorical=st.sets(st.sampled_from(["country", "unused", "age"])),
)
def test_every_value_comes_once_for_every_cut(
    *, rows: int, row_group_size: int, limit: int, keys: set[str], numeric: set[str], categorical: set[str]
) -> None:
    table = log(rows)
    selection = Selection(tuple(sorted(keys)), tuple(sorted(numeric)), tuple(sorted(categorical)))
    found = cut(table, row_group_size, limit, selection)
    wanted = (keys | numeric | categorical) & set(table.column_names)
    assert sum(batch.table.num_rows for batch in found if batch.first) == rows
    for name in wanted - keys:
        assert rows_of(found, name) == table[name].to_pylist()
    for name in wanted & keys:
        assert rows_of([batch for batch in found if batch.first], name) == table[name].to_pylist()
        assert all(name in batch.table.column_names for batch in found)
    assert {name for batch in found for name in batch.table.column_names} == (wanted if rows else set())


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "Parquet file size is 0 bytes"),
            (b"PAR1", "smaller than the minimum file footer"),
            (b"event_time,age\n1,2\n", "magic bytes not found"),
            (content(log(1000))[:-1], "magic bytes not found"),
            (content(log(1000))[:900], "magic bytes not found"),
            (content(log(1000))[-900:], "cannot be read as Parquet"),
            (content(log(1000))[:-8] + b"\xff\xff\xff\x7fPAR1", "smaller than the size reported"),
        ],
        ids=["empty", "magic only", "csv", "last byte gone", "end gone", "beginning gone", "false footer size"],
    )
    def test_content_that_is_not_parquet_is_unreadable_with_place_and_reason(self, data: bytes, words: str) -> None:
        with pytest.raises(PartitionUnreadable, match=rf"^{PLACE}: .*{words}"):
            read(data)

    def test_a_corrupt_byte_is_detected_by_the_pages_checksum(self) -> None:
        data = bytearray(content(pa.table({"age": np.arange(1000.0)}), write_page_checksum=True, compression="none"))
        data[len(data) // 2] ^= 1
        with pytest.raises(PartitionUnreadable, match="CRC checksum verification failed"):
            read(bytes(data))

    def test_any_damage_is_either_unreadable_or_harmless(self) -> None:
        whole = content(log(200), write_page_checksum=True)
        shuffle = random.Random(7)
        unreadable = 0
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(shuffle.choice([1, 3, 20])):
                data[shuffle.randrange(len(data))] = shuffle.randrange(256)
            try:
                read(bytes(data))
            except PartitionUnreadable:
                unreadable += 1
        assert unreadable > 200

    def test_damage_to_the_footer_never_ends_the_process(self) -> None:
        whole = content(log(200))
        shuffle = random.Random(7)
        for _ in range(2000):  # hundreds of these are footers that Arrow reads and whose columns it then refuses
            data = bytearray(whole)
            data[shuffle.randrange(len(data) * 2 // 3, len(data) - 8)] = shuffle.randrange(256)
            with suppress(PartitionUnreadable):
                read(bytes(data), limit=1)

    def test_a_file_of_another_size_than_listed_has_changed(self) -> None:
        data = content(log())
        item = StoredObject(PLACE, len(data) + 1, "tag")
        with pytest.raises(
            PartitionUnreadable, match=f"changed while it was read: {len(data)} bytes, {len(data) + 1} as"
        ):
            next(read_batches(pa.BufferReader(data), item, EVERYTHING))

    def test_an_encrypted_file_is_unreadable(self) -> None:
        with pytest.raises(PartitionUnreadable):
            read(content(log())[:-4] + b"PARE")
