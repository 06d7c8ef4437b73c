"""The store: a folder of files, each keyed by what its content was made from, so that a restart reads only what is new.

Profiles are stored here; references, labels, sums and ledgers in the other modules of this package. How a file is
written is in `exporter.profiles.sealing`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.packing import pack_partition, unpack_partition
from exporter.profiles.sealing import UNFINISHED, open_sealed, seal_table
from exporter.store.files import Files
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


@lru_cache(maxsize=2**14)
def _path(key: Key, format_: int) -> Path:
    digest = hashlib.sha256(json.dumps([format_, *key.sources]).encode()).hexdigest()[:16]
    return Path(key.group) / f"{key.name}-{digest}{_SUFFIX}"


class ProfileStore:
    """A folder of profiles and of what belongs to them. Several threads may use it; two processes should not share one.

    A file is written whole or not at all. One that cannot be read counts as missing, and a warning is logged. What the
    disk refuses stays in memory; `refusal` says so.
    """

    def __init__(self, folder: Path, *, forgets: bool = True) -> None:
        """Nothing is read or written yet.

        Args:
            folder: where the files are; it is made with the first one.
            forgets: whether `prune` removes anything; a replay needs old profiles again, and keeps the newest arrays
                that it has read or written in memory.
        """
        self._files = Files(folder)
        self._unsaved_weeks: dict[str, frozenset[date]] = {}
        self._forgets = forgets
        self._recent: OrderedDict[Path, tuple[Arrays, dict[str, Any]]] = OrderedDict()
        self._remembered = 0

    def load(self, key: Key, decode: Callable[[bytes], T]) -> T | None:
        """Return what is stored under a key, decoded; None if there is nothing that can be."""
        try:
            data = self._files.read(key.path)
            return None if data is None else decode(data)
        except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as problem:
            path = self._files.folder / key.path
            log.warning("%s: the stored file cannot be read and is made again: %s", path, problem)
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
        if stored is not None and not self._forgets:
            self._remember(key.path, stored)
        return stored

    def save_arrays(self, key: Key, arrays: Arrays, metadata: Mapping[str, Any]) -> None:
        """Store arrays of one length, and metadata that JSON can hold."""
        table = pa.table({name: pa.array(values) for name, values in arrays.items()})
        # Hashes and scores hardly shrink: to compress them would cost more than to write them.
        self.save(key, seal_table(table, metadata, None))
        self._forget(key.path)

    def discard(self, key: Key) -> None:
        """Remove what is stored under a key, if there is anything."""
        self._files.remove(key.path)
        self._forget(key.path)

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
        return len(stale)

    def remove_group(self, group: str) -> None:
        """Remove all files of a group, also where the store does not forget."""
        for path in list(self._recent):
            self._forget(path)
        for path in self._files.of(group, f"*{_SUFFIX}"):
            self._files.remove(path)

    def load_alarming_weeks(self, model: str) -> frozenset[date]:
        """Return the Mondays of the weeks in which a model was alarming; none if nothing readable is stored."""
        return self._unsaved_weeks.get(model) or load_weeks(self._files.folder / model)

    def save_alarming_weeks(self, model: str, mondays: Collection[date]) -> None:
        """Store the Mondays of the alarming weeks, in place of those before; equal ones are not written again."""
        if self.load_alarming_weeks(model) == frozenset(mondays):
            return
        self._unsaved_weeks.pop(model, None)
        try:
            save_weeks(self._files.folder / model, mondays)
        except OSError as problem:
            self._unsaved_weeks[model] = frozenset(mondays)
            self._files.note(_top(model), problem)

    def _remember(self, path: Path, stored: tuple[Arrays, dict[str, Any]]) -> None:
        """Keep arrays in memory, and drop those that were used least recently beyond `_RECENT` bytes."""
        self._recent[path] = stored
        self._remembered += _bytes(stored)
        while self._remembered > _RECENT:
            self._forget(next(iter(self._recent)))

    def _forget(self, path: Path) -> None:
        if (stored := self._recent.pop(path, None)) is not None:
            self._remembered -= _bytes(stored)


def _top(folder: str) -> str:
    return folder.partition("/")[0]


def _bytes(stored: tuple[Arrays, dict[str, Any]]) -> int:
    return _OVERHEAD + sum(array.nbytes for array in stored[0].values())


def _arrays(data: bytes) -> tuple[Arrays, dict[str, Any]]:
    table, metadata = open_sealed(data)
    return {name: np.asarray(table[name].to_numpy()) for name in table.column_names}, metadata
