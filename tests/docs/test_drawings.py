"""The pictures that are made of text: up to date, and true to what is generated."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
import yaml

from exporter.catalogue import DATA_DRIFT_HIGH
from exporter.demo.scenario import SPEC
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from promtool import rules_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
DRAWINGS: dict[Path, str] = runpy.run_path(str(DOCS / "drawings.py"))["drawings"]()
ACTION = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
WORDS = re.compile(r"[^\W\d_]{4,}")


def certain(template: str) -> str:
    """The text of a template that is in every message: outside of its actions, and of what they repeat or choose."""
    text, depth = "", 0
    for part in ACTION.split(template):
        if not part.startswith("{{"):
            text += part if depth == 0 else ""
        depth += bool(re.match(r"\{\{ (if|with|range|define) ", part)) - (part == "{{ end }}")
    return text


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_what_the_program_draws(path: Path) -> None:
    assert path.read_text() == DRAWINGS[path], "run `make docs`"


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_a_picture_without_programs_or_addresses(path: Path) -> None:
    text = DRAWINGS[path]
    assert set(re.findall(r"<(\w+)", text)) <= {"svg", "rect", "text", "line", "defs", "marker", "path"}
    assert not re.search(r"<[^>]*\b(href|on\w+|src)=", text)


def test_the_message_has_the_words_of_the_alert_s_rule() -> None:
    message = json.loads((DOCS / "drawings" / "alert.json").read_text())
    document = yaml.safe_load(SPEC)
    rule = rules_of(LoadedSpec(Path("fraud.yaml"), ModelSpec.model_validate(document)))[DATA_DRIFT_HIGH.name]
    for part, key in ((message["title"], "summary"), (message["text"], "description")):
        written = set(WORDS.findall(certain(rule["annotations"][key])))
        assert len(written) > 3
        assert written <= set(WORDS.findall(part)), "run `make pictures`, then `make docs`"
