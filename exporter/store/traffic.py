"""The rows of past partitions, on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.profiles.packing import pack_profiles, unpack_profiles
from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Format


def save_row_counts(store: ProfileStore, key: Key, rows: Mapping[str, int]) -> None:
    """Save the number of rows of each partition, by its fingerprint, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    store.save(key, pack_profiles({}, {"rows": dict(sorted(rows.items()))}))


def load_row_counts(store: ProfileStore, key: Key) -> dict[str, int]:
    """Return the numbers of rows that are stored under a key, by the partition's fingerprint; empty without any."""
    return store.load(key, _row_counts) or {}


def _row_counts(data: bytes) -> dict[str, int]:
    _, metadata = unpack_profiles(data)
    return {name: int(rows) for name, rows in metadata["rows"].items()}


ROW_COUNTS: Final = Format(save_row_counts, load_row_counts)
"""Rows by the fingerprint of their partition."""
