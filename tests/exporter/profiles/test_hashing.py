"""Hashes of texts: they depend on the bytes alone, differ, and never change."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles import hashing
from exporter.profiles.hashing import hash_order, text_hashes

_WORD = 2**64


def mixed(value: int) -> int:
    """The finaliser of MurmurHash3, in whole numbers."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ (value >> 33)) * factor % _WORD
    return value ^ (value >> 33)


def by_hand(text: str) -> int:
    content = text.encode()
    value = (len(content) + 1) * 0x9E3779B97F4A7C15 % _WORD
    for start in range(0, len(content), 8):
        value = mixed(value ^ int.from_bytes(content[start : start + 8].ljust(8, b"\0"), "little"))
    return value


texts = st.lists(st.text(max_size=30), max_size=40)


@given(texts)
def test_a_hash_depends_on_its_text_alone(given_texts: list[str]) -> None:
    assert text_hashes(pa.array(given_texts, pa.string())).tolist() == [by_hand(text) for text in given_texts]


@given(texts, st.integers(0, 40))
def test_a_slice_has_the_hashes_of_its_texts(given_texts: list[str], start: int) -> None:
    whole = pa.array(given_texts, pa.large_string())
    assert text_hashes(whole.slice(start)).tolist() == [by_hand(text) for text in given_texts[start:]]


def test_hashing_in_pieces_does_not_change_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"request-{number}" for number in range(100)]
    expected = text_hashes(pa.array(names)).tolist()
    monkeypatch.setattr(hashing, "_PIECE_ROWS", 7)
    assert text_hashes(pa.array(names)).tolist() == expected == [by_hand(name) for name in names]


def test_a_million_ids_have_different_hashes() -> None:
    names = pa.array(range(10**6)).cast(pa.string())
    assert len(set(text_hashes(names).tolist())) == 10**6


def test_numbers_have_the_hashes_of_their_texts() -> None:
    assert text_hashes(pa.array([7, -1])).tolist() == [by_hand("7"), by_hand("-1")]


def test_a_null_does_not_change_other_hashes() -> None:
    assert text_hashes(pa.array(["a", None, "b"])).tolist()[::2] == [by_hand("a"), by_hand("b")]


hashes = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**48 - 1, 2**48, 2**63, 2**64 - 1])


@given(st.lists(hashes, max_size=60))
def test_hashes_are_sorted_and_the_sort_is_stable(numbers: list[int]) -> None:
    found = hash_order(np.array(numbers, np.uint64)).tolist()
    assert found == sorted(range(len(numbers)), key=numbers.__getitem__)
