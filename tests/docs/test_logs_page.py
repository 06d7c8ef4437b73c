"""The page on logs: its examples are sources of a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exporter.spec.sections.source import Source

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"


def sources(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "source" else sources(inner)


def test_the_examples_are_valid_sources() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [Source.model_validate(source) for block in blocks for source in sources(yaml.safe_load(block))]
    assert {"kserve", None} <= {source.shape for source in found}
    assert any(source.paths for source in found)
