"""The formats of files: which one a file has, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, TypeVar

import pyarrow as pa

from exporter.errors import SourceError
from exporter.sources.formats.content import content_errors
from exporter.sources.formats.delimited import read_delimited
from exporter.sources.formats.json_lines import read_json_lines
from exporter.sources.formats.parquet import read_batches
from exporter.sources.formats.payload_reader import joined_payloads, read_payloads
from exporter.sources.formats.payloads import Shape
from exporter.sources.source import Batch, Kernel, Selection, StoredObject
from exporter.spec.file_names import COMPRESSED, SIDE_FILES, SUFFIXES, Format, known_format

T = TypeVar("T")


_NAMES: Final = {Format.PARQUET: "Parquet", Format.JSONL: "JSON Lines", Format.CSV: "CSV", Format.TSV: "TSV"}
_HINT: Final = "; end the names of JSON Lines in .jsonl and of CSV in .csv, or add format to the source"

Opener = Callable[[], AbstractContextManager[pa.NativeFile]]
"""Opens a file."""
StoreError = Callable[[StoredObject, OSError], SourceError | None]
"""Returns the error for an `OSError` that the store caused; `None` when the content caused it."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How the files of a source are read: as the spec says, or each by its name.

    With a shape, which is only for JSON Lines, they are payload logs.
    """

    given: Format | None = None
    shape: Shape | None = None

    @property
    def below_folder(self) -> str:
        """The pattern of the names that a path stands for that ends in `/`."""
        suffixes = [each for each, kind in SUFFIXES.items() if self.given in {None, kind}]
        if self.given is None:
            suffixes.remove(SIDE_FILES)
        elif self.given is not Format.PARQUET:
            suffixes += ["log", "txt"]
        return rf"(?:[^/]+\.(?:{'|'.join(suffixes)}){COMPRESSED}|[^/.]+{COMPRESSED})"

    @property
    def reading(self) -> str:
        """Changes when the same files are read otherwise; empty where each is read by its name."""
        return "" if self == BY_NAME else str((self.given, self.shape))

    def of(self, path: str) -> Format:
        """Return the format of a file; a name without a known suffix is that of a Parquet file."""
        return self.given or known_format(path) or Format.PARQUET

    def reads_rows(self, item: StoredObject, selection: Selection) -> bool:
        """Return whether a file's rows are read for some columns; where none is selected, a footer may be enough."""
        return bool(selection.columns) or self.of(item.path) is not Format.PARQUET

    def whole(self, kernel: Kernel[T], selection: Selection) -> Kernel[T]:
        """Return a kernel for what `read` yields of all files: requests and responses of payload logs are joined."""
        return kernel if self.shape is None else lambda batches: kernel(joined_payloads(batches, selection))

    def read(
        self, opener: Opener, item: StoredObject, selection: Selection, store_error: StoreError
    ) -> Generator[Batch]:
        """Open and read one file.

        Args:
            opener: opens it.
            item: the file as it was listed.
            selection: the columns.
            store_error: tells errors of the store from errors of the content.

        Raises:
            FileUnreadable: the file was deleted, has changed, or its content does not have its format.
            SourceError: the result of `store_error`.
        """
        form = self.of(item.path)
        hint = "" if self.given or known_format(item.path) else _HINT
        with content_errors(item, store_error, _NAMES[form], hint), opener() as file:
            match form:
                case Format.PARQUET:
                    yield from read_batches(file, item, selection)
                case Format.JSONL if self.shape is not None:
                    yield from read_payloads(file, item, selection, self.shape)
                case Format.JSONL:
                    yield from read_json_lines(file, item, selection)
                case Format.CSV | Format.TSV:
                    yield from read_delimited(file, item, selection, "\t" if form is Format.TSV else ",")


BY_NAME: Final = FileFormat()
"""Each file is read by its name."""
