"""Profiles on disk, keyed by what they were made from: a restart reads only what is new.

Each partition's profile is one file, a reference with its binning another: an Arrow IPC stream, and behind it the
digest of the stream. A file is written beside its place, flushed to the disk and renamed, so a reader sees it whole or
not at all. A file that is not as it was written is as good as none: it is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.ipc

from exporter.profiles.binning import Binning
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile
from exporter.profiles.reference import Reference
from exporter.spec.seasons import Level

T = TypeVar("T")

_FORMAT: Final = 3
"""Goes up when what a profile holds or how it is counted changes: everything is then made anew."""
_SUFFIX: Final = ".arrow"
_UNFINISHED: Final = ".tmp"
_DIGEST_BYTES: Final = 32

_VERSION: Final = "version"
_SCHEMA: Final = pa.schema(
    {
        _VERSION: pa.string(),
        "rows": pa.int64(),
        "counts": pa.list_(pa.int64()),
        "sums": pa.list_(pa.float64()),
        "squares": pa.list_(pa.float64()),
        "lows": pa.list_(pa.float64()),
        "highs": pa.list_(pa.float64()),
        "novel": pa.string(),
    }
)

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
        digest = hashlib.sha256(json.dumps([_FORMAT, *self.sources]).encode()).hexdigest()[:16]
        return Path(self.group) / f"{self.name}-{digest}{_SUFFIX}"


class ProfileStore:
    """A folder of profiles. Several threads may use it; two processes should not share one."""

    def __init__(self, folder: Path) -> None:
        """Keep profiles below `folder`, which is made when the first one is written."""
        self._folder = folder

    def partition(self, key: Key) -> PartitionProfile | None:
        """The profile kept under a key, or None."""
        return self._read(key, lambda versions, told: PartitionProfile(versions, told["problems"]))

    def keep_partition(self, key: Key, profile: PartitionProfile) -> None:
        """Keep a profile, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        self._write(key, profile.versions, {"problems": dict(profile.problems)})

    def reference(self, key: Key) -> Reference | None:
        """The reference kept under a key, or None."""
        return self._read(key, _reference)

    def keep_reference(self, key: Key, reference: Reference) -> None:
        """Keep a reference, whole or not at all.

        Raises:
            OSError: when the disk refuses.
        """
        told = {
            "problems": dict(reference.problems),
            "binning": reference.binning.to_json(),
            "weeks": {str(cell): weeks for cell, weeks in reference.weeks.items()},
            "levels": list(reference.levels),
            "stretches": reference.stretches,
        }
        self._write(key, {str(cell): profile for cell, profile in reference.by_cell.items()}, told)

    def prune(self, group: str, kept: Iterable[Key]) -> int:
        """Remove what a group holds beside `kept`, and what a killed process left half-written; the number of files.

        Raises:
            OSError: when the disk refuses.
        """
        wanted = {self._folder / key.path for key in kept}
        folder = self._folder / group
        found = [*folder.glob(f"*{_SUFFIX}"), *folder.glob(f".*{_UNFINISHED}")] if folder.is_dir() else []
        stale = [path for path in found if path not in wanted]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _read(self, key: Key, make: Callable[[dict[str, Profile], dict[str, Any]], T]) -> T | None:
        path = self._folder / key.path
        try:
            return make(*_unpacked(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as problem:
            log.warning("%s: a stored profile cannot be read and is made again: %s", path, problem)
            return None

    def _write(self, key: Key, profiles: Mapping[str, Profile], told: Mapping[str, Any]) -> None:
        path = self._folder / key.path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=".", suffix=_UNFINISHED, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_packed(profiles, told))
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


def _reference(profiles: Mapping[str, Profile], told: Mapping[str, Any]) -> Reference:
    return Reference(
        binning=Binning.from_json(told["binning"]),
        by_cell={int(cell): profile for cell, profile in profiles.items()},
        weeks={int(cell): weeks for cell, weeks in told["weeks"].items()},
        levels=tuple(map(Level, told["levels"])),
        stretches=told["stretches"],
        problems=told["problems"],
    )


def _packed(profiles: Mapping[str, Profile], told: Mapping[str, Any]) -> bytes:
    table = _table(profiles).replace_schema_metadata({"leeway": json.dumps(told)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream + hashlib.sha256(stream).digest()


def _unpacked(data: bytes) -> tuple[dict[str, Profile], dict[str, Any]]:
    stream, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.sha256(stream).digest() != digest:
        raise ValueError("it is not as it was written")
    table = pa.ipc.open_stream(stream).read_all()
    profiles = {table[_VERSION][row].as_py(): _profile(table, row) for row in range(table.num_rows)}
    return profiles, json.loads(table.schema.metadata[b"leeway"])


def _table(profiles: Mapping[str, Profile]) -> pa.Table:
    columns: dict[str, list[Any]] = {_VERSION: list(profiles)}
    for item in fields(Profile):
        values = [getattr(profile, item.name) for profile in profiles.values()]
        columns[item.name] = [json.dumps(value) if isinstance(value, Mapping) else value for value in values]
    return pa.table(columns, schema=_SCHEMA)


def _profile(table: pa.Table, row: int) -> Profile:
    return Profile(**{item.name: _value(table[item.name][row]) for item in fields(Profile)})


def _value(cell: pa.Scalar) -> Any:
    if pa.types.is_list(cell.type):
        return cell.values.to_numpy()
    plain = cell.as_py()
    return json.loads(plain) if isinstance(plain, str) else plain
