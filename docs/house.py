"""Write the parts of pages that follow from the code: rooms and layers, and what a backtest judges. For `make docs`."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from exporter.catalogue import Layer
from exporter.samples.judgements import JUDGED, NOT_JUDGED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = HERE / "architecture.md"
BACKTEST = HERE / "backtest.md"
PACKAGES = ("exporter", "dashboards", "generator")


def rooms() -> dict[str, str]:
    """Every folder of Python code, with the first line of its `__init__.py`."""
    files = [path for package in PACKAGES for path in sorted(ROOT.glob(f"{package}/**/__init__.py"))]
    lines = {path: (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0] for path in files}
    return {f"{path.parent.relative_to(ROOT)}/": line for path, line in lines.items()}


def layers() -> list[str]:
    """The lines of the import contract, from the top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = [each for each in settings["contracts"] if each["type"] == "layers"]
    lines: list[str] = contract["layers"]
    return lines


def page(text: str) -> str:
    """The page with its generated parts made anew."""
    for name, lines in (("rooms", _rooms()), ("layers", _layers()), ("judged", _judged())):
        block = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
        body = "\n".join(lines)
        text = block.sub(lambda found, body=body: f"{found[1]}\n{body}\n\n{found[2]}", text)
    return text


def _rooms() -> Iterator[str]:
    yield "| room | what it holds |"
    yield "|---|---|"
    yield from (f"| `{room}` | {line} |" for room, line in rooms().items())


def _layers() -> Iterator[str]:
    yield "```text"
    yield from layers()
    yield "```"


def _judged() -> Iterator[str]:
    """The alerts that a backtest judges, by layer, and those that it does not."""
    yield "| about | alerts that are judged |"
    yield "|---|---|"
    for layer in Layer:
        names = [f"`{alert.name}`" for alert in JUDGED if alert.layer is layer]
        if names:
            yield f"| {layer} | {', '.join(names)} |"
    yield ""
    yield "Not judged, since they depend on the exporter, on Prometheus or on a log that is missing: " + ", ".join(
        f"`{alert.name}`" for alert in NOT_JUDGED
    )


if __name__ == "__main__":
    for path in (PAGE, BACKTEST):
        path.write_text(page(path.read_text()))
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
