from __future__ import annotations

from pathlib import Path

import pytest

from exporter.store import files as module
from exporter.store.files import Files

PATH = Path("fraud/inference/one.arrow")
OTHER = Path("fraud/inference/two.arrow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_is_written_is_read(folder: Path) -> None:
    Files(folder).write(PATH, b"content")
    assert Files(folder).read(PATH) == b"content"
    assert Files(folder).read(OTHER) is None


@pytest.mark.parametrize("content", [b"", b"short", b"content and no mark"])
def test_a_file_without_its_mark_is_an_error(folder: Path, content: bytes) -> None:
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(content)
    with pytest.raises(ValueError, match="as another file"):
        Files(folder).read(PATH)


def test_a_file_is_removed_once_and_for_all(folder: Path) -> None:
    files = Files(folder)
    files.write(PATH, b"content")
    files.remove(PATH)
    files.remove(PATH)
    assert files.read(PATH) is None
    assert files.of("fraud/inference", "*.arrow") == []
    assert files.refusal("fraud") is None


def test_a_file_that_cannot_be_removed_is_gone_for_this_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("read-only file system")

    files = Files(folder)
    files.write(PATH, b"content")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        files.remove(PATH)
    assert files.read(PATH) is None
    assert str(files.refusal("fraud")) == "read-only file system"
    files.write(PATH, b"new")
    assert Files(folder).read(PATH) == b"new"


def test_beyond_the_limit_the_oldest_refused_file_is_dropped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("in the way")
    monkeypatch.setattr(module, "_MAX_UNSAVED", 10)
    files = Files(folder)
    files.write(PATH, b"12345678")
    files.write(OTHER, b"12345678")
    assert (files.read(PATH), files.read(OTHER)) == (None, b"12345678")
    assert files.of("fraud/inference", "*") == files.unsaved("fraud") == [OTHER]
    assert files.refusal("fraud") is not None
