"""The previews of the dashboards: there, small, shown, and said to be previews."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = ("model", "fleet", "feature", "exporter")
DRAWN = ("alert.svg", "flow.svg")
MOST_BYTES = 200_000


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_shown(name: str) -> None:
    path = DOCS / "pictures" / f"{name}.png"
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as image:
        assert image.width > 900
    assert f"(pictures/{name}.png)" in (DOCS / "dashboards.md").read_text()


def test_no_picture_is_left_over() -> None:
    assert {path.name for path in (DOCS / "pictures").iterdir()} == {*(f"{name}.png" for name in NAMES), *DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_is_small_and_shown(name: str) -> None:
    assert (DOCS / "pictures" / name).stat().st_size < MOST_BYTES
    assert [page for page in DOCS.glob("*.md") if f"(pictures/{name})" in page.read_text()]


def test_readers_are_told_that_they_are_no_screenshots() -> None:
    assert "no\nscreenshots of Grafana" in (DOCS / "dashboards.md").read_text()
    assert "not a Grafana screenshot" in (DOCS / "pictures.py").read_text()
