"""Documents as files: written atomically, only when they changed, and never over a file that leeway did not write."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from exporter.errors import UsageError
from generator.layout import FOLDERS, MARK, TAG, model_of

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".libsonnet")


class Change(StrEnum):
    """What happens to a file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Step:
    """One file of the output folder: its text before and after; None is no file."""

    path: PurePosixPath
    old: str | None
    new: str | None

    @property
    def change(self) -> Change:
        """The change that this step makes."""
        if self.new is None:
            return Change.REMOVED
        return Change.UNCHANGED if self.old == self.new else Change.WRITTEN

    def diff(self) -> str:
        """Return the change as a unified diff; empty when there is none."""
        before, after = (text.splitlines(keepends=True) if text is not None else [] for text in (self.old, self.new))
        old = f"a/{self.path}" if self.old is not None else "/dev/null"
        new = f"b/{self.path}" if self.new is not None else "/dev/null"
        return "".join(_whole_lines(difflib.unified_diff(before, after, old, new)))


def plan(documents: Mapping[PurePosixPath, str], out: Path, *, prune: bool = False) -> list[Step]:
    """Return the steps after which a folder holds exactly these documents, and the files of others unchanged.

    Args:
        documents: text by path, relative to `out`.
        out: the output folder; it need not exist.
        prune: whether files of models without a document may be removed.

    Returns:
        A step for each document, in their order, then one for each file of an earlier run that is no document now.

    Raises:
        UsageError: when a file cannot be read, when a file that leeway did not write has a document's path, or when
            the folder holds files of models without a document and `prune` is not set.
    """
    steps = [Step(path, _read(out / path), text) for path, text in documents.items()]
    changed = [step for step in steps if step.change is not Change.UNCHANGED]
    foreign = [
        str(out / step.path) for step in changed if step.old is not None and not _is_generated(step.path, step.old)
    ]
    if foreign:
        raise UsageError(f"{', '.join(foreign)}: not written by leeway; move it away or choose another folder")
    leftovers = list(_leftovers(documents, out))
    if not prune:
        _reject_other_models(documents, leftovers, out)
    return steps + leftovers


def write(step: Step, out: Path) -> None:
    """Apply one step; the file is replaced atomically.

    Raises:
        UsageError: when the file cannot be written.
    """
    target = out / step.path
    try:
        if step.new is None:
            target.unlink(missing_ok=True)
        elif step.new != step.old:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, step.new)
    except OSError as problem:
        raise UsageError(f"{target}: cannot be written: {problem.strerror}") from None


def _replace(target: Path, text: str) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read: {problem.strerror}") from None


def _leftovers(documents: Mapping[PurePosixPath, str], out: Path) -> Iterator[Step]:
    for folder in FOLDERS:
        for file in sorted((out / folder).glob("*")):
            path = folder / file.name
            if path not in documents and file.suffix in _SUFFIXES and file.is_file():
                text = _read(file)
                if text is not None and _is_generated(path, text):
                    yield Step(path, text, None)


def _reject_other_models(documents: Mapping[PurePosixPath, str], leftovers: Iterable[Step], out: Path) -> None:
    """Raise a `UsageError` that names the models with leftover files and without a document.

    Their routes and their places in lists of files would be lost from the documents of all models.
    """
    named = {model_of(path) for path in documents} | {None}
    others = [str(model) for step in leftovers if (model := model_of(step.path)) not in named]
    if others:
        raise UsageError(
            f"{out}: holds {len(others)} files of models whose specs are not given: {', '.join(sorted(set(others)))}."
            " Nothing was written, since routes, kustomizations and the mixin are made from all given specs and would"
            " lose these models. Give their specs too, or the folder of all specs; or remove their files with --prune"
        )


def _is_generated(path: PurePosixPath, text: str) -> bool:
    if path.suffix != ".json":
        return text.startswith((f"# {MARK} ", f"// {MARK} "))
    try:
        data = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and (TAG in (data.get("tags") or ()) or str(data.get("generated")).startswith(MARK))


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    """Yield diff lines that all end with a newline, as `diff` writes them."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
