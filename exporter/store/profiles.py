"""Profiles on disk, keyed by what they were made from: a restart reads only what is new.

Each partition's profile is one file, a reference with its binning another, a log's past numbers of rows a third, and
what labels are joined with are some more. `exporter.profiles.sealing` says how each is written.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import Binning
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.packing import pack_partition, pack_profiles, unpack_partition, unpack_profiles
from exporter.profiles.profile import Profile
from exporter.profiles.sealing import UNFINISHED, open_sealed, replace_file, seal_table
from exporter.reference.reference import HourProfiles, Reference
from exporter.spec.seasons import Level

T = TypeVar("T")

Arrays = Mapping[str, npt.NDArray[Any]]
"""Columns by name, all of one length; numbers or booleans."""

_FORMAT: Final = 6
"""Goes up when what a profile holds or how it is counted changes: everything is then made anew."""
_SUFFIX: Final = ".arrow"
_ALARMS: Final = "alarming-weeks.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What a profile was made from.

    `group` is where it belongs (`fraud/inference`), `name` sorts and tells a person which partition it is, `sources` is
    everything that its content depends on: fingerprints of the data, of the binning, of the columns.
    """

    group: str
    name: str
    sources: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it is kept, below the store's folder."""
        return _path(self, _FORMAT)


@lru_cache(maxsize=2**14)
def _path(key: Key, format_: int) -> Path:
    digest = hashlib.sha256(json.dumps([format_, *key.sources]).encode()).hexdigest()[:16]
    return Path(key.group) / f"{key.name}-{digest}{_SUFFIX}"


class ProfileStore:
    """A folder of profiles. Several threads may use it; two processes should not share one."""

    def __init__(self, folder: Path, *, forgets: bool = True) -> None:
        """Keep profiles below `folder`, which is made when the first one is written.

        Args:
            folder: where.
            forgets: whether what a model's newest windows do not need is removed; a replay goes back to it.
        """
        self._folder = folder
        self._forgets = forgets

    def partition(self, key: Key) -> PartitionProfile | None:
        """The profile kept under a key, or None."""
        return self._load(self._folder / key.path, unpack_partition)

    def save_partition(self, key: Key, profile: PartitionProfile) -> None:
        """Keep a profile, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        replace_file(self._folder / key.path, pack_partition(profile))

    def reference(self, key: Key) -> Reference | None:
        """The reference kept under a key, or None."""
        return self._read(key, _reference)

    def save_reference(self, key: Key, reference: Reference) -> None:
        """Keep a reference, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        told = {
            "problems": dict(reference.problems),
            "binning": reference.binning.to_json(),
            "weeks": [
                [segment.column, segment.value, cell, weeks]
                for segment, of_segment in reference.parts.items()
                for cell, weeks in of_segment.weeks.items()
            ],
            "levels": list(reference.levels),
            "stretches": reference.stretches,
        }
        parts = {
            json.dumps([segment.column, segment.value, cell]): profile
            for segment, of_segment in reference.parts.items()
            for cell, profile in of_segment.by_cell.items()
        }
        self._write(key, parts, told)

    def counts(self, key: Key) -> dict[str, int] | None:
        """The numbers of rows kept under a key, by partition's fingerprint, or None."""
        return self._read(key, lambda _, told: {name: int(rows) for name, rows in told["rows"].items()})

    def save_counts(self, key: Key, counts: Mapping[str, int]) -> None:
        """Keep numbers of rows, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        self._write(key, {}, {"rows": dict(sorted(counts.items()))})

    def load_arrays(self, key: Key) -> tuple[Arrays, dict[str, Any]] | None:
        """The arrays kept under a key, read only, and what was told with them, or None."""
        return self._load(self._folder / key.path, _arrays)

    def save_arrays(self, key: Key, load_arrays: Arrays, told: Mapping[str, Any]) -> None:
        """Keep arrays of one length, with what JSON can tell of them, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        table = pa.table({name: pa.array(values) for name, values in load_arrays.items()})
        # Hashes and scores hardly shrink: to compress them would cost more than to write them.
        replace_file(self._folder / key.path, seal_table(table, told, None))

    def discard(self, key: Key) -> None:
        """Remove what is kept under a key, if there is anything.

        Raises:
            OSError: when the disk refuses.
        """
        (self._folder / key.path).unlink(missing_ok=True)

    def prune(self, group: str, kept: Iterable[Key]) -> int:
        """Remove what a group holds beside `kept`, and what a killed process left half-written; the number of files.

        Raises:
            OSError: when the disk refuses.
        """
        if not self._forgets:
            return 0
        wanted = {self._folder / key.path for key in kept}
        folder = self._folder / group
        found = [*folder.glob(f"*{_SUFFIX}"), *folder.glob(f".*{UNFINISHED}")] if folder.is_dir() else []
        stale = [path for path in found if path not in wanted]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def load_alarming_weeks(self, model: str) -> frozenset[date]:
        """The Mondays of the weeks in which a model was alarming; none where nothing readable says so."""
        return self._load(self._folder / model / _ALARMS, _weeks) or frozenset()

    def save_alarming_weeks(self, model: str, mondays: Collection[date]) -> None:
        """Remember these, in place of those before; nothing is written where they are the same.

        Raises:
            OSError: when the disk refuses.
        """
        if self.load_alarming_weeks(model) != frozenset(mondays):
            text = json.dumps(sorted(day.isoformat() for day in set(mondays)))
            replace_file(self._folder / model / _ALARMS, text.encode())

    def _read(self, key: Key, make: Callable[[dict[str, Profile], dict[str, Any]], T]) -> T | None:
        return self._load(self._folder / key.path, lambda data: make(*unpack_profiles(data)))

    def _load(self, path: Path, make: Callable[[bytes], T]) -> T | None:
        try:
            return make(path.read_bytes())
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as problem:
            log.warning("%s: what is stored cannot be read and is made again: %s", path, problem)
            return None

    def _write(self, key: Key, profiles: Mapping[str, Profile], told: Mapping[str, Any]) -> None:
        replace_file(self._folder / key.path, pack_profiles(profiles, told))


def _weeks(data: bytes) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, json.loads(data)))


def _reference(profiles: Mapping[str, Profile], told: Mapping[str, Any]) -> Reference:
    by_cell: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    weeks: dict[Segment, dict[int, int]] = {WHOLE: {}}
    for text, profile in profiles.items():
        column, value, cell = json.loads(text)
        by_cell.setdefault(Segment(column, value), {})[cell] = profile
    for column, value, cell, number in told["weeks"]:
        weeks.setdefault(Segment(column, value), {})[cell] = number
    parts = {segment: HourProfiles(each, weeks.get(segment, {})) for segment, each in by_cell.items()}
    whole = parts.pop(WHOLE)
    return Reference(
        binning=Binning.from_json(told["binning"]),
        by_cell=whole.by_cell,
        weeks=whole.weeks,
        levels=tuple(map(Level, told["levels"])),
        stretches=told["stretches"],
        problems=told["problems"],
        segments=parts,
    )


def _arrays(data: bytes) -> tuple[Arrays, dict[str, Any]]:
    table, told = open_sealed(data)
    return {name: np.asarray(table[name].to_numpy()) for name in table.column_names}, told
