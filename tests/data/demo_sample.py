"""The log of the demo in a folder, and changes to it, for the checks of data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exporter.demo.scenario import SPEC
from exporter.demo.simulation import World, write_log
from exporter.spec.loading import LoadedSpec, load
from exporter.validation.finding import Finding, Severity

END = datetime(2026, 11, 22, 10, tzinfo=UTC)
NOW = END + timedelta(minutes=15)
HOURS = 30
Change = Callable[[pa.Table], pa.Table]


def write_demo(folder: Path) -> None:
    """Write a log without faults, and its spec."""
    world = World(seed=1, rate_per_hour=400)
    write_log(world, folder / "log", END - timedelta(hours=HOURS), END, rows=20_000)
    write_demo_spec(folder)


def write_demo_spec(folder: Path) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "fraud.yaml").write_text(SPEC)


def rewrite(folder: Path, change: Change) -> None:
    """Change the rows of every file of a folder."""
    for path in folder.glob("*.parquet"):
        table = change(pq.read_table(path))
        path.unlink()
        pq.write_table(table, path)


def replaced(column: str, values: Callable[[pa.ChunkedArray], Any]) -> Change:
    """Return a change of one column."""
    return lambda table: table.set_column(table.column_names.index(column), column, values(table[column]))


def loaded_spec(folder: Path, old: str = "", new: str = "") -> LoadedSpec:
    """Return the demo's spec, with a part of its text replaced."""
    path = folder / "models" / "fraud.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else text)
    return load(path)


def above_notes(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity is not Severity.NOTE]
