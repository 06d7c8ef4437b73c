"""The only user of jsonnet: evaluates a file of the library with arguments, and returns plain data."""

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
from exporter.installation import FOLDER

LIBRARY: Final = FOLDER
"""The folder of `rules/` and `alertmanager/`: beside this package, in a checkout and in an installation alike."""

_rjsonnet = import_module("rjsonnet") if find_spec("rjsonnet") else None
"""Another engine, which takes a third of the time; installed with the extra `fast`."""

_PLACE: Final = re.compile(r"(?P<file>\S+?\.(?:lib|j)sonnet):\(?(?P<line>\d+)")


def evaluate(library: Path, arguments: Mapping[str, Any]) -> Any:
    """Return what the function in a jsonnet file returns.

    Args:
        library: the file, relative to `LIBRARY` or absolute; it holds a function of one parameter, `arguments`.
        arguments: JSON-able data.

    Returns:
        JSON's data: dicts, lists, strings, numbers, booleans, None.

    Raises:
        RenderError: with jsonnet's message, and the file and line of the error.
    """
    path = LIBRARY / library
    try:
        text = _evaluated(str(path), {"arguments": json.dumps(arguments)})
    except RuntimeError as problem:
        raise RenderError(_message(str(problem), library)) from None
    return json.loads(text)


def _evaluated(path: str, codes: dict[str, str]) -> str:
    """Evaluate a file. Both engines return the same; an error comes from gojsonnet, which is always installed."""
    if _rjsonnet is not None:
        with suppress(RuntimeError):
            return str(_rjsonnet.evaluate_file(path, tla_codes=codes))
    return str(_gojsonnet.evaluate_file(path, tla_codes=codes))


_OVERLAY: Final = """\
local overlay = import %s;
function(documents)
  if std.isFunction(overlay) then overlay(documents) else error 'an overlay must be a function of the documents'
"""


def evaluate_overlay(overlay: Path, documents: Mapping[str, Any]) -> Any:
    """Return the documents that an overlay returns; `import 'rules/…'` in it finds the library.

    Args:
        overlay: the jsonnet file, which holds a function of one parameter.
        documents: JSON-able data by path.

    Raises:
        RenderError: with the overlay's name, jsonnet's message, and the file and line of the error.
    """
    snippet = _OVERLAY % json.dumps(str(overlay.resolve()))
    codes = {"documents": json.dumps(documents)}
    try:
        text = _gojsonnet.evaluate_snippet("overlay", snippet, tla_codes=codes, jpathdir=[str(LIBRARY)])
    except RuntimeError as problem:
        message = _message(str(problem), overlay).replace(str(overlay.resolve()), str(overlay))
        raise RenderError(message if message.startswith(str(overlay)) else f"{overlay}: {message}") from None
    return json.loads(text)


def _message(text: str, library: Path) -> str:
    """Return the innermost place and the error: `rules/subjects/drift.libsonnet:12: Field does not exist: x`."""
    place = _PLACE.search(text)
    where = f"{_relative(Path(place['file']))}:{place['line']}" if place else str(library)
    first = next((line for line in text.splitlines() if line.strip()), "unknown error")
    return f"{where}: {_PLACE.sub('', first).removeprefix('RUNTIME ERROR:').lstrip(':0123456789-() ')}"


def _relative(path: Path) -> Path:
    return path.relative_to(LIBRARY) if path.is_relative_to(LIBRARY) else path
