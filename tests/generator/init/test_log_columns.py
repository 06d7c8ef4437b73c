from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.errors import UsageError
from generator.init.data_sets import find
from generator.init.log_columns import Column, Kind, read
from s3_server import S3Server

TABLE = pa.table(
    {
        "at": pa.array([datetime(2026, 11, 22, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "score": [0.25, None, 0.75],
        "amount": pa.array([Decimal("1.50"), Decimal("2.50"), Decimal("1.50")]),
        "count": pa.array([1, 2, 2], pa.int32()),
        "country": pa.array(["de", "fr", "de"]).dictionary_encode(),
        "flag": [True, False, None],
        "tags": [["a"], [], None],
        "empty": pa.array([None, None, None], pa.float64()),
    }
)
EXPECTED = [
    Column("at", Kind.TIME, "timestamp[us, tz=UTC]", 3, 1),
    Column("score", Kind.NUMBER, "double", 2, 2, 0.25, 0.75),
    Column("amount", Kind.NUMBER, "decimal128(3, 2)", 3, 2, 1.5, 2.5),
    Column("count", Kind.WHOLE, "int32", 3, 2, 1, 2),
    Column("country", Kind.TEXT, "dictionary<values=string, indices=int32, ordered=0>", 3, 2),
    Column("flag", Kind.TEXT, "bool", 2, 2),
    Column("tags", Kind.OTHER, "list<element: string>", 2, 0),
    Column("empty", Kind.NUMBER, "double", 0, 0),
]


def test_columns_are_what_their_values_are(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "log.parquet")
    assert read([str(tmp_path / "log.parquet")]) == EXPECTED


def test_a_file_in_s3_gives_the_same_columns(s3_server: S3Server) -> None:
    written = io.BytesIO()
    pq.write_table(TABLE, written)
    s3_server.put("logs", "a/log.parquet", written.getvalue())
    assert read(["s3://logs/a/log.parquet"]) == EXPECTED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv", "\ufeffat,score,id,tags\n2026-11-22T10:00:00,0.25,r1,x\n2026-11-22T11:00:00,,r2,y\n"),
        ("log.tsv", "at\tscore\tid\ttags\n2026-11-22T10:00:00\t0.25\tr1\tx\n2026-11-22T11:00:00\t\tr2\ty\n"),
        (
            "log.jsonl.gz",
            """{"at": "2026-11-22T10:00:00", "score": 0.25, "id": "r1", "tags": "x"}
            {"at": "2026-11-22T11:00:00", "score": null, "id": "r2", "tags": "y"}""",
        ),
    ],
)
def test_texts_have_the_types_of_their_first_rows(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert [(column.name, column.kind, column.rows, column.distinct) for column in read([str(path)])] == [
        ("at", Kind.TIME, 2, 2),
        ("score", Kind.NUMBER, 1, 1),
        ("id", Kind.TEXT, 2, 2),
        ("tags", Kind.TEXT, 2, 2),
    ]
    assert find(str(tmp_path)).log.files == (str(path),)


def test_a_file_without_rows_has_columns(tmp_path: Path) -> None:
    pq.write_table(TABLE.slice(0, 0), tmp_path / "log.parquet")
    assert {(column.rows, column.distinct) for column in read([str(tmp_path / "log.parquet")])} == {(0, 0)}


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no Parquet")
    (tmp_path / "text.jsonl").write_text("no JSON")
    (tmp_path / "empty.csv").write_text("")
    for name in ("none.parquet", "text.parquet", "text.jsonl", "empty.csv", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            read([str(tmp_path / name)])


def test_files_whose_types_differ_from_the_first_are_left_out(tmp_path: Path) -> None:
    for name, values in (("a", [1, 2]), ("b", ["x", "y"]), ("c", [3, None])):
        pq.write_table(pa.table({"n": values}), tmp_path / f"{name}.parquet")
    (column,) = read([str(tmp_path / f"{name}.parquet") for name in "abc"])
    assert column == Column("n", Kind.WHOLE, "int64", 3, 3, 1, 3)


def test_the_keys_of_paths_are_columns_that_the_files_lack(tmp_path: Path) -> None:
    files = [tmp_path / part for part in ("v=v1/c=de/a.parquet", "v=v2/c=__HIVE_DEFAULT_PARTITION__/a.parquet")]
    for file in files:
        file.parent.mkdir(parents=True)
        pq.write_table(pa.table({"n": [1, 1], "c": ["x", "x"]} if "v1" in str(file) else {"n": [1, 1]}), file)
    found = {column.name: (column.kind, column.rows, column.distinct) for column in read([*map(str, files)])}
    assert found == {"n": (Kind.WHOLE, 4, 1), "c": (Kind.TEXT, 2, 1), "v": (Kind.TEXT, 4, 2)}


def test_a_file_in_another_store_is_an_error_with_advice() -> None:
    with pytest.raises(
        UsageError, match=r"^ftp://logs/a\.parquet: cannot be read: .* stores that are read: s3://, gs://"
    ):
        read(["ftp://logs/a.parquet"])
