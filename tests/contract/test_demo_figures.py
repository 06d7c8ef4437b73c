"""The demo, the page about it and the picture of its message have the same numbers: those of the demo's time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from exporter.demo.findings import findings, table
from exporter.demo.scenario import FULL, MODEL, NOW, SPEC, world
from exporter.demo.simulation import HOUR, write_log
from exporter.service.refresh import Refresher
from exporter.spec.loading import load_all
from exporter.store.profiles import ProfileStore

DOCS = Path(__file__).resolve().parents[2] / "docs"
END = NOW.replace(minute=0)
PAGE = (DOCS / "demo.md").read_text()


@pytest.fixture(scope="module")
def exposition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the demo's exporter exposes; of the log only the last day is written, so only windows of a day are true."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "models").mkdir()
    (folder / "models" / "fraud.yaml").write_text(SPEC)
    log, first = folder / "log", END - timedelta(days=FULL.days)
    write_log(world(END, FULL), log, END - 24 * HOUR, END, rows=1)
    write_log(world(END, FULL), log, first, first, rows=FULL.training_rows)
    refresher = Refresher(load_all([folder / "models"]), ProfileStore(folder / "data"), clock=lambda: NOW)
    refresher.refresh_all()
    assert refresher.snapshot
    yield refresher.snapshot.text.decode()
    refresher.stop()


def test_the_tables_of_the_page_are_what_the_demo_prints(exposition: str) -> None:
    for window in findings(exposition, MODEL)[:2]:
        out = StringIO()
        Console(file=out, width=100).print(table(window))
        lines = [line.rstrip() for line in out.getvalue().splitlines()]
        assert "\n".join(lines) in PAGE


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples of an exposition by name and labels."""
    families = text_string_to_metric_families(text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def test_the_samples_of_the_page_are_what_a_scrape_returns(exposition: str) -> None:
    written = samples("\n".join(re.findall(r"^ml_\w+\{.*$", PAGE, flags=re.MULTILINE)) + "\n")
    exposed = samples(exposition)
    assert len(written) > 5
    assert {key: exposed[key] for key in written} == pytest.approx(written, rel=1e-9)


def test_the_message_has_the_share_of_the_demo(exposition: str) -> None:
    [share] = [window.drift_share for window in findings(exposition, MODEL) if window.window == "1h"]
    title = json.loads((DOCS / "drawings" / "alert.json").read_text())["title"]
    [shown] = re.findall(r"([\d.]+)\s?%", title)
    assert float(shown) / 100 == pytest.approx(share, abs=0.005)


def test_the_page_shows_the_message_that_the_picture_shows() -> None:
    message = json.loads((DOCS / "drawings" / "alert.json").read_text())
    boxed = " ".join(" ".join(re.findall(r"^│ (.*?) +│$", PAGE, flags=re.MULTILINE)).split())
    lines = [line for line in (message["title"], *message["text"].splitlines()) if not line.startswith("Since ")]
    assert len(lines) > 2
    assert [line for line in lines if " ".join(line.split()) not in boxed] == []
