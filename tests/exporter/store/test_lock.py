from __future__ import annotations

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
