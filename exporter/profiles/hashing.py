"""Texts as 64-bit hashes: the same text has the same hash on every machine and in every release.

Eight bytes at a time are mixed in with the finaliser of MurmurHash3 (Appleby 2011), which is one to one. Two texts of
the same length have equal hashes only by chance, and never when they have at most eight bytes. The hash is not
cryptographic: an attacker who chooses ids can make two equal.
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
"""Texts that are hashed at a time, so that intermediate arrays stay in the processor's cache."""
_FIRST, _SECOND, _LENGTH = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(33)
_LEADING: Final = np.uint64(48)


def text_hashes(texts: pa.Array) -> Hashes:
    """Return the hash of each text's bytes, shape (texts,); the hash of a null is arbitrary."""
    plain = texts.cast(pa.large_string()).cast(pa.large_binary())
    _, offsets, content = plain.buffers()
    ends = np.frombuffer(offsets, np.int64)[plain.offset : plain.offset + len(plain) + 1]
    data = np.frombuffer(content, np.uint8) if content else np.zeros(0, np.uint8)
    hashes = np.empty(len(plain), np.uint64)
    for start in range(0, len(plain), _PIECE_ROWS):
        piece = ends[start : start + _PIECE_ROWS + 1]
        hashes[start : start + _PIECE_ROWS] = _hash_piece(data, piece)
    return hashes


def hash_order(hashes: Hashes) -> npt.NDArray[np.int64]:
    """Return the positions of hashes in increasing order, equal hashes in their order."""
    leading = (hashes >> _LEADING).astype(np.uint16)
    roughly = np.argsort(leading, kind="stable")  # numpy sorts 16 bits by radix; the next sort moves little
    positions: npt.NDArray[np.int64] = roughly[np.argsort(hashes[roughly], kind="stable")]
    return positions


def _hash_piece(data: Bytes, ends: npt.NDArray[np.int64]) -> Hashes:
    """Return the hashes of consecutive texts."""
    lengths = np.diff(ends)
    if (lengths == lengths[0]).all():
        return _hash_equal_lengths(data[ends[0] : ends[-1]].reshape(len(lengths), lengths[0]))
    hashes = np.empty(len(lengths), np.uint64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        hashes[rows] = _hash_equal_lengths(data[ends[rows][:, None] + np.arange(length)])
    return hashes


def _hash_equal_lengths(texts: Bytes) -> Hashes:
    """Return the hashes of texts of one length, given as a table of their bytes, shape (texts, length)."""
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
