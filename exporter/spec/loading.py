"""YAML to model specs: every mistake in every file at once, each with its file, line and key path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import Problem, SpecError
from exporter.spec import solved
from exporter.spec.checks import mistakes
from exporter.spec.messages import KeyPath, error_message, format_path
from exporter.spec.model import Body, ModelSpec
from exporter.spec.schema import EXAMPLE
from exporter.spec.yaml_document import Document, parse

MAX_BYTES: Final = 1 << 20
"""A larger file is no spec."""


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec, and the file that it came from."""

    path: Path
    spec: ModelSpec

    @property
    def folder(self) -> Path:
        """What relative local paths in the spec are relative to."""
        return self.path.parent


def load(path: Path) -> LoadedSpec:
    """Read one spec.

    Raises:
        SpecError: with everything that is wrong with the file.
    """
    return _load(path)[0]


def load_all(paths: Iterable[Path]) -> tuple[LoadedSpec, ...]:
    """Read specs, in the order given; a folder stands for its `*.yaml` and `*.yml` files, in the order of their names.

    A file that is named twice, as by itself and by its folder, is read once.

    Raises:
        SpecError: with everything that is wrong with any of the files, with two specs of one name, or without any spec.
    """
    problems: list[Problem] = []
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            files.update({_identity(file): file for file in _files(path) if _identity(file) not in files})
        except SpecError as error:
            problems.extend(error.problems)
    loaded = tuple(_each(files.values(), problems))
    if not loaded and not problems:
        problems.append(Problem("", 0, "", "no spec is given: name a file, or a folder of *.yaml files"))
    if problems:
        raise SpecError(tuple(problems))
    return loaded


def _each(files: Iterable[Path], problems: list[Problem]) -> Iterator[LoadedSpec]:
    """The specs of the files that hold one; `problems` grows by what is wrong with the others and with their names."""
    first: dict[str, str] = {}
    for path in files:
        try:
            spec, line = _load(path)
        except SpecError as error:
            problems.extend(error.problems)
            continue
        if spec.spec.name in first:
            message = f"is already the name of the model at {first[spec.spec.name]}"
            problems.append(Problem(str(path), line, "metadata.name", message))
        first.setdefault(spec.spec.name, f"{path}:{line}")
        yield spec


def _files(path: Path) -> list[Path]:
    """The files that a path stands for; in a folder, hidden files are an editor's or a mount's own."""
    try:
        if not path.is_dir():
            return [path]
        entries = [item for item in path.iterdir() if item.suffix in {".yaml", ".yml"} and item.is_file()]
    except OSError as error:
        raise _unreadable(path, error) from None
    found = sorted(item for item in entries if not item.name.startswith("."))
    if not found:
        raise SpecError((Problem(str(path), 0, "", "holds no *.yaml or *.yml file"),))
    return found


def _identity(path: Path) -> Path:
    """What is the same for two names of one file."""
    try:
        return path.resolve()
    except (RuntimeError, ValueError):  # links in a circle, or no path at all: reading it tells
        return path


def _unreadable(path: Path, error: Exception) -> SpecError:
    reason = str(getattr(error, "strerror", None) or error).lower()
    return SpecError((Problem(str(path), 0, "", f"cannot be read: {reason}"),))


def _load(path: Path) -> tuple[LoadedSpec, int]:
    """One spec, and the line of its name."""
    document = parse(_text(path), str(path))
    spec, found = _judge(document)
    if spec is None or found:
        raise SpecError(tuple(Problem(str(path), line, format_path(key), message) for key, line, message in found))
    return LoadedSpec(path, solved.applied(spec, path)), document.places["metadata", "name"].line


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(content) > MAX_BYTES:
        raise SpecError((Problem(str(path), 0, "", "is larger than 1 MiB: that is no spec"),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError((Problem(str(path), line, "", "must be UTF-8 text"),)) from None


Found = tuple[KeyPath, int, str]


def _judge(document: Document) -> tuple[ModelSpec | None, list[Found]]:
    """The spec, if its shape allows one, and everything that is wrong with it."""
    spec, body, errors = None, None, []
    try:
        spec = ModelSpec.model_validate(document.data)
        body = spec.spec
    except ValidationError as error:
        errors = error.errors(include_url=False)
    places = [*document.refused, *(error["loc"] for error in errors)]
    broken = {str(path[1]) for path in places if len(path) > 1 and path[0] == "spec"}
    body = body or _sound_parts(document.data, broken)
    found = [(path, document.places[path].key, message) for path, message in document.refused.items()]
    found += [_found(error, document) for error in errors if not _is_told(error, document)]
    for path, message in mistakes(body, broken) if body else ():
        found.append((path, document.places[document.existing(path)].line, message))
    return spec, found


def _found(error: ErrorDetails, document: Document) -> Found:
    """One of pydantic's errors, with its place in the document: that of the mapping, where a key is missing."""
    known = document.existing(error["loc"])
    place = document.places[known]
    about_key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
    path = error["loc"] if error["type"] == "missing" else known
    return path, place.key if about_key else place.line, error_message(error, path, place.written)


def _is_told(error: ErrorDetails, document: Document) -> bool:
    """Whether an error only follows from another: from what could not be read, or from the wrong items of a list."""
    path = error["loc"]
    unread = any(path[:length] in document.refused for length in range(len(path) + 1))
    return unread or (error["type"] == "too_short" and bool(error["input"]))


def _sound_parts(data: Any, broken: set[str]) -> Body | None:
    """The parts of a spec that are right in themselves, an example's in place of the others; None if there are none."""
    given = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(given, dict):
        return None
    sound = {name: part for name, part in given.items() if name in Body.model_fields and name not in broken}
    return Body.model_validate({**EXAMPLE["spec"], **sound})
