"""What past partitions came to, such as sums of columns: small values that outlive the profiles, in one file."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, TypeVar

from exporter.store.profiles import Key, ProfileStore

N = TypeVar("N", bound=Hashable)
V = TypeVar("V")

STRETCH: Final = 100
"""New values after which they are saved, so that a restart costs no more than these."""


@dataclass(frozen=True, slots=True)
class Format(Generic[N, V]):
    """How values are stored under a key: one function for each direction; `load` returns nothing where none are."""

    save: Callable[[ProfileStore, Key, Mapping[N, V]], None]
    load: Callable[[ProfileStore, Key], Mapping[N, V]]


class Sums(Mapping[N, V]):
    """Values by name: the fingerprint of a partition, or the time of a slot.

    They are loaded once, when they are first needed. New ones are saved in stretches, and those outside the look-back
    are dropped. One thread at a time may use it.
    """

    def __init__(self, store: ProfileStore, key: Key, form: Format[N, V]) -> None:
        """Nothing is loaded yet; `key` is where the values are in the store."""
        self._store = store
        self._key = key
        self._form = form
        self._changed = False
        self._unsaved = 0

    @cached_property
    def _values(self) -> dict[N, V]:
        return dict(self._form.load(self._store, self._key))

    def __getitem__(self, name: N) -> V:
        """Return the value of a name."""
        return self._values[name]

    def __iter__(self) -> Iterator[N]:
        """Iterate over the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._values)

    def missing(self, names: Iterable[N]) -> list[N]:
        """Return the names that have no value, in the given order."""
        return [name for name in names if name not in self._values]

    def add(self, name: N, value: V) -> None:
        """Set a value that is new or has changed."""
        self._values[name] = value
        self._changed = True
        self._unsaved += 1

    def keep_only(self, wanted: Callable[[N], bool]) -> None:
        """Drop the values of all other names."""
        kept = {name: value for name, value in self._values.items() if wanted(name)}
        self._changed |= len(kept) < len(self._values)
        self._values = kept

    def save_stretch(self) -> None:
        """Save the values if `STRETCH` of them are new.

        Raises:
            OSError: the disk refuses; the next try is after another stretch.
        """
        if self._unsaved >= STRETCH:
            self.save()

    def save(self, *, always: bool = False) -> bool:
        """Save the values if one of them has changed since the last time.

        Args:
            always: whether to save them even if none has changed.

        Returns:
            Whether they were written.

        Raises:
            OSError: the disk refuses.
        """
        self._unsaved = 0
        if not (self._changed or always):
            return False
        self._changed = True
        self._form.save(self._store, self._key, self._values)
        self._changed = False
        return True
