"""The specs that tests read: `specs/valid/` and `specs/invalid/`, the latter with what is to be said of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exporter.spec.yaml_document import parse

_HERE = Path(__file__).parents[1] / "specs"
_EXPECT = "# expect: "

VALID = sorted((_HERE / "valid").iterdir())
INVALID = sorted((_HERE / "invalid").iterdir())
EXAMPLES = [*VALID, *sorted((_HERE.parent.parent / "models").glob("*.yaml"))]


def expected(path: Path) -> list[str]:
    """The problems that a spec says it has: `line: key path: message`."""
    return [line.removeprefix(_EXPECT) for line in path.read_text().splitlines() if line.startswith(_EXPECT)]


def loaded_data(path: Path) -> Any:
    """What YAML says, before it is a spec."""
    return parse(path.read_text(), str(path)).data
