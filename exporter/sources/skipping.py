"""The files that a source leaves out because they cannot be read: which, why, and when each is tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceUnavailable
from exporter.sources.source import BrowsableSource, Partition, Source, StoredObject

FileError = FileUnreadable | FileUnavailable


@dataclass(slots=True)
class SkippedFiles:
    """The files that one source leaves out. One thread at a time may use it.

    A file that has changed is another `StoredObject`, so it is read like a new one. A file that is refused, and not
    corrupt, is tried again at every refresh. A corrupt one is left out by every reader, also by one of columns that are
    not damaged, so that all values are about the same rows.
    """

    _errors: dict[StoredObject, FileError] = field(default_factory=dict)
    _whole: set[StoredObject] = field(default_factory=set)
    """Those of partitions of which no file can be read."""
    _used: set[StoredObject] = field(default_factory=set)
    _new: dict[StoredObject, FileError] = field(default_factory=dict)

    def without_skipped(self, partition: Partition) -> Partition:
        """Return a partition without the files that are left out; unchanged if nothing would remain.

        Its fingerprint is that of the files that are read, so what is stored under it is complete for them, and is made
        anew when another file can be read.
        """
        skipped = self._errors.keys() & set(partition.objects) if self._errors else set()
        if not skipped:
            return partition
        self._used |= skipped
        readable = tuple(item for item in partition.objects if item not in self._errors)
        if not readable:
            return partition
        alone = self._whole & set(partition.objects)  # the error of their partition was reported in their stead
        self._whole -= alone
        self._new |= {item: self._errors[item] for item in alone}
        return replace(partition, objects=readable)

    def corrupt(self, partition: Partition) -> dict[StoredObject, FileError]:
        """Return the errors of the files of a partition that no other try can read, in their order."""
        errors = {item: self._errors[item] for item in partition.objects if item in self._errors}
        return {item: error for item, error in errors.items() if error.reason is SkipReason.CORRUPT}

    def update(self, partition: Partition, errors: Mapping[StoredObject, FileError]) -> None:
        """Record which files of a partition could not be read in a try that reached all of them.

        Args:
            partition: the files.
            errors: those of `corrupt`, which were not tried, and of the files that could not be read.
        """
        known = self.corrupt(partition)
        reported = known.keys() - self._whole
        for item in partition.objects:
            self._errors.pop(item, None)
            self._whole.discard(item)
        self._errors |= {**errors, **known}
        self._used |= errors.keys()
        if len(errors) == len(partition.objects):
            self._whole |= errors.keys()
        else:
            self._new |= {item: error for item, error in errors.items() if item not in reported}

    def retry(self, check: Callable[[Collection[StoredObject]], Mapping[StoredObject, FileError]]) -> None:
        """Begin a refresh: try again those that were refused.

        Args:
            check: returns the errors of those files that still cannot be read.

        Raises:
            SourceUnavailable: the store does not answer.
        """
        self._used, self._new = set(), {}
        refused = [item for item, error in self._errors.items() if isinstance(error, SourceUnavailable)]
        refused = [item for item in refused if item not in self._whole]  # reading their partition is the next try
        if refused:
            still = check(refused)
            self._errors = {item: each for item, each in self._errors.items() if item not in refused} | dict(still)
            self._new |= still

    def finish(self) -> None:
        """End a refresh that has looked at all partitions it needs: drop the files that are in none of them."""
        self._errors = {item: error for item, error in self._errors.items() if item in self._used}
        self._whole &= self._used

    def take_new(self) -> dict[str, str]:
        """Return the errors, by path, of files that this refresh has tried in vain; each is returned once.

        Files of a partition of which nothing can be read are not among them: the error of the partition names them.
        """
        new, self._new = self._new, {}
        return {item.path: str(error) for item, error in new.items() if item in self._errors}

    @property
    def errors(self) -> Mapping[StoredObject, FileError]:
        """The errors of all files that are left out."""
        return self._errors

    @property
    def problems(self) -> Mapping[str, str]:
        """The errors of the files that are left out, by path, except those of partitions that failed as a whole."""
        return {item.path: str(error) for item, error in self._errors.items() if item not in self._whole}

    @property
    def counts(self) -> Mapping[SkipReason, int]:
        """How many files are left out, by reason."""
        return Counter(error.reason for error in self._errors.values())


@runtime_checkable
class SkippingSource(BrowsableSource, Protocol):
    """A source of files, which leaves out those that cannot be read."""

    @property
    def skipped(self) -> SkippedFiles:
        """The files that are left out."""
        ...

    def retry_skipped(self) -> None:
        """Begin a refresh; see `SkippedFiles.retry`."""
        ...


def without_skipped(source: Source, partition: Partition) -> Partition:
    """Return a partition with the files that a source reads of it, as far as is known."""
    skipped = _skipped(source)
    return skipped.without_skipped(partition) if skipped else partition


def unreadable_partition(source: Source, partition: Partition) -> FileError | None:
    """Return the error of a partition of which the last reader could read no file, else None."""
    skipped = _skipped(source)
    errors = skipped.errors if skipped else {}
    return errors[partition.objects[0]] if all(item in errors for item in partition.objects) else None


def corrupt_partition(source: Source, partition: Partition) -> FileError | None:
    """Return the error of a partition of which every file is known to be corrupt, else None."""
    skipped = _skipped(source)
    errors = skipped.corrupt(partition) if skipped else {}
    return next(iter(errors.values())) if errors and len(errors) == len(partition.objects) else None


def _skipped(source: Source) -> SkippedFiles | None:
    """Return the skipped files of a source; a check of its protocol would take longer than the rest of a refresh."""
    skipped = getattr(source, "skipped", None)
    return skipped if isinstance(skipped, SkippedFiles) else None
