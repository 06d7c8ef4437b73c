"""What proxy metrics are made of, on disk: sums of columns by partition, and values of PromQL by time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

import numpy as np

from exporter.profiles.proxies import MOMENTS
from exporter.profiles.proxies import Sums as ColumnSums
from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Format


def save_sums(store: ProfileStore, key: Key, sums: Mapping[str, ColumnSums]) -> None:
    """Save the sums of partitions, by fingerprint, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    if not sums:
        store.discard(key)
        return
    names = sorted(sums)
    table = np.array([sums[name].ravel() for name in names])
    store.save_arrays(key, {str(place): table[:, place] for place in range(table.shape[1])}, {"partitions": names})


def load_sums(store: ProfileStore, key: Key, ratios: int) -> dict[str, ColumnSums]:
    """Return the sums that are stored under a key, by the partition's fingerprint; empty without any."""
    stored = store.load_arrays(key)
    if stored is None:
        return {}
    arrays, metadata = stored
    table = np.stack([arrays[str(place)] for place in range(ratios * MOMENTS)], axis=1)
    return dict(zip(metadata["partitions"], table.reshape(-1, ratios, MOMENTS), strict=True))


def column_sums(ratios: int) -> Format[str, ColumnSums]:
    """Return the format of the sums of so many ratios, by the fingerprint of their partition."""
    return Format(save_sums, partial(load_sums, ratios=ratios))


def save_values(store: ProfileStore, key: Key, values: Mapping[datetime, float]) -> None:
    """Save the values of an expression, by the end of their slot, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    ordered = dict(sorted(values.items()))
    ends = np.array([end.timestamp() for end in ordered])
    store.save_arrays(key, {"ends": ends, "values": np.array(list(ordered.values()))}, {})


def load_values(store: ProfileStore, key: Key) -> dict[datetime, float]:
    """Return the values that are stored under a key, by the end of their slot; empty without any."""
    stored = store.load_arrays(key)
    if stored is None:
        return {}
    arrays, _ = stored
    ends = (datetime.fromtimestamp(seconds, UTC) for seconds in arrays["ends"].tolist())
    return dict(zip(ends, arrays["values"].tolist(), strict=True))


QUERY_VALUES: Final = Format(save_values, load_values)
"""Values of an expression by the end of their slot."""
