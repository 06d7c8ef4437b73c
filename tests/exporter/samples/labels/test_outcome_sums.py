"""Sums of outcomes over spans of partitions; numbers stand for outcomes, which are only added."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from exporter.profiles.group import Group
from exporter.samples.labels.outcome_sums import OutcomeSums
from exporter.spec.windows import Window

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 2, 5, tzinfo=UTC)
OLD, NEW = Group("v1"), Group("v2")


def _hours(*parts: dict[Group, int]) -> Any:
    return {START + index * HOUR: part for index, part in enumerate(parts)}


def test_a_span_has_the_outcomes_of_its_partitions_by_group_in_order() -> None:
    sums = OutcomeSums(HOUR, _hours({OLD: 1}, {NEW: 10, OLD: 2}, {}, {NEW: 20}))
    assert list(sums.total(Window(START + HOUR, START + 4 * HOUR)).items()) == [(OLD, 2), (NEW, 30)]
    assert sums.total(Window(START + 2 * HOUR, START + 3 * HOUR)) == {}
    assert sums.total(Window(START - 9 * HOUR, START)) == {}


def test_a_label_that_comes_late_corrects_every_span_with_its_hour() -> None:
    span = Window(START, START + 3 * HOUR)
    before = _hours({OLD: 1}, {OLD: 2}, {OLD: 4})
    sums = OutcomeSums(HOUR, before)
    assert sums.total(span) == {OLD: 7}
    sums.update({**before, START + HOUR: {OLD: 3}})
    assert sums.total(span) == {OLD: 8}


def test_what_follows_from_a_span_is_derived_again_when_the_span_changes() -> None:
    sums, calls = OutcomeSums(timedelta(hours=1)), list[int]()
    one, other = object(), object()
    found = [sums.derived("slice", (source,), lambda: calls.append(1) or len(calls)) for source in (one, one, other)]
    assert found == [1, 1, 2]
    sums.update({})
    assert sums.derived("slice", (other,), lambda: 3) == 2
    sums.update({})
    sums.update({})
    assert sums.derived("slice", (other,), lambda: 3) == 3, "what nobody asks for is forgotten"
