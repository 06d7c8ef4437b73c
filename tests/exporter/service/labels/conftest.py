"""A simulated log, written once for each module, and a small world of predictions and labels."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exporter.demo.simulation import write_log
from label_world import World
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


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three hours of predictions and two partitions of labels: twice labelled, corrected, and of no prediction."""
    world = World(tmp_path, 3)
    world.label(0, (1, 1, 5), (11, 0, 6), (99, 1, 7))
    world.label(1, (1, 0, 9), (12, 1, 8), (1, 0, 9))
    return world
