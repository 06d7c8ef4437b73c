"""The door to jsonnet: a file of the library and its arguments in, plain data out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import _gojsonnet

from exporter.errors import RenderError

LIBRARY: Final = Path(__file__).resolve().parents[1]
"""Where `rules/` and `alertmanager/` lie: beside this package, in a checkout and in an installation alike."""

_PLACE: Final = re.compile(r"(?P<file>\S+?\.libsonnet):\(?(?P<line>\d+)")


def evaluate(library: Path, arguments: Mapping[str, Any]) -> Any:
    """What the function in a jsonnet file returns.

    Args:
        library: the file, relative to `LIBRARY` or absolute; it holds a function of one parameter, `arguments`.
        arguments: JSON-able data.

    Returns:
        JSON's data: dicts, lists, strings, numbers, booleans, None.

    Raises:
        RenderError: with jsonnet's message and the file and line that it came from.
    """
    path = LIBRARY / library
    try:
        text = _gojsonnet.evaluate_file(str(path), tla_codes={"arguments": json.dumps(arguments)})
    except RuntimeError as problem:
        raise RenderError(_message(str(problem), library)) from None
    return json.loads(text)


def _message(text: str, library: Path) -> str:
    """`rules/drift.libsonnet:12: Field does not exist: beat`: the innermost place in the library and what is wrong."""
    place = _PLACE.search(text)
    where = f"{_relative(Path(place['file']))}:{place['line']}" if place else str(library)
    first = next((line for line in text.splitlines() if line.strip()), "unknown error")
    return f"{where}: {_PLACE.sub('', first).removeprefix('RUNTIME ERROR:').lstrip(':0123456789-() ')}"


def _relative(path: Path) -> Path:
    return path.relative_to(LIBRARY) if path.is_relative_to(LIBRARY) else path
