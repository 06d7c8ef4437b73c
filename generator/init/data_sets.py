"""The data sets below a folder or prefix: the inference log, the label log and the reference, as far as names tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from exporter.errors import SourceError, UsageError
from exporter.spec.file_names import SIDE_FILES, known_suffix
from generator.init.log_columns import Column, read
from generator.init.templates import template_of

if TYPE_CHECKING:
    from exporter.sources.browsing import Entry, Files

_FILES: Final = 3
"""The newest files of a data set that are read."""
_FOLDERS: Final = 20
"""Subfolders of a folder that may be data sets."""
_PART: Final = re.compile(r"\d{4}|^\d{1,2}$|^\w+=")
"""In the name of a folder that is a part of a data set, such as `2026-11-22`, `10` or `version=v2`."""
_LABELS: Final = "label|labels|outcome|outcomes|truth|feedback|target|targets"
_REFERENCE: Final = "reference|ref|train|training|baseline"


@dataclass(frozen=True, slots=True)
class DataSet:
    """The addresses of the newest files of a data set, the newest first, and their columns.

    `above` is the folder that the user named; empty where it is the file itself.
    """

    files: tuple[str, ...]
    columns: tuple[Column, ...]
    above: str = ""

    @property
    def template(self) -> tuple[str | None, str]:
        """The template of the files, None when they have no date, and its grain."""
        return template_of(self.files, self.above)


@dataclass(frozen=True, slots=True)
class Found:
    """The inference log, and what else lies beside it."""

    log: DataSet
    labels: DataSet | None = None
    reference: DataSet | None = None


def find(address: str) -> Found:
    """Return the data sets at an address: those below a folder or prefix, or the one of a file.

    Hidden names, which begin with `.` or `_`, are passed over. A data set whose folder or file is named after labels or
    training is taken for these. Of the others, that with most columns is the inference log.

    Raises:
        UsageError: when the folder cannot be read, or has no file whose name tells a format.
    """
    try:
        groups = list(_groups(address))
    except (OSError, SourceError) as problem:
        raise UsageError(f"{address}: cannot be read: {' '.join(str(problem).split())}") from None
    if not groups:
        raise UsageError(f"{address}: has no file of a known format, such as .parquet or .csv")
    above = "" if groups == [(address,)] else address.rstrip("/")
    sets = [DataSet(files, tuple(read(files, above)), above) for files in groups]
    labels = _first(each for each in sets if _named(each, above, _LABELS))
    reference = _first(each for each in sets if each is not labels and _named(each, above, _REFERENCE))
    logs = [each for each in sets if each not in (labels, reference)]
    if not logs:  # the address is that of labels or of training data: it is what the user asks for
        return Found(sets[0])
    return Found(max(logs, key=lambda each: len(each.columns)), labels, reference)


def _first(sets: Iterator[DataSet]) -> DataSet | None:
    return next(sets, None)


def _named(data: DataSet, above: str, words: str) -> bool:
    """Return whether a name in the path below the given address has one of these words."""
    below = data.files[0].removeprefix(above).lower()
    return any(re.fullmatch(words, word) for word in re.split(r"[^a-z]+", below))


def _groups(address: str) -> Iterator[tuple[str, ...]]:
    """Yield the newest files of each data set."""
    from exporter.sources.browsing import files_at  # noqa: PLC0415 - it imports pyarrow

    files = files_at(address)
    if not files.is_folder(address):
        yield (address,)
        return
    for data in _folders(files, address.rstrip("/") or address, depth=2):
        newest = tuple(islice(_newest_files(files, data), _FILES))
        if newest:
            yield newest


def _folders(files: Files, folder: str, depth: int) -> Iterator[str]:
    """Yield the folder itself where it holds files, dates or keys, else its subfolders that do."""
    entries = _entries(files, folder)
    below = [entry for entry in entries if entry.is_folder]
    if not below or depth == 0 or any(_is_file(entry) or _PART.search(entry.name) for entry in entries):
        yield folder
        return
    for entry in below[:_FOLDERS]:
        yield from _folders(files, entry.path, depth - 1)


def _newest_files(files: Files, folder: str) -> Iterator[str]:
    for entry in reversed(_entries(files, folder)):
        if entry.is_folder:
            yield from _newest_files(files, entry.path)
        elif _is_file(entry):
            yield entry.path


def _entries(files: Files, folder: str) -> list[Entry]:
    return [entry for entry in files.entries(folder) if not entry.name.startswith((".", "_"))]


def _is_file(entry: Entry) -> bool:
    return not entry.is_folder and known_suffix(entry.name) not in {"", f".{SIDE_FILES}"}
