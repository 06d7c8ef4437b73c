"""Which labels are joined with which predictions."""

from __future__ import annotations

import pytest

from exporter.labels import plan
from exporter.labels.plan import Arrivals, Joined

NONE = Joined({}, frozenset())


def test_unmatched_partitions_are_those_seen_without_rows() -> None:
    joined = NONE.compared(["a", "b"], {}).add(["b", "c"], {"c": 2}, "")
    assert (joined.seen, joined.rows, joined.unmatched) == ({"a", "b", "c"}, {"c": 2}, {"a", "b"})


def test_rows_before_the_look_back_are_dropped_only_with_the_next_join() -> None:
    joined = NONE.add(["a"], {"a": 1}, "a")
    assert joined.compared(["b"], {}).rows == {"a": 1}
    assert joined.add(["b"], {"b": 3}, "b").rows == {"b": 3}


def test_a_reset_keeps_unmatched_partitions() -> None:
    joined = NONE.add(["a", "b", "c"], {"a": 1, "b": 1}, "")
    assert joined.reset_to({"b": 1}) == Joined({"b": 1}, frozenset({"b", "c"}))


def test_equal_sets_become_one_object() -> None:
    sets: plan.Sets = {}
    left, right = (NONE.compared(["a", "b"], {}).shared(sets) for _ in range(2))
    assert left.seen is right.seen


@pytest.mark.parametrize(("first", "rewritten"), [("a", True), ("b", False)])
def test_a_joined_partition_within_the_look_back_that_is_gone_was_rewritten(first: str, rewritten: bool) -> None:
    arrivals = Arrivals({"b": 1}, first)
    assert arrivals.rewritten(Joined({"a": 1}, frozenset("a"))) is rewritten


def test_unmatched_partitions_that_are_gone_are_forgotten() -> None:
    arrivals = Arrivals({"b": 1}, "b")
    current = arrivals.current(Joined({"a": 1}, frozenset("abc")), {})
    assert current == Joined({"a": 1}, frozenset("ab"))
    assert arrivals.complete(current)
    assert not arrivals.complete(NONE)


def test_what_many_hours_need_is_merged_up_to_a_size_and_the_rest_is_joined_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "MERGED_LABELS", 5)
    monkeypatch.setattr(plan, "_SMALL", 1)
    arrivals = Arrivals({"a": 2, "b": 3, "c": 1, "d": 9, "e": 1, "f": 1}, "")
    few = [NONE.compared("abcd", {})]
    many = [NONE.compared("ef", {})] * 9
    assert arrivals.pieces([*many, *few]) == [("a", "b"), ("c",), ("d",), ("e",), ("f",)]
    assert arrivals.pieces(few) == [("e",), ("f",)]
    assert arrivals.pieces([NONE.compared("abcdef", {})]) == []
    monkeypatch.setattr(plan, "_SMALL", 2)
    assert arrivals.pieces(few) == [("e", "f")], "partitions with few labels are joined at once"
