"""Whether files belong to a lake table, whose log alone says which of them count.

A Delta table has its log in `_delta_log/` beside its files, and an Iceberg table in `metadata/` beside `data/`. Files
that were deleted or replaced stay in the folder, so a path to the files counts rows that the table no longer has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from exporter.errors import SourceError
from exporter.sources.source import StoredObject

_UUID: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOKED_AT: Final = 10_000
_RANDOM_LETTERS: Final = 2
"""The length of the folders into which a writer may spread the files of a Delta table."""

Listing = Callable[[str], Iterable[StoredObject]]
"""Lists every object below a folder, whose path ends in `/`."""


class TableCheck:
    """Refuses the files of a lake table; each source looks for a log once, at its first files."""

    def __init__(self, listing: Listing, folder: str = "") -> None:
        """Save the arguments; nothing is listed yet.

        Args:
            listing: lists a folder.
            folder: where relative paths of the spec begin; it is left out of what the message says to write.
        """
        self._listing = listing
        self._folder = folder
        self._message: str | None = None

    def refuse(self, items: Iterable[StoredObject]) -> None:
        """Look at the first of these files, unless files were looked at before.

        Raises:
            SourceError: they belong to a table; the message says what to write instead.
        """
        first = next(iter(items), None) if self._message is None else None
        if first is not None:
            self._message = self._found(first.path)
        if self._message:
            raise SourceError(self._message)

    def _found(self, path: str) -> str:
        for root in _delta_roots(path):
            if any(True for _ in islice(self._listing(f"{root}/_delta_log/"), 1)):
                return _message(root, "a Delta table", f'{{delta: "{root.removeprefix(self._folder)}"}}')
        for root in _iceberg_roots(path):
            listed = islice(self._listing(f"{root}/metadata/"), _LOOKED_AT)
            if any(item.path.endswith(".metadata.json") for item in listed):
                return _message(root, "an Iceberg table", "{iceberg: catalog.namespace.table}")
        return ""


def _message(root: str, kind: str, key: str) -> str:
    advice = f"write `source: {key}` in the spec"
    if "{delta" in key and not root.startswith("s3://") and "://" in root:
        advice = "Leeway reads Delta tables in S3 and in folders"
    return f"{root}/: is {kind}, some of whose files may no longer count; {advice}"


def _delta_roots(path: str) -> Iterator[str]:
    """Yield the folders that may be a Delta table's; none for a name that no writer of tables gives."""
    folders = path.split("/")[:-1]
    if not (_UUID.search(path) or any("=" in folder for folder in folders)):
        return
    while folders and "=" in folders[-1]:
        folders.pop()
    yield "/".join(folders)
    if folders and len(folders[-1]) == _RANDOM_LETTERS:
        yield "/".join(folders[:-1])


def _iceberg_roots(path: str) -> Iterator[str]:
    before, folder, _ = path.rpartition("/data/")
    if folder:
        yield before
