"""The fixture of the tests that run commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_folder import write_spec


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, but for a spec in `models/`."""
    monkeypatch.chdir(tmp_path)
    write_spec("fraud")
    return tmp_path
