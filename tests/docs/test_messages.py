"""The page of notifications is what rules and receivers make; its titles are short, and all of it reads well."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from exporter.catalogue import Severity

DOCS = Path(__file__).resolve().parents[2] / "docs"
MESSAGES = runpy.run_path(str(DOCS / "messages.py"))
PAGE: str = MESSAGES["PAGE"].read_text()
BLOCKS = re.findall(r"\*\*(\w+)\*\*\n\n```text\n(.*?)```", PAGE, re.DOTALL)
UGLY = re.compile(r"no value|%!|\{\{|\}\}|NaN|\d[eE][+-]?\d|\d{4,}|\d\.\d{4,}")
"""What a template writes by mistake, and numbers as no person writes them."""


def test_the_page_is_what_the_rules_and_the_receivers_make() -> None:
    assert MESSAGES["page"]() == PAGE, "run `make docs`"


def test_ten_notifications_are_shown_in_every_way_and_of_every_severity() -> None:
    assert len(MESSAGES["SCENES"]) == PAGE.count("\n## ") == 10
    assert {way for way, _ in BLOCKS} == {"PagerDuty", "Slack", "Mail"}
    assert {scene.alert.severity for scene in MESSAGES["SCENES"]} == {Severity.CRITICAL, Severity.WARNING}


@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_a_notification_reads_well(place: int) -> None:
    way, block = BLOCKS[place]
    title = block.splitlines()[{"PagerDuty": 0, "Slack": 1, "Mail": 1}[way]].removeprefix("Subject: ")
    assert len(title) <= 120
    assert "Since 24 Nov 16:15 UTC." in block
    assert not UGLY.findall(block.replace("null or NaN", ""))
