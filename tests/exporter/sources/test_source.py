from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.source import Partition, StoredObject

stored = st.builds(StoredObject, st.text("ab/é", max_size=5), st.integers(0, 3), st.text("ab", max_size=3))


def test_a_partition_is_as_big_as_its_objects() -> None:
    assert Partition("noon", (StoredObject("a", 3, "x"), StoredObject("b", 4, "y"))).size == 7


def test_a_fingerprint_is_sixteen_digits_of_what_is_stored_and_not_of_the_name() -> None:
    item = StoredObject("a", 3, "x")
    prints = {Partition(name, (item,)).fingerprint for name in ("noon", "one")}
    assert len(prints) == 1
    assert len(int(prints.pop(), 16).to_bytes(8, "big")) == 8


def test_it_takes_names_that_are_no_text() -> None:
    assert Partition("noon", (StoredObject(os.fsdecode(b"\xff"), 3, "x"),)).fingerprint


@given(st.sets(stored, min_size=1, max_size=4), st.sets(stored, min_size=1, max_size=4))
def test_it_is_the_same_exactly_when_the_same_is_stored(some: set[StoredObject], others: set[StoredObject]) -> None:
    one, other = Partition("noon", tuple(some)), Partition("noon", tuple(sorted(others, reverse=True)))
    assert (one.fingerprint == other.fingerprint) == (some == others)
