"""Load model specs from YAML files: all mistakes of all files at once, each with its file, line and key path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import Problem, SpecError
from exporter.spec import solved
from exporter.spec.checks.accepted import future_changes
from exporter.spec.checks.all_checks import mistakes
from exporter.spec.messages import KeyPath, error_message, format_path
from exporter.spec.model import ModelSpec
from exporter.spec.repair import repaired
from exporter.spec.sections.metadata import Metadata
from exporter.spec.yaml_document import Document, parse

MAX_BYTES: Final = 1 << 20
"""The maximum size of a spec file."""
_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
"""A step of a written key path."""


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec and the path of its file."""

    path: Path
    spec: ModelSpec

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the spec refer to."""
        return self.path.parent


@dataclass(frozen=True, slots=True)
class RejectedSpec:
    """A file whose spec cannot be used, with its mistakes."""

    path: Path
    problems: tuple[Problem, ...]
    metadata: Metadata | None
    """The model's name and labels; None where they cannot be read."""


@dataclass(frozen=True, slots=True)
class Loads:
    """The specs of some files: those that are valid, and the files of the others."""

    specs: tuple[LoadedSpec, ...]
    rejected: tuple[RejectedSpec, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every mistake of the rejected specs."""
        return tuple(problem for each in self.rejected for problem in each.problems)


def load(path: Path) -> LoadedSpec:
    """Load one spec.

    Raises:
        SpecError: with all mistakes in the file.
    """
    return _load(path)[0]


def load_all(paths: Iterable[Path], now: datetime | None = None) -> tuple[LoadedSpec, ...]:
    """Load specs in the given order; a folder stands for its `*.yaml` and `*.yml` files, sorted by name.

    A file that is given twice, as by itself and by its folder, is loaded once.

    Args:
        paths: files and folders.
        now: if given, a day in the future where only a past one makes sense is a mistake.

    Raises:
        SpecError: with all mistakes in all files, for two specs of one name, or when there is no spec.
    """
    problems: list[Problem] = []
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            files.update({_identity(file): file for file in _files(path) if _identity(file) not in files})
        except SpecError as error:
            problems.extend(error.problems)
    loads = _load_each(files.values())
    if not files and not problems:
        problems.append(Problem("", 0, "", "no spec is given: name a file or a folder of *.yaml files"))
    problems += [problem for loaded in loads.specs if now is not None for problem in _of_the_future(loaded, now)]
    if problems or loads.rejected:
        raise SpecError((*problems, *loads.problems))
    return loads.specs


def _of_the_future(loaded: LoadedSpec, now: datetime) -> list[Problem]:
    found = [(format_path(path), message) for path, message in future_changes(loaded.spec.spec, now)]
    line = key_lines(loaded.path) if found else lambda key: 0
    return [Problem(str(loaded.path), line(key), key, message) for key, message in found]


def key_lines(path: Path) -> Callable[[str], int]:
    """Return a function that gives the line of a key path, such as `spec.features[0].name`.

    A key that the file leaves out has the line of the nearest key above it; 0 where the file can no longer be read.
    """
    try:
        document = parse(_text(path), str(path))
    except SpecError:
        return lambda key: 0

    def line(key: str) -> int:
        steps = tuple(int(number) if number else name for number, name in _STEP.findall(key))
        return document.places[document.existing(steps)].line if steps else 0

    return line


def load_valid(path: Path) -> Loads:
    """Load the valid specs of a file or folder, and describe the files of the others.

    Of two specs of one name, the first by the name of its file is valid.

    Raises:
        SpecError: with all mistakes, when no spec is valid.
    """
    loads = _load_each(_files(path))
    if not loads.specs:
        raise SpecError(loads.problems)
    return loads


def _load_each(files: Iterable[Path]) -> Loads:
    """Load files; a wrong spec, or one whose name is taken, costs only itself."""
    specs, rejected, first = list[LoadedSpec](), list[RejectedSpec](), dict[str, str]()
    for path in files:
        try:
            loaded, line = _load(path)
        except SpecError as error:
            rejected.append(RejectedSpec(path, error.problems, _metadata(path)))
            continue
        if (name := loaded.spec.name) in first:
            problem = Problem(str(path), line, "metadata.name", f"is already the name of the model at {first[name]}")
            rejected.append(RejectedSpec(path, (problem,), loaded.spec.metadata))
            continue
        first[name] = f"{path}:{line}"
        specs.append(loaded)
    return Loads(tuple(specs), tuple(rejected))


def _metadata(path: Path) -> Metadata | None:
    """Return the metadata of a wrong spec; None where they are wrong too."""
    try:
        document = parse(_text(path), str(path))
        data = document.data.get("metadata") if isinstance(document.data, dict) else None
        refused = any(key[:1] == ("metadata",) for key in document.refused)
        return None if refused else Metadata.model_validate(data)
    except (SpecError, ValidationError):
        return None


def _files(path: Path) -> list[Path]:
    """Return the files that a path stands for; hidden files of a folder are skipped, as of an editor or a mount."""
    try:
        if not path.is_dir():
            return [path]
        entries = [item for item in path.iterdir() if item.suffix in {".yaml", ".yml"} and item.is_file()]
    except OSError as error:
        raise _unreadable(path, error) from None
    files = sorted(item for item in entries if not item.name.startswith("."))
    if not files:
        raise SpecError((Problem(str(path), 0, "", "contains no *.yaml or *.yml file"),))
    return files


def _identity(path: Path) -> Path:
    """Return a path that is equal for two names of one file."""
    try:
        return path.resolve()
    except (RuntimeError, ValueError):  # circular links or an invalid path: reading it reports the error
        return path


def _unreadable(path: Path, error: Exception) -> SpecError:
    reason = str(getattr(error, "strerror", None) or error).lower()
    return SpecError((Problem(str(path), 0, "", f"cannot be read: {reason}"),))


def _load(path: Path) -> tuple[LoadedSpec, int]:
    """Load one spec; return it with the line of its name."""
    document = parse(_text(path), str(path))
    spec, mistakes = _validate(document)
    if spec is None or mistakes:
        raise SpecError(tuple(Problem(str(path), line, format_path(key), message) for key, line, message in mistakes))
    return LoadedSpec(path, solved.with_solved_rate(spec, path)), document.places["metadata", "name"].line


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(content) > MAX_BYTES:
        raise SpecError((Problem(str(path), 0, "", "is larger than 1 MiB: too large for a spec"),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError((Problem(str(path), line, "", "must be UTF-8 text"),)) from None


PlacedMistake = tuple[KeyPath, int, str]
"""A key path, a line and a message."""


def _validate(document: Document) -> tuple[ModelSpec | None, list[PlacedMistake]]:
    """Return the spec, None where its schema is wrong, and all mistakes in it."""
    spec, errors = None, []
    try:
        spec = ModelSpec.model_validate(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    refused = [path[1:] for path in document.refused if path[:1] == ("spec",)]
    whole = isinstance(document.data, dict) and () not in refused and () not in document.refused
    checked = repaired(document.data.get("spec"), refused) if whole else None
    placed = [(path, document.places[path].key, message) for path, message in document.refused.items()]
    placed += [_placed(error, document) for error in errors if not _is_consequence(error, document)]
    for path, message in mistakes(*checked) if checked else ():
        placed.append((path, document.places[document.existing(path)].line, message))
    return spec, placed


def _placed(error: ErrorDetails, document: Document) -> PlacedMistake:
    """Return one of pydantic's errors with its place in the document; a missing key has the place of its mapping."""
    existing = document.existing(error["loc"])
    place = document.places[existing]
    about_key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
    path = error["loc"] if error["type"] == "missing" else existing
    return path, place.key if about_key else place.line, error_message(error, path, place.written)


def _is_consequence(error: ErrorDetails, document: Document) -> bool:
    """Return whether an error only follows from another: from a refused value, or from wrong items of a list."""
    path = error["loc"]
    refused = any(path[:length] in document.refused for length in range(len(path) + 1))
    return refused or (error["type"] == "too_short" and bool(error["input"]))
