from __future__ import annotations

import io
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.errors import FileUnreadable
from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.formats.payloads import Shape
from exporter.sources.source import ROWS_ONLY, Selection, StoredObject
from exporter.sources.stores.local import Local
from exporter.spec.file_names import Format
from exporter.spec.json_path import parse_path

AGES = Selection((), ("age",), ())


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"age": [1.0, 2.0]}), buffer)
    return buffer.getvalue()


def ages(form: FileFormat, path: str, data: bytes) -> list[float]:
    item = StoredObject(path, len(data), "tag")
    batches = form.read(lambda: pa.BufferReader(data), item, AGES, lambda _item, _error: None)
    return [age for batch in batches for age in batch.table["age"].to_pylist()]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("log.parquet", parquet()),
        ("log", parquet()),
        ("features.v3", parquet()),
        ("log.jsonl", b'{"age": 1}\n{"age": 2}\n'),
        ("a.b/log.NDJSON.gz", b'{"age": 1}\n{"age": 2}\n'),
        ("log.json.zst", b'{"age": 1}\n{"age": 2}\n'),
        ("log.csv", b"age\n1\n2\n"),
        ("log.csv.gz", b"age\n1\n2\n"),
        ("log.tsv", b"age\tx\n1\t\n2\t\n"),
    ],
)
def test_a_file_is_read_by_its_name(path: str, data: bytes) -> None:
    assert ages(BY_NAME, path, data) == [1.0, 2.0]


def test_the_spec_decides_over_the_name() -> None:
    assert ages(FileFormat(Format.JSONL), "log.csv", b'{"age": 1}') == [1.0]
    assert ages(FileFormat(Format.PARQUET), "log.csv", parquet()) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        (None, "log.csv", "log.csv: cannot be read as CSV: it is not UTF-8 text"),
        (None, "log.parquet", "log.parquet: cannot be read as Parquet: [^;]*"),
        (
            None,
            "log.dat.gz",
            r"log.dat.gz: cannot be read as Parquet: .*; end the names of JSON Lines in \.jsonl .*",
        ),
        (Format.JSONL, "log.dat", "log.dat: cannot be read as JSON Lines: [^;]*"),
    ],
)
def test_a_file_of_another_format_is_refused_with_what_is_possible(
    given: Format | None, path: str, message: str
) -> None:
    with pytest.raises(FileUnreadable, match=f"^{message}$"):
        ages(FileFormat(given), path, b"\0\1\2\3" * 10)


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        (None, {"a.parquet", "a.b.pq", "part-0", "a.jsonl", "a.ndjson.gz", "a.csv", "a.tsv.zst", "part-0.gz"}),
        (Format.PARQUET, {"a.parquet", "a.b.pq", "part-0", "part-0.gz"}),
        (Format.JSONL, {"a.jsonl", "a.ndjson.gz", "a.json", "a.log", "a.txt", "part-0", "part-0.gz"}),
        (Format.CSV, {"a.csv", "a.log", "a.txt", "part-0", "part-0.gz"}),
    ],
)
def test_a_folder_has_the_names_of_the_format(given: Format | None, accepted: set[str]) -> None:
    names = {
        *("a.parquet", "a.b.pq", "part-0", "a.jsonl", "a.ndjson.gz", "a.csv", "a.tsv.zst", "part-0.gz"),
        *("a.json", "a.log", "a.txt", "a.bak", "a.avro"),
    }
    pattern = re.compile(FileFormat(given).below_folder)
    assert {name for name in names if pattern.fullmatch(name)} == accepted


def test_only_a_parquet_file_has_its_rows_in_a_footer() -> None:
    items = {path: StoredObject(path, 1, "tag") for path in ("log.parquet", "log.csv")}
    assert [BY_NAME.reads_rows(item, ROWS_ONLY) for item in items.values()] == [False, True]
    assert [BY_NAME.reads_rows(item, AGES) for item in items.values()] == [True, True]


def test_the_same_files_have_another_fingerprint_when_they_are_read_otherwise(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"a": 1}')
    paths = {"a": parse_path("$.a")}
    forms = [BY_NAME, FileFormat(Format.JSONL), FileFormat(Format.CSV), FileFormat(Format.JSONL, Shape(paths=paths))]
    forms += [FileFormat(Format.JSONL, Shape(paths={"a": parse_path("$.b")}))]
    found = [Local("log", tmp_path, form).dataset() for form in (*forms, *forms)]
    fingerprints = [each.fingerprint for each in found if each is not None]
    assert fingerprints[: len(forms)] == fingerprints[len(forms) :]
    assert len(set(fingerprints)) == len(forms)
