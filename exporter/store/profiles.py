"""The store: a folder of files, each keyed by what its content was made from, so that a restart reads only what is new.

Profiles are stored here; references, labels, sums and ledgers in the other modules of this package. How a file is
written is in `exporter.profiles.sealing`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc

from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.packing import pack_partition, unpack_partition
from exporter.profiles.sealing import UNFINISHED, open_sealed, seal_table
from exporter.store.files import Files, FileState
from exporter.store.place import Place
from exporter.store.weeks import load_weeks, save_weeks

T = TypeVar("T")

Arrays = Mapping[str, npt.NDArray[Any]]
"""Columns by name, all of one length; numbers or booleans."""

_FORMAT: Final = 9
"""Goes up when the content of a file or the way it is counted changes: then everything is made again."""
_SUFFIX: Final = ".arrow"
_RECENT: Final = 2**28
"""Bytes of arrays that a replay keeps in memory: some weeks of predictions and labels of a small model."""
_OVERHEAD: Final = 4000
"""Bytes of a file's names and objects, however small its arrays are."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What a file was made from.

    `group` is its folder (`fraud/inference`). `name` begins the file's name: it sorts, and shows a person which
    partition it is. `sources` is everything that the content depends on: fingerprints of the data, of the binning, of
    the columns.
    """

    group: str
    name: str
    sources: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file, below the store's folder."""
        return _path(self, _FORMAT)

    def part(self, place: int) -> Key:
        """The key of a part of what the file was made from; the first, 0, has the key itself."""
        return Key(self.group, f"{self.name}.{place:04}", (*self.sources, "part")) if place else self


