"""Documents onto disk: whole or not at all, nothing touched without need, nothing lost that somebody else wrote."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from exporter.errors import UsageError
from generator.layout import FOLDERS, MARK, TAG

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".libsonnet")


class Change(StrEnum):
    """What happens to a file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Step:
    """One file of the output folder: what is there and what should be; None is no file."""

    path: PurePosixPath
    old: str | None
    new: str | None

    @property
    def change(self) -> Change:
        """What has to be done."""
        if self.new is None:
            return Change.REMOVED
        return Change.UNCHANGED if self.old == self.new else Change.WRITTEN

    def diff(self) -> str:
        """The change as a unified diff; empty when there is none."""
        before, after = (text.splitlines(keepends=True) if text is not None else [] for text in (self.old, self.new))
        old = f"a/{self.path}" if self.old is not None else "/dev/null"
        new = f"b/{self.path}" if self.new is not None else "/dev/null"
        return "".join(_whole_lines(difflib.unified_diff(before, after, old, new)))


def plan(documents: Mapping[PurePosixPath, str], out: Path) -> list[Step]:
    """What it takes to make a folder hold exactly these documents, beside what others put there.

    Args:
        documents: text by path, relative to `out`.
        out: the output folder; it need not exist.

    Returns:
        A step for each document, in their order, then one for each file that an earlier run wrote and that has no
        document any more.

    Raises:
        UsageError: when something in the folder cannot be read, or stands in a document's place and is not ours.
    """
    steps = [Step(path, _read(out / path), text) for path, text in documents.items()]
    changed = [step for step in steps if step.change is not Change.UNCHANGED]
    foreign = [str(out / step.path) for step in changed if step.old is not None and not _ours(step.path, step.old)]
    if foreign:
        raise UsageError(f"{', '.join(foreign)}: not written by leeway; move it away or choose another folder")
    return steps + list(_leftovers(documents, out))


def write(step: Step, out: Path) -> None:
    """Take one step: a file is replaced at once, never half written.

    Raises:
        UsageError: when the folder cannot be written.
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
                if text is not None and _ours(path, text):
                    yield Step(path, text, None)


def _ours(path: PurePosixPath, text: str) -> bool:
    if path.suffix != ".json":
        return text.startswith((f"# {MARK} ", f"// {MARK} "))
    try:
        data = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and (TAG in (data.get("tags") or ()) or str(data.get("generated")).startswith(MARK))


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    """Diff lines that all end, as `diff` writes them."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
