from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from exporter.errors import FileUnreadable
from exporter.sources.formats import payload_reader
from exporter.sources.formats.file_format import FileFormat
from exporter.sources.formats.payloads import Shape, Writer
from exporter.sources.source import ROWS_ONLY, Batch, Selection
from exporter.sources.stores.local import Local
from exporter.spec.file_names import Format

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORM = FileFormat(Format.JSONL, Shape(Writer.KSERVE, ("age", "country"), ("score",)))
WANTED = Selection(("id", "score"), ("age",), ("country", "absent"), ("id",), numeric_keys=("score",))


def request(number: int, *instances: list[Any]) -> dict[str, Any]:
    return {"id": f"r{number}", "time": "2026-11-22T12:00:00Z", "data": {"instances": instances or [[number, "US"]]}}


def response(number: int, *scores: float) -> dict[str, Any]:
    return {"id": f"r{number}", "data": {"predictions": scores or [number / 10]}}


def batches(folder: Path, files: dict[str, list[Any]], selection: Selection = WANTED) -> list[Batch]:
    """The batches of a partition with these files; a line that is a text is written as it is."""
    (folder / "12").mkdir()
    for name, lines in files.items():
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / "12" / name).write_text("\n".join(texts))
    source = Local("%H/*", folder, FORM)
    return source.profile(source.partitions([NOON])[NOON], selection, list)


def rows(found: list[Batch]) -> list[tuple[Any, ...]]:
    return [
        tuple(row[name] for name in ("id", "age", "country", "score"))
        for batch in found
        if not batch.unreadable
        for row in batch.table.to_pylist()
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"a.json": [request(1), response(1), request(2), response(2)]},
        {"a.json": [response(1), request(1), request(2), request(2), response(2)]},
        {"a.json": [request(1), request(2)], "b.json": [response(1), response(2)]},
        {"a.json": [response(1)], "b.json": [request(1)], "c.json": [request(2)], "d.json": [response(2)]},
    ],
)
def test_halves_are_joined_in_any_order_across_files(tmp_path: Path, files: dict[str, list[Any]]) -> None:
    found = batches(tmp_path, files)
    assert sorted(rows(found)) == [("r1", 1.0, "US", 0.1), ("r2", 2.0, "US", 0.2)]
    assert not any(batch.unreadable for batch in found)
    assert found[0].schema.names == ["id", "time", "age", "country", "score"]
    assert found[0].table.column_names == ["id", "score", "age", "country"]


def test_halves_without_the_other_are_rows_of_which_nothing_is_known(tmp_path: Path) -> None:
    lines = [request(1), response(1), request(2, [1, "US"], [2, "DE"]), response(3), request(4), response(4, 0.1, 0.2)]
    *good, lost = batches(tmp_path, {"a.json": lines})
    assert rows(good) == [("r1", 1.0, "US", 0.1)]
    assert lost.table.num_rows == 2 + 1 + 2
    assert set(lost.table["score"].to_pylist()) == {None}
    why = "id 'r4': its request has 1 rows, and its response 2"
    assert lost.unreadable == f"5 rows of requests and responses cannot be used; the first: {why}"


def test_a_request_alone_is_named(tmp_path: Path) -> None:
    (lost,) = batches(tmp_path, {"a.json": [request(7)]})
    assert lost.unreadable.endswith("; the first: id 'r7': this request has no response in its partition")


def test_rows_are_counted_without_columns(tmp_path: Path) -> None:
    found = batches(tmp_path, {"a.json": [request(1), response(1), request(2)]}, ROWS_ONLY)
    assert [batch.table.num_rows for batch in found] == [1, 1]


def test_a_line_of_another_shape_costs_itself(tmp_path: Path) -> None:
    found = batches(tmp_path, {"a.json": [request(1), response(1), {"id": "r2"}, '{"id": "r']})
    assert rows(found) == [("r1", 1.0, "US", 0.1)]
    (bad,) = (batch for batch in found if batch.unreadable)
    assert bad.unreadable.endswith(
        "a.json cannot be read; the first is line 3: it has neither instances nor predictions"
    )
    assert bad.table.num_rows == 2


def test_a_file_of_another_shape_costs_itself(tmp_path: Path) -> None:
    found = batches(tmp_path, {"a.json": [request(1), response(1)], "b.json": [{"age": 1}]})
    assert rows(found) == [("r1", 1.0, "US", 0.1)]


def test_a_partition_of_another_shape_is_refused(tmp_path: Path) -> None:
    message = "cannot be read as JSON Lines: line 1: it has neither instances nor predictions"
    with pytest.raises(FileUnreadable, match=message):
        batches(tmp_path, {"b.json": [{"id": "r1", "age": 1}]})


def test_only_so_many_halves_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_reader, "MOST_WAITING", 2)
    files = {"a.json": [request(1), request(2), request(3)], "b.json": [response(1), response(2), response(3)]}
    *good, lost = batches(tmp_path, files)
    assert [row[0] for row in rows(good)] == ["r2", "r3"]
    assert lost.table.num_rows == 2


def test_a_column_of_the_whole_file_is_one_of_its_rows() -> None:
    payloads = [FORM.shape.payload(line) for line in (request(1), response(1))] if FORM.shape else []
    table = pa.table({"absent": ["v3"]})
    batch = payload_reader.PayloadBatch(table, first=True, schema=table.schema, payloads=payloads)
    (found,) = payload_reader.joined_payloads([batch], WANTED)
    assert found.table.to_pylist() == [{"id": "r1", "score": 0.1, "age": 1.0, "country": "US", "absent": "v3"}]


def test_keys_of_the_path_are_columns_of_the_rows(tmp_path: Path) -> None:
    folder = tmp_path / "absent=v2" / "12"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("\n".join(map(json.dumps, (request(1), response(1), request(2)))))
    source = Local("absent=*/%H/*", tmp_path, FORM)
    good, lost = source.profile(source.partitions([NOON])[NOON], WANTED, list)
    assert good.table.to_pylist() == [{"id": "r1", "score": 0.1, "age": 1.0, "country": "US", "absent": "v2"}]
    assert lost.table.num_rows == 1
