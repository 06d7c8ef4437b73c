from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.source import Partition, StoredObject

stored = st.builds(StoredObject, st.text("ab/é", max_size=5), st.integers(0, 3), st.text("ab", max_size=3))


def test_a_partitions_size_is_that_of_its_objects() -> None:
    assert Partition("noon", (StoredObject("a", 3, "x"), StoredObject("b", 4, "y"))).size == 7


def test_a_fingerprint_has_sixteen_digits_and_ignores_the_name() -> None:
    item = StoredObject("a", 3, "x")
    prints = {Partition(name, (item,)).fingerprint for name in ("noon", "one")}
    assert len(prints) == 1
    assert len(int(prints.pop(), 16).to_bytes(8, "big")) == 8


def test_a_fingerprint_accepts_names_that_are_not_unicode() -> None:
    assert Partition("noon", (StoredObject(os.fsdecode(b"\xff"), 3, "x"),)).fingerprint


@given(st.sets(stored, min_size=1, max_size=4), st.sets(stored, min_size=1, max_size=4))
def test_fingerprints_are_equal_only_for_equal_objects(some: set[StoredObject], others: set[StoredObject]) -> None:
    one, other = Partition("noon", tuple(some)), Partition("noon", tuple(sorted(others, reverse=True)))
    assert (one.fingerprint == other.fingerprint) == (some == others)
