"""The log of the demo: one that no test changes, and a copy for each test that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo_sample import write_demo, write_demo_spec


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the demo, without faults."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


@pytest.fixture
def work(demo: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    for folder in ("inference", "labels", "reference"):
        (tmp_path / "log" / folder).mkdir(parents=True)
        for path in (demo / "log" / folder).iterdir():
            (tmp_path / "log" / folder / path.name).hardlink_to(path)
    write_demo_spec(tmp_path)
    return tmp_path
