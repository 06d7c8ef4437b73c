from __future__ import annotations

import errno
from pathlib import Path

import pytest

from exporter.errors import UsageError
from exporter.store.lock import locked


def test_one_at_a_time_has_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with locked(path, "taken"), pytest.raises(UsageError, match="taken"), locked(path, "taken"):
        pass
    with locked(path, "taken"):
        pass


def test_where_nobody_can_write_there_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with locked(tmp_path / "file" / "lock", "taken"):
        pass


@pytest.mark.parametrize(("code", "has_lock"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EROFS, False)])
def test_a_full_disk_without_room_for_the_file_has_a_lock_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, has_lock: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "no new file")

    monkeypatch.setattr(Path, "open", refuse)
    path = tmp_path / "lock"
    with locked(path, "taken"):
        if has_lock:
            with pytest.raises(UsageError, match="taken"), locked(path, "taken"):
                pass
        else:
            with locked(path, "taken"):
                pass
    with locked(path, "taken"):
        pass
