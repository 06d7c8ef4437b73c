"""Overlays: jsonnet files of a team, functions that change the documents made from specs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from exporter.errors import RenderError, UsageError
from generator.jsonnet import evaluate_overlay
from generator.layout import DASHBOARDS, PROOFS, ROUTE_CASES, ROUTING, RULES, SOURCES

Data = dict[PurePosixPath, Any]

_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*\.(?:json|ya?ml)", re.ASCII)
_KINDS: Final[Mapping[type, str]] = {list: "a list", dict: "an object"}
_SHAPES: Final[Mapping[PurePosixPath, Mapping[str, type]]] = {
    RULES: {"groups": list},
    PROOFS: {"tests": list},
    DASHBOARDS: {"tags": list},
    ROUTING: {"route": dict, "receivers": list},
    ROUTE_CASES: {"cases": list},
}
"""The keys that derived documents need, by the document's path or folder."""


def overlay_files(folder: Path) -> list[Path]:
    """Return the overlays in a folder, in the order of their names; none when the folder does not exist.

    Raises:
        UsageError: when the folder cannot be read.
    """
    if not folder.exists():
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".jsonnet" and path.is_file())
    except OSError as problem:
        raise UsageError(f"{folder}: cannot be read: {problem.strerror}") from None


def apply_overlays(documents: Mapping[PurePosixPath, Any], overlays: Sequence[Path]) -> Data:
    """Return the documents of the last overlay; each overlay is passed what the one before returned.

    Raises:
        RenderError: with the overlay's name, when jsonnet fails or does not return documents.
    """
    current = dict(documents)
    for overlay in overlays:
        by_name = {str(path): data for path, data in current.items()}
        current = _documents(overlay, evaluate_overlay(overlay, by_name), current)
    return current


def _documents(overlay: Path, returned: Any, before: Mapping[PurePosixPath, Any]) -> Data:
    if not isinstance(returned, dict):
        raise RenderError(f"{overlay}: must return the documents: an object with a document for each path")
    for name, data in returned.items():
        if problem := _problem(PurePosixPath(name), name, data):
            raise RenderError(f"{overlay}: {name[:100]!r}: {problem}")
    kept = {path: returned[str(path)] for path in before if str(path) in returned}
    added = sorted(returned.keys() - set(map(str, before)))
    # An equal document stays as it was: jsonnet turns 1.0 into 1.
    unchanged = {path: before[path] if before[path] == data else data for path, data in kept.items()}
    return unchanged | {PurePosixPath(name): returned[name] for name in added}


def _problem(path: PurePosixPath, name: str, data: Any) -> str | None:
    if path.parent not in SOURCES or str(path) != name or not _NAME.fullmatch(path.name):
        folders = ", ".join(f"{folder}/" for folder in SOURCES)
        return f"is not the path of a document: it must be in {folders} and end in .yaml, .yml or .json"
    if not isinstance(data, dict):
        return "must be an object"
    shape = _SHAPES.get(path, _SHAPES.get(path.parent, {}))
    wrong = (key for key, kind in shape.items() if not isinstance(data.get(key), kind))
    return next((f"must have {key}, {_KINDS[shape[key]]}" for key in wrong), None)
