"""The rows of a large partition in parts by id, so that no more than one of them is in memory.

Rows wait in a temporary file without a name, which ends with the process. Ids are hashes, so their leading bits divide
rows evenly. How rows are divided depends on them alone, and not on the batches in which they come.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

Columns = Mapping[str, npt.NDArray[Any]]
"""Columns of rows by name; `ids` are the hashes of their ids."""

PART_ROWS: Final = 2**20
"""The rows of a part: some 400 MB while they are sorted, joined and evaluated. A smaller partition is one part."""
_BITS: Final = 6
_RANGES: Final = 2**_BITS
"""A part is at least one range of ids, so a partition of 64 million rows and more has larger parts."""


class Parts(Generic[T]):
    """The parts of a partition, at least one, each made anew when it is asked for."""

    def __init__(self, number: int, make: Callable[[int], T]) -> None:
        """Nothing is made yet; `make` returns the part with a number, from 0."""
        self._number = number
        self._make = make

    def __len__(self) -> int:
        """Return how many there are."""
        return self._number

    def __getitem__(self, place: int) -> T:
        """Return a part, made anew."""
        return self._make(range(self._number)[place])


class RowsById:
    """Rows in parts: all rows of an id are in one part, in the order in which they were added."""

    def __init__(
        self,
        empty: Columns,
        part_rows: int = PART_ROWS,
        open_file: Callable[[], IO[bytes]] = tempfile.TemporaryFile,
    ) -> None:
        """There are no rows yet.

        Args:
            empty: the columns, without rows.
            part_rows: so many rows stay in memory, and a part has at most so many unless a range of ids has more.
            open_file: opens the file in which further rows wait.
        """
        self._empty = empty
        self._part_rows = part_rows
        self._open_file = open_file
        self._waiting: list[Columns] = []
        self._rows = np.zeros(_RANGES, np.int64)
        self._file: IO[bytes] | None = None
        self._stretches: list[list[tuple[int, int]]] = [[] for _ in range(_RANGES)]
        """Of each range of ids: where its stretches of rows are in the file, and how many rows they have."""

    def add(self, rows: Columns) -> None:
        """Add rows.

        Raises:
            OSError: when the disk refuses.
        """
        self._rows += np.bincount(_ranges(rows), minlength=_RANGES)
        self._waiting.append(rows)
        if self._file is None and self._rows.sum() > self._part_rows:
            self._file = self._open_file()
            weakref.finalize(self, _close, self._file)
        if self._file is not None:
            for each in self._waiting:
                self._write(self._file, each)
            self._waiting = []

    def __len__(self) -> int:
        """Return the number of parts, at least one."""
        return 1 if self._file is None else len(self._runs())

    def __getitem__(self, place: int) -> Columns:
        """Return the rows of a part.

        Raises:
            OSError: when the disk refuses.
        """
        if self._file is None:
            return _together([self._empty, *self._waiting])
        self._file.flush()
        number = self._file.fileno()
        stretches = [each for bucket in self._runs()[place] for each in self._stretches[bucket]]
        return _together([self._empty, *(self._read(number, *each) for each in stretches)])

    def _runs(self) -> list[list[int]]:
        """Return the ranges of ids of each part."""
        runs, total = list[list[int]](), 0
        for bucket, rows in enumerate(self._rows.tolist()):
            total += rows
            if runs and total <= self._part_rows:
                runs[-1].append(bucket)
            else:
                runs.append([bucket])
                total = rows
        return runs

    def _write(self, file: IO[bytes], rows: Columns) -> None:
        ranges = _ranges(rows)
        order = np.argsort(ranges.astype(np.uint8), kind="stable")
        ends = np.cumsum(np.bincount(ranges, minlength=_RANGES))
        for bucket, own in enumerate(np.split(order, ends[:-1])):
            if len(own):
                self._stretches[bucket].append((file.tell(), len(own)))
                for name, empty in self._empty.items():
                    file.write(rows[name][own].astype(empty.dtype, copy=False).tobytes())

    def _read(self, number: int, at: int, rows: int) -> Columns:
        columns = {}
        for name, empty in self._empty.items():
            shape = rows, *empty.shape[1:]
            size = int(np.prod(shape)) * empty.itemsize
            columns[name] = np.frombuffer(os.pread(number, size, at), empty.dtype).reshape(shape)
            at += size
        return columns


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # the disk refuses what still waits to be written, which nobody reads any more
        file.close()


def _ranges(rows: Columns) -> npt.NDArray[np.int64]:
    ranges: npt.NDArray[np.int64] = (rows["ids"] >> np.uint64(64 - _BITS)).astype(np.int64)
    return ranges


def _together(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
