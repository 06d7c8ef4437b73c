"""The pages that are made from the code are up to date, and what is written by hand names what exists."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from exporter import catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[Path, str] = runpy.run_path(str(ROOT / "docs" / "pages.py"))["pages"]()
WRITTEN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
NAMES = {series.name for metric in (*catalogue.METRICS, *catalogue.HOOK_METRICS) for series in (metric, *metric.series)}
NAMES |= {alert.name for alert in catalogue.ALERTS}
NAMES |= {"leeway_exporter"}  # the package of the wheel
NAMES |= {part for metric in catalogue.RECORDED for part in metric.name.split(":")}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_made_from_the_code_is_what_the_code_makes(path: Path) -> None:
    assert path.read_text() == PAGES[path], "run `make docs`"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_metric_and_alert_that_a_page_names_exists(path: Path) -> None:
    named = set(re.findall(r"\b(?:ml_[a-z0-9_]+|leeway_[a-z0-9_]+|ML[A-Z]\w+|Leeway[A-Z]\w+)\b", path.read_text()))
    families = {name for name in named if name.endswith("_")}
    assert named - families <= NAMES


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_program_that_a_page_names_exists(path: Path) -> None:
    rooms = "exporter|dashboards|generator|rules|alertmanager|tests|benchmarks|docs"
    named = re.findall(rf"`((?:{rooms})/[\w./-]+\.(?:py|libsonnet))`", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []
