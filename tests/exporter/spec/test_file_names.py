from __future__ import annotations

import pytest

from exporter.spec.file_names import Format, known_format, known_suffix


@pytest.mark.parametrize(
    ("path", "suffix", "form"),
    [
        ("a/log.snappy.parquet", ".parquet", Format.PARQUET),
        ("a.csv/log.JSONL.gz", ".JSONL.gz", Format.JSONL),
        ("log.ndjson.zst", ".ndjson.zst", Format.JSONL),
        ("log.csv", ".csv", Format.CSV),
        ("log.tsv", ".tsv", Format.TSV),
        ("csv", "", None),
        ("a.csv/log", "", None),
        ("log.csv.bz2", "", None),
        ("log.gz", "", None),
    ],
)
def test_the_suffix_tells_the_format(path: str, suffix: str, form: Format | None) -> None:
    assert (known_suffix(path), known_format(path)) == (suffix, form)
