"""The page of the architecture has every room and layer, and names only files that exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from exporter.catalogue import ALERTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
HOUSE: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "house.py"))
TOP = (
    "exporter",
    "dashboards",
    "generator",
    "rules",
    "alertmanager",
    "deploy",
    "models",
    "tests",
    "benchmarks",
    "docs",
)


def test_rooms_and_layers_are_those_of_the_code() -> None:
    assert PAGE.read_text() == HOUSE["page"](PAGE.read_text()), "run `make docs`"


def test_the_page_on_backtests_lists_every_alert_as_judged_or_not() -> None:
    page = ROOT / "docs" / "backtest.md"
    assert page.read_text() == HOUSE["page"](page.read_text()), "run `make docs`"
    assert [alert.name for alert in ALERTS if f"`{alert.name}`" not in page.read_text()] == []


def test_every_folder_with_code_is_on_the_page() -> None:
    folders = {path.parent for name in TOP[:3] for path in ROOT.glob(f"{name}/**/*.py")}
    text = PAGE.read_text()
    rooms = [*(f"{folder.relative_to(ROOT)}/" for folder in folders), *(f"{name}/" for name in TOP[3:])]
    assert [room for room in rooms if f"| `{room}` |" not in text] == []


def test_every_path_on_the_page_exists() -> None:
    top = "|".join(TOP)
    named = re.findall(rf"`((?:{top})/[\w./*-]*|pyproject\.toml)`", PAGE.read_text())
    named += re.findall(rf"^box .*\| ((?:{top})/\S*) \|", _drawing(), flags=re.MULTILINE)
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_picture_shows_rooms_of_the_page() -> None:
    rooms = re.findall(r"^box \d \d \d room \w+ \| (\S+) \|", _drawing(), flags=re.MULTILINE)
    assert len(rooms) > 10
    assert [room for room in rooms if f"| `{room}/` |" not in PAGE.read_text()] == []


def _drawing() -> str:
    return (ROOT / "docs" / "drawings" / "flow.txt").read_text()
