"""Files that are complete or absent."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from exporter.profiles.sealing import open_sealed, replace_file, seal_table

TABLE = pa.table({"x": [1.5, None], "name": ["a", "é"]})


def test_a_sealed_table_can_be_opened() -> None:
    table, metadata = open_sealed(seal_table(TABLE, {"why": ["\0"]}))
    assert table.equals(TABLE)
    assert metadata == {"why": ["\0"]}


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[1:], lambda data: b"", lambda data: data[:40]]
)
def test_changed_content_is_rejected(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(ValueError, match="not as it was written"):
        open_sealed(damage(seal_table(TABLE, {})))


def test_a_file_replaces_another_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert [(found, found.read_bytes()) for found in path.parent.iterdir()] == [(path, b"new")]


def test_a_failed_write_leaves_the_folder_unchanged(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", b"new")
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]
