"""The ledger of an objective of the inference log, on disk: what is known of each slice of its period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Format, Sums

_BEGUN: Final = "begun"
_SLICES: Final = "slices"


@dataclass(frozen=True, slots=True)
class Slice:
    """What is known of a slice: when it was first evaluated, and its rows and drift share by model version.

    `seconds` is the time from the end of the slice to its first evaluation. `made_from` is a fingerprint of its
    partitions. Challengers are left out; the share of a version that serves in several roles is the greatest of them.
    """

    seconds: float
    made_from: str
    rows: Mapping[str, float]
    shares: Mapping[str, float]


class Ledger:
    """The slices of one objective, by start. One thread at a time may use it.

    `begun` is the first refresh of the objective: what ended earlier is unknown.
    """

    def __init__(self, store: ProfileStore, key: Key, now: datetime) -> None:
        """Load the ledger that is stored under a key; without one, it begins now."""
        stored = store.load_arrays(key)
        metadata: dict[str, Any] = stored[1] if stored is not None else {_BEGUN: now.isoformat(), _SLICES: {}}
        slices = {datetime.fromisoformat(start): Slice(**each) for start, each in metadata[_SLICES].items()}
        self.begun = datetime.fromisoformat(metadata[_BEGUN])
        self.slices: Sums[datetime, Slice] = Sums(store, key, Format(self._save, lambda *_: slices))
        self._new = stored is None

    def save(self) -> None:
        """Save the ledger if it is new or a slice has changed.

        Raises:
            OSError: the disk refuses.
        """
        self.slices.save(always=self._new)
        self._new = False

    def _save(self, store: ProfileStore, key: Key, slices: Mapping[datetime, Slice]) -> None:
        entries = {
            start.isoformat(): {
                "seconds": each.seconds,
                "made_from": each.made_from,
                "rows": dict(each.rows),
                "shares": dict(each.shares),
            }
            for start, each in sorted(slices.items())
        }
        store.save_arrays(key, {}, {_BEGUN: self.begun.isoformat(), _SLICES: entries})
