"""Texts as 64-bit numbers: the same text gives the same number on every machine and in every release.

Eight bytes at a time are mixed in with the finaliser of MurmurHash3 (Appleby 2011), which is one to one: two texts of a
length differ in their hash as chance would have it, and those of up to eight bytes always do. It keeps no secret:
whoever may choose ids could make two alike.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

_WORD: Final = 8
_PIECE_ROWS: Final = 2**14
"""Texts that are hashed at a time, so that what is made of them stays in the processor's cache."""
_FIRST, _SECOND, _LENGTH = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(33)
_LEADING: Final = np.uint64(48)


def text_hashes(texts: pa.Array) -> Hashes:
    """The hash of each text's bytes, (texts,); that of a null is that of no bytes, or any other."""
    plain = texts.cast(pa.large_string()).cast(pa.large_binary())
    _, offsets, content = plain.buffers()
    ends = np.frombuffer(offsets, np.int64)[plain.offset : plain.offset + len(plain) + 1]
    data = np.frombuffer(content, np.uint8) if content else np.zeros(0, np.uint8)
    hashes = np.empty(len(plain), np.uint64)
    for start in range(0, len(plain), _PIECE_ROWS):
        piece = ends[start : start + _PIECE_ROWS + 1]
        hashes[start : start + _PIECE_ROWS] = _piece(data, piece)
    return hashes


def hash_order(hashes: Hashes) -> npt.NDArray[np.int64]:
    """The positions of hashes in increasing order, equal ones as they come."""
    leading = (hashes >> _LEADING).astype(np.uint16)
    nearly = np.argsort(leading, kind="stable")  # by radix, as numpy sorts 16 bits; the rest finds nearly all in place
    positions: npt.NDArray[np.int64] = nearly[np.argsort(hashes[nearly], kind="stable")]
    return positions


def _piece(data: Bytes, ends: npt.NDArray[np.int64]) -> Hashes:
    """The hashes of texts that lie one behind the other."""
    lengths = np.diff(ends)
    if (lengths == lengths[0]).all():
        return _of_one_length(data[ends[0] : ends[-1]].reshape(len(lengths), lengths[0]))
    hashes = np.empty(len(lengths), np.uint64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        hashes[rows] = _of_one_length(data[ends[rows][:, None] + np.arange(length)])
    return hashes


def _of_one_length(texts: Bytes) -> Hashes:
    """The hashes of texts of one length, as a table of their bytes, (texts, length)."""
    rows, length = texts.shape
    words = -(-length // _WORD)
    padded = np.zeros((rows, words * _WORD), np.uint8)
    padded[:, :length] = texts
    hashes = np.full(rows, np.uint64((length + 1) * int(_LENGTH) % 2**64), np.uint64)
    for word in padded.view("<u8").reshape(rows, words).T:
        hashes ^= word
        _mix(hashes)
    return hashes


def _mix(hashes: Hashes) -> None:
    for factor in (_FIRST, _SECOND):
        hashes ^= hashes >> _SHIFT
        hashes *= factor
    hashes ^= hashes >> _SHIFT
