"""A simulated log, written once for each module."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exporter.demo.simulation import write_log
from simulated_log import END, START, WORLD


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of a log."""
    folder = tmp_path_factory.mktemp("log")
    write_log(WORLD, folder, START, END, weeks=1, rows=2000)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """The log, for a test to change."""
    shutil.copytree(written, tmp_path / "log")
    return tmp_path / "log"
