"""A source of files whose paths match a template, wherever the files are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from exporter.sources.formats.file_format import FileFormat
from exporter.sources.formats.path_columns import with_path_columns
from exporter.sources.skipping import SkippedFiles
from exporter.sources.source import ROWS_ONLY, Batch, Kernel, Partition, Selection, StoredObject, Traffic
from exporter.sources.stores import templates
from exporter.sources.stores.files import check_files, profile_files
from exporter.sources.stores.table_folders import TableCheck

T = TypeVar("T")


class FileSource(ABC):
    """Files whose paths match a template: a subclass lists and reads them."""

    def __init__(self, template: str, root: str, form: FileFormat, tables: TableCheck) -> None:
        """Save the arguments; nothing is read.

        Args:
            template: see `exporter.sources.stores.templates`.
            root: is put before the template; its own characters have no meaning there.
            form: the format of the files.
            tables: refuses the files of lake tables.
        """
        self.traffic = Traffic()
        self.skipped = SkippedFiles()
        self._form = form
        self._template = templates.parse(template, root, form.below_folder, form.reading)
        self._tables = tables

    @abstractmethod
    def _list(self, prefix: str, depth: int | None) -> Iterator[StoredObject]:
        """Return the files whose paths begin with a prefix; see `templates.Listing`."""

    @abstractmethod
    def read_file(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        """Yield the batches of a file, without columns of its path.

        Raises:
            FileUnreadable, FileUnavailable: the file cannot be read.
            SourceUnavailable: the store does not answer.
        """

    def _listing(self) -> templates.Listing:
        """Return `_list` for many prefixes at about the same time."""
        return self._list

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        found = templates.partitions(self._template, starts, self._listing())
        self._tables.refuse(item for partition in found.values() for item in partition.objects)
        return found

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        found = templates.dataset(self._template, names, self._list)
        self._tables.refuse(found.objects if found else ())
        return found

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        for item in partition.objects:
            self.traffic.count_opened(item, read=self._form.reads_rows(item, selection))
        whole = self._form.whole(kernel, selection)
        return profile_files(partition, lambda item: self._read(item, selection), whole, self.skipped)

    def retry_skipped(self) -> None:
        """See `SkippingSource`."""
        self.skipped.retry(lambda items: check_files(items, lambda item: self._read(item, ROWS_ONLY)))

    def _read(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        yield from with_path_columns(self.read_file(item, selection), item.path, selection)
