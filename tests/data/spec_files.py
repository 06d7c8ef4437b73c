"""The specs of tests: `specs/valid/`, and `specs/invalid/` with the expected messages in comments."""

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
    """Return the problems that are expected of a spec: `line: key path: message`."""
    return [line.removeprefix(_EXPECT) for line in path.read_text().splitlines() if line.startswith(_EXPECT)]


def loaded_data(path: Path) -> Any:
    """Return the data of a YAML file, not validated."""
    return parse(path.read_text(), str(path)).data
