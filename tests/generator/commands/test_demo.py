from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from generator.cli import main
from generator.documents import render


def test_demo_runs_with_the_folder_and_the_renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[Path, Any]] = []
    demo = types.ModuleType("exporter.demo.demo")
    demo.run = lambda folder, *, render: calls.append((folder, render)) or 130  # type: ignore[attr-defined] - a stand-in
    monkeypatch.setitem(sys.modules, "exporter.demo.demo", demo)
    assert main(["demo", "--folder", str(tmp_path)]) == 130
    assert calls == [(tmp_path, render)]
