from __future__ import annotations

import pyarrow as pa
import pytest

from exporter.sources.formats.path_columns import path_keys, with_constants, with_path_columns
from exporter.sources.source import ROWS_ONLY, Batch, Selection

TABLE = pa.table({"age": [1, 2, 3]})


def read(path: str, selection: Selection, *batches: Batch) -> list[Batch]:
    return list(with_path_columns(batches or (Batch(TABLE, first=True, schema=TABLE.schema),), path, selection))


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("s3://b/log/version=v2/role=shadow/x.parquet", {"version": "v2", "role": "shadow"}),
        ("log/country=__HIVE_DEFAULT_PARTITION__/x.parquet", {"country": None}),
        ("log/city=S%C3%A3o%20Paulo%2FSP/x.parquet", {"city": "São Paulo/SP"}),
        ("log/a%3Db=c=d/x.parquet", {"a=b": "c=d"}),
        ("log/a=1/a=2/x.parquet", {"a": "2"}),
        ("log/empty=/=nothing/x=1.parquet", {"empty": ""}),
        ("log/a=\udcff%ff/x.parquet", {"a": "?\N{REPLACEMENT CHARACTER}"}),
        ("log/x.parquet", {}),
    ],
)
def test_the_keys_of_a_path(path: str, keys: dict[str, str | None]) -> None:
    assert path_keys(path) == keys


def test_keys_are_columns_of_the_rows() -> None:
    selection = Selection(("version",), ("age", "floor", "price"), ("country", "age_group"))
    path = "log/version=v2/floor=-3/price=1.5/country=__HIVE_DEFAULT_PARTITION__/unused=x/x.parquet"
    (batch,) = read(path, selection)
    assert batch.table.to_pydict() == {
        "age": [1, 2, 3],
        "version": ["v2"] * 3,
        "floor": [-3] * 3,
        "price": [1.5] * 3,
        "country": [None] * 3,
    }
    assert batch.schema.names == ["age", "version", "floor", "price", "country", "unused"]
    assert batch.schema.field("floor").type == pa.int64()
    assert batch.schema.field("version").type == pa.string()


@pytest.mark.parametrize("value", ["abc", "0x10", "1,5", "nan", "1" * 400 + "x"])
def test_a_value_that_is_no_number_stays_a_text(value: str) -> None:
    (batch,) = read(f"log/floor={value}/x.parquet", Selection((), ("floor",), ()))
    assert batch.table["floor"].to_pylist() == [value] * 3


def test_a_column_of_the_file_wins_also_where_it_is_not_selected() -> None:
    (batch,) = read("log/age=7/x.parquet", Selection((), ("age",), ()))
    assert batch.table["age"].to_pylist() == [1, 2, 3]
    assert batch.schema == TABLE.schema
    wide = Batch(TABLE.select([]), first=True, schema=TABLE.schema)
    assert read("log/age=7/x.parquet", ROWS_ONLY, wide)[0].schema.names == ["age"]


def test_of_wide_rows_a_key_is_in_every_batch_and_another_column_in_the_first() -> None:
    cut = [Batch(TABLE, first=True, schema=TABLE.schema), Batch(TABLE, first=False, schema=TABLE.schema)]
    first, second = read("log/version=v2/country=de/x.parquet", Selection(("version",), (), ("country",)), *cut)
    assert first.table.column_names == ["age", "version", "country"]
    assert second.table.column_names == ["age", "version"]


def test_rows_without_columns_keep_their_number() -> None:
    rows = Batch(TABLE.select([]), first=True, schema=TABLE.schema)
    (batch,) = read("log/version=v2/x.parquet", ROWS_ONLY, rows)
    assert (batch.table.num_rows, batch.table.num_columns) == (3, 0)
    (batch,) = read("log/version=v2/x.parquet", Selection(("version",), (), ()), rows)
    assert batch.table["version"].to_pylist() == ["v2"] * 3


def test_a_constant_has_its_own_type() -> None:
    constants = {"at": pa.scalar(0, pa.timestamp("us", "UTC")), "tags": pa.scalar(None, pa.list_(pa.string()))}
    batches = with_constants(
        [Batch(TABLE, first=True, schema=TABLE.schema)], constants, Selection(("at", "tags"), (), ())
    )
    (batch,) = batches
    assert batch.schema.types == [pa.int64(), pa.timestamp("us", "UTC"), pa.list_(pa.string())]
    assert batch.table["tags"].to_pylist() == [None] * 3
