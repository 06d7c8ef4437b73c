from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.errors import SourceError
from exporter.sources.source import StoredObject
from exporter.sources.stores.table_folders import TableCheck

UUID = "0b6f2f2e-1c1d-4a55-9d31-2f7a1f0c6c11"
DELTA_LOG = "_delta_log/00000000000000000000.json"


class Store:
    """A bucket of names, which records the folders that are listed."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths
        self.listed: list[str] = []

    def __call__(self, folder: str) -> Iterator[StoredObject]:
        self.listed.append(folder)
        return (StoredObject(path, 1, "") for path in self.paths if path.startswith(folder))


def message(file: str, *others: str) -> str:
    store = Store(file, *others)
    check = TableCheck(store)
    try:
        check.refuse([StoredObject(file, 1, "")])
    except SourceError as problem:
        return str(problem)
    return ""


@pytest.mark.parametrize(
    ("file", "log", "root"),
    [
        (f"s3://b/t/log/part-00000-{UUID}-c000.snappy.parquet", f"s3://b/t/log/{DELTA_LOG}", "s3://b/t/log"),
        (f"s3://b/t/log/date=2026-11-22/hour=9/part-0-{UUID}.parquet", f"s3://b/t/log/{DELTA_LOG}", "s3://b/t/log"),
        ("s3://b/t/log/date=2026-11-22/x.parquet", f"s3://b/t/log/{DELTA_LOG}", "s3://b/t/log"),
        (f"s3://b/t/log/aB/part-00000-{UUID}.parquet", f"s3://b/t/log/{DELTA_LOG}", "s3://b/t/log"),
        (f"s3://b/t/uk/part-00000-{UUID}.parquet", f"s3://b/t/uk/{DELTA_LOG}", "s3://b/t/uk"),
    ],
)
def test_files_of_a_delta_table_are_refused_with_what_to_write(file: str, log: str, root: str) -> None:
    expected = (
        f'{root}/: is a Delta table, some of whose files may no longer count; write `source: {{delta: "{root}"}}`'
    )
    assert message(file, log) == f"{expected} in the spec"


def test_a_delta_table_in_another_store_is_refused_without_a_key() -> None:
    file = f"gs://b/t/log/part-{UUID}.parquet"
    assert message(file, f"gs://b/t/log/{DELTA_LOG}").endswith("; Leeway reads Delta tables in S3 and in folders")


def test_a_table_in_a_folder_is_named_as_the_spec_does() -> None:
    file = f"/models/../t/log/part-{UUID}.parquet"
    check = TableCheck(Store(f"/models/../t/log/{DELTA_LOG}"), "/models/")
    with pytest.raises(SourceError, match=r'^/models/\.\./t/log/: .*`source: \{delta: "\.\./t/log"\}`'):
        check.refuse([StoredObject(file, 1, "")])


@pytest.mark.parametrize("name", ["00003-x.metadata.json", "v3.metadata.json"])
def test_files_of_an_iceberg_table_are_refused_with_what_to_write(name: str) -> None:
    file = f"s3://b/wh/ml.db/log/data/at_day=2026-11-22/00000-0-{UUID}.parquet"
    assert message(file, f"s3://b/wh/ml.db/log/metadata/{name}") == (
        "s3://b/wh/ml.db/log/: is an Iceberg table, some of whose files may no longer count; "
        "write `source: {iceberg: catalog.namespace.table}` in the spec"
    )


@pytest.mark.parametrize(
    ("file", "others"),
    [
        (f"s3://b/t/log/part-{UUID}.parquet", []),
        (f"s3://b/t/log/part-{UUID}.parquet", [f"s3://b/t/other/{DELTA_LOG}", f"s3://b/t/logs/{DELTA_LOG}"]),
        ("s3://b/t/data/2026-11-22T14.parquet", ["s3://b/t/metadata/schema.json"]),
    ],
)
def test_other_files_are_not_refused(file: str, others: list[str]) -> None:
    assert not message(file, *others)


def test_hourly_files_cost_no_listing() -> None:
    store = Store("s3://b/inference/2026-11-22T14.parquet")
    TableCheck(store).refuse([StoredObject("s3://b/inference/2026-11-22T14.parquet", 1, "")])
    assert store.listed == []


def test_a_source_looks_once_and_refuses_each_time() -> None:
    plain = Store(f"s3://b/log/{UUID}.parquet")
    check = TableCheck(plain)
    for _ in range(3):
        check.refuse([])
        check.refuse([StoredObject(plain.paths[0], 1, "")])
    assert plain.listed == ["s3://b/log/_delta_log/"]
    table = Store(f"s3://b/log/{UUID}.parquet", f"s3://b/log/{DELTA_LOG}")
    check = TableCheck(table)
    for _ in range(3):
        with pytest.raises(SourceError):
            check.refuse([StoredObject(table.paths[0], 1, "")])
    assert len(table.listed) == 1