@lru_cache(maxsize=2**14)
def _path(key: Key, format_: int) -> Path:
    digest = hashlib.sha256(json.dumps([format_, *key.sources]).encode()).hexdigest()[:16]
    return Path(key.group) / f"{key.name}-{digest}{_SUFFIX}"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file as it was when it was checked, and where some of its columns are: offset, type and rows."""

    state: FileState
    columns: dict[str, tuple[int, np.dtype[Any], int]] = field(default_factory=dict)


class ProfileStore:
    """A folder of profiles and of what belongs to them. Several threads may use it; two processes should not share one.

    A file is written whole or not at all. One that cannot be read counts as missing, and a warning is logged. What the
    disk refuses stays in memory; `refusal` says so.
    """

    def __init__(self, place: Path | Place, *, forgets: bool = True) -> None:
        """Nothing is read or written yet.

        Args:
            place: where the files are; a folder is made with the first one.
            forgets: whether `prune` removes anything; a replay needs old profiles again, keeps the newest arrays
                that it has read in memory, and does not wait for the disk.
        """
        self._files = Files(place, flush=forgets)
        self._unsaved_weeks: dict[str, frozenset[date]] = {}
        self._forgets = forgets
        self._recent: OrderedDict[Path, tuple[Arrays, dict[str, Any]]] = OrderedDict()
        self._remembered = 0
        self._unwritten: set[Path] = set()
        self._checked: dict[Path, _Checked] = {}
        """The files of arrays that were read whole or written by this process."""

    def temporary_file(self) -> IO[bytes]:
        """Return a new file without a name, on the disk of the store, or where the system has others.

        Raises:
            OSError: when both disks refuse.
        """
        folder = self._files.place.folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=folder)
        except OSError:
            return tempfile.TemporaryFile()

    def load(self, key: Key, decode: Callable[[bytes], T]) -> T | None:
        """Return what is stored under a key, decoded; None if there is nothing that can be."""
        try:
            data = self._files.read(key.path)
            return None if data is None else decode(data)
        except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as problem:
            message = "%s/%s: the stored file cannot be read and is made again: %s"
            log.warning(message, self._files.place, key.path, problem)
            return None

    def save(self, key: Key, data: bytes) -> None:
        """Store data under a key, in place of what was there."""
        self._files.write(key.path, data)

    def refusal(self, model: str) -> OSError | None:
        """Return why the disk has refused files of a model since the last call, or None; it tries them again."""
        for name in [each for each in list(self._unsaved_weeks) if _top(each) == model]:
            self.save_alarming_weeks(name, self._unsaved_weeks.pop(name))
        return self._files.refusal(model)

    def load_partition(self, key: Key) -> PartitionProfile | None:
        """Return the profile of the partition that is stored under a key, or None."""
        return self.load(key, unpack_partition)

    def save_partition(self, key: Key, profile: PartitionProfile) -> None:
        """Store the profile of a partition."""
        self.save(key, pack_partition(profile))

    def load_arrays(self, key: Key) -> tuple[Arrays, dict[str, Any]] | None:
        """Return the arrays stored under a key, read only, and their metadata, or None."""
        if (recent := self._recent.get(key.path)) is not None:
            self._recent.move_to_end(key.path)
            return recent
        stored = self.load(key, _arrays)
        if stored is not None:
            self._check(key.path)
            if not self._forgets:
                self._remember(key.path, stored)
        return stored

    def load_column(self, key: Key, name: str) -> npt.NDArray[Any] | None:
        """Return one of the arrays stored under a key, and do not read the others.

        None where there is no such file, or this process has neither written it nor read it whole as it is: only
        `load_arrays` checks its content.
        """
        if (recent := self._recent.get(key.path)) is not None:
            return recent[0][name]
        checked, state = self._checked.get(key.path), self._files.state(key.path)
        folder = self._files.place.folder
        if folder is None or checked is None or state != checked.state:
            return None
        path = folder / key.path
        try:
            if name not in checked.columns:
                checked.columns[name] = _column_in(path, name)
            offset, kind, rows = checked.columns[name]
            column = np.fromfile(path, kind, rows, offset=offset)
        except (pa.ArrowException, OSError, LookupError, ValueError):
            return None
        return column if len(column) == rows else None

    def save_arrays(self, key: Key, arrays: Arrays, metadata: Mapping[str, Any], *, for_restart: bool = False) -> None:
        """Store arrays of one length, and metadata that JSON can hold.

        Args:
            key: under which.
            arrays: the arrays.
            metadata: the metadata.
            for_restart: whether only a restart at the same time needs them on disk. A replay begins again at another
                time, so it writes them only where there is no room in memory.
        """
        if for_restart and not self._forgets:
            self._forget(key.path)
            self._checked.pop(key.path, None)
            self._unwritten.add(key.path)
            self._remember(key.path, (arrays, dict(metadata)))
            return
        self._write_arrays(key.path, arrays, metadata)
        self._forget(key.path)

    def _write_arrays(self, path: Path, arrays: Arrays, metadata: Mapping[str, Any]) -> None:
        table = pa.table({name: pa.array(values) for name, values in arrays.items()})
        # Hashes and scores hardly shrink: to compress them would cost more than to write them.
        self._files.write(path, seal_table(table, metadata, None))
        self._check(path)

    def discard(self, key: Key) -> None:
        """Remove what is stored under a key, if there is anything."""
        self._files.remove(key.path)
        self._forget(key.path)
        self._checked.pop(key.path, None)

    def prune(self, group: str, kept: Iterable[Key]) -> int:
        """Remove all files of a group but those of `kept`, and the unfinished ones of a killed process.

        Returns:
            How many were removed.
        """
        if not self._forgets:
            return 0
        wanted = {key.path for key in kept}
        stale = [path for path in self._files.of(group, f"*{_SUFFIX}", f".*{UNFINISHED}") if path not in wanted]
        for path in stale:
            self._files.remove(path)
            self._checked.pop(path, None)
        return len(stale)

    def remove_group(self, group: str) -> None:
        """Remove all files of a group, also where the store does not forget."""
        for path in [each for each in self._recent if str(each.parent) == group]:
            self._forget(path)
        for path in self._files.of(group, f"*{_SUFFIX}"):
            self._files.remove(path)

    def load_alarming_weeks(self, model: str) -> frozenset[date]:
        """Return the Mondays of the weeks in which a model was alarming; none if nothing readable is stored.

        Raises:
            StoreUnavailable: the store is not on this machine and does not answer.
        """
        return self._unsaved_weeks.get(model) or load_weeks(self._files.place, model)

    def save_alarming_weeks(self, model: str, mondays: Collection[date]) -> None:
        """Store the Mondays of the alarming weeks, in place of those before; equal ones are not written again."""
        try:
            if self.load_alarming_weeks(model) == frozenset(mondays):
                return
            self._unsaved_weeks.pop(model, None)
            save_weeks(self._files.place, model, mondays)
        except OSError as problem:
            self._unsaved_weeks[model] = frozenset(mondays)
            self._files.note(_top(model), problem)

    def _remember(self, path: Path, stored: tuple[Arrays, dict[str, Any]]) -> None:
        """Keep arrays in memory, and drop those that were used least recently beyond `_RECENT` bytes."""
        self._recent[path] = stored
        self._remembered += _bytes(stored)
        while self._remembered > _RECENT:
            oldest = next(iter(self._recent))
            if oldest in self._unwritten:
                self._write_arrays(oldest, *self._recent[oldest])
            self._forget(oldest)

    def _check(self, path: Path) -> None:
        if (state := self._files.state(path)) is not None:
            self._checked[path] = _Checked(state)

    def _forget(self, path: Path) -> None:
        self._unwritten.discard(path)
        if (stored := self._recent.pop(path, None)) is not None:
            self._remembered -= _bytes(stored)


def _column_in(path: Path, name: str) -> tuple[int, np.dtype[Any], int]:
    """Return where a file of `save_arrays`, which is not compressed, has a column of numbers: offset, type, rows."""
    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
        column = pa.ipc.open_stream(pa.BufferReader(content)).read_all()[name]
        kind = np.dtype(column.type.to_pandas_dtype())
        if not column.num_chunks:
            return 0, kind, 0
        (chunk,) = column.chunks
        return chunk.buffers()[1].address - content.address, kind, len(chunk)


def _top(folder: str) -> str:
    return folder.partition("/")[0]


def _bytes(stored: tuple[Arrays, dict[str, Any]]) -> int:
    return _OVERHEAD + sum(array.nbytes for array in stored[0].values())


def _arrays(data: bytes) -> tuple[Arrays, dict[str, Any]]:
    table, metadata = open_sealed(data)
    return {name: np.asarray(table[name].to_numpy()) for name in table.column_names}, metadata
