from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from examples import model
from exporter.demo import demo
from exporter.demo.scenario import NOW
from generator.cli import main
from generator.commands.demo import _render
from generator.layout import RULES, SCRAPE


@pytest.mark.parametrize(
    ("flags", "now"), [([], NOW), (["--now", "2026-11-21T17:05:00Z"], datetime(2026, 11, 21, 17, 5, tzinfo=UTC))]
)
def test_demo_runs_with_the_folder_and_the_time(
    flags: list[str], now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Path, Any, datetime]] = []
    monkeypatch.setattr(demo, "run", lambda folder, *, render, now: calls.append((folder, render, now)) or 130)
    assert main(["demo", "--folder", str(tmp_path), *flags]) == 130
    assert calls == [(tmp_path, _render, now)]


def test_the_documents_know_the_exporter() -> None:
    documents = _render([model({"runbooks": None})], "127.0.0.1:1")
    assert "http://127.0.0.1:1/runbooks/MLDataDriftHigh?model=fraud" in documents[RULES / "fraud.yaml"]
    assert "127.0.0.1:1" in documents[SCRAPE]
