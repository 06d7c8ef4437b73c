"""The sums of proxies of columns, on disk."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from exporter.profiles.proxies import MOMENTS, Sums
from exporter.store.profiles import Key, ProfileStore


def save_sums(store: ProfileStore, key: Key, sums: Mapping[str, Sums]) -> None:
    """Keep the sums of partitions, by fingerprint, whole or not at all.

    Raises:
        OSError: when the disk refuses.
    """
    names = sorted(sums)
    table = np.array([sums[name].ravel() for name in names])
    store.save_arrays(key, {str(place): table[:, place] for place in range(table.shape[1])}, {"partitions": names})


def load_sums(store: ProfileStore, key: Key, ratios: int) -> dict[str, Sums]:
    """The sums kept under a key, by the partition's fingerprint; empty where there are none."""
    kept = store.load_arrays(key)
    if kept is None:
        return {}
    arrays, told = kept
    table = np.stack([arrays[str(place)] for place in range(ratios * MOMENTS)], axis=1)
    return dict(zip(told["partitions"], table.reshape(-1, ratios, MOMENTS), strict=True))
