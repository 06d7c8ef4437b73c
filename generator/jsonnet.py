"""The door to jsonnet: a file of the library and its arguments in, plain data out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import _gojsonnet

from exporter.errors import RenderError

LIBRARY: Final = Path(__file__).resolve().parents[1]
"""Where `rules/` and `alertmanager/` lie: beside this package, in a checkout and in an installation alike."""

_rjsonnet = import_module("rjsonnet") if find_spec("rjsonnet") else None
"""The extra `fast`: another engine, which takes a third of the time."""

_PLACE: Final = re.compile(r"(?P<file>\S+?\.(?:lib|j)sonnet):\(?(?P<line>\d+)")


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
        text = _evaluated(str(path), {"arguments": json.dumps(arguments)})
    except RuntimeError as problem:
        raise RenderError(_message(str(problem), library)) from None
    return json.loads(text)


def _evaluated(path: str, told: dict[str, str]) -> str:
    """What the library comes to, the same by both engines; what is wrong with it is said by the one that all have."""
    if _rjsonnet is not None:
        with suppress(RuntimeError):
            return str(_rjsonnet.evaluate_file(path, tla_codes=told))
    return str(_gojsonnet.evaluate_file(path, tla_codes=told))


_OVERLAY: Final = """\
local overlay = import %s;
function(documents)
  if std.isFunction(overlay) then overlay(documents) else error 'an overlay must be a function of the documents'
"""


def evaluate_overlay(overlay: Path, documents: Mapping[str, Any]) -> Any:
    """What an overlay makes of documents; `import 'rules/…'` in it finds the library.

    Args:
        overlay: the jsonnet file, which holds a function of one parameter.
        documents: JSON-able data by path.

    Raises:
        RenderError: with the overlay's name, jsonnet's message, and the file and line that it came from.
    """
    snippet = _OVERLAY % json.dumps(str(overlay.resolve()))
    told = {"documents": json.dumps(documents)}
    try:
        text = _gojsonnet.evaluate_snippet("overlay", snippet, tla_codes=told, jpathdir=[str(LIBRARY)])
    except RuntimeError as problem:
        message = _message(str(problem), overlay).replace(str(overlay.resolve()), str(overlay))
        raise RenderError(message if message.startswith(str(overlay)) else f"{overlay}: {message}") from None
    return json.loads(text)


def _message(text: str, library: Path) -> str:
    """`rules/subjects/drift.libsonnet:12: Field does not exist: x`: the innermost place, and the error."""
    place = _PLACE.search(text)
    where = f"{_relative(Path(place['file']))}:{place['line']}" if place else str(library)
    first = next((line for line in text.splitlines() if line.strip()), "unknown error")
    return f"{where}: {_PLACE.sub('', first).removeprefix('RUNTIME ERROR:').lstrip(':0123456789-() ')}"


def _relative(path: Path) -> Path:
    return path.relative_to(LIBRARY) if path.is_relative_to(LIBRARY) else path
