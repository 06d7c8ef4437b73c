from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exporter.demo import demo
from generator.cli import main
from generator.documents import render


def test_demo_runs_with_the_folder_and_the_renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[Path, Any]] = []
    monkeypatch.setattr(demo, "run", lambda folder, *, render: calls.append((folder, render)) or 130)
    assert main(["demo", "--folder", str(tmp_path)]) == 130
    assert calls == [(tmp_path, render)]
