from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.source import Partition
from exporter.sources.tables.live_files import LiveFile, in_ranges, merged_files, partitions_of
from exporter.sources.tables.time_range import TimeRange

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = [NOON + index * HOUR for index in range(4)]


def live(path: str, first: datetime, last: datetime) -> LiveFile:
    return LiveFile(path, 1, "", span=(first, last))


def paths(partition: Partition) -> list[str]:
    return [item.path for item in partition.objects]


def test_a_file_is_in_the_partitions_that_its_times_overlap() -> None:
    within = live("a", NOON, NOON + HOUR - timedelta(microseconds=1))
    across = live("b", NOON + HOUR, NOON + 2 * HOUR)
    before, after = live("c", NOON - HOUR, NOON - timedelta(seconds=1)), live("d", NOON + 4 * HOUR, NOON + 9 * HOUR)
    found = partitions_of([within, across, before, after], HOURS, HOUR)
    assert {start: paths(partition) for start, partition in found.items()} == {
        HOURS[0]: ["a"],
        HOURS[1]: ["b [2026-11-22T13:00:00Z, 2026-11-22T14:00:00Z)"],
        HOURS[2]: ["b [2026-11-22T14:00:00Z, 2026-11-22T15:00:00Z)"],
    }
    assert found[HOURS[0]].name == "2026-11-22T12:00Z"
    assert [item.without_time for item in (*found[HOURS[1]].objects, *found[HOURS[2]].objects)] == [True, False]


def test_a_file_without_known_times_is_in_every_partition() -> None:
    found = partitions_of([LiveFile("a", 1, "")], HOURS, HOUR)
    assert [paths(found[start])[0].partition(" ")[0] for start in HOURS] == ["a"] * 4


def test_parts_of_a_file_are_read_as_one() -> None:
    found = partitions_of([live("a [x)", NOON, NOON + 3 * HOUR), live("b", NOON, NOON)], HOURS, HOUR)
    items = tuple(item for start in (HOURS[0], HOURS[1], HOURS[3]) for item in found[start].objects)
    merged = merged_files(Partition("all", items))
    assert [(file.file, file.ranges, file.without_time, len(parts)) for file, parts in merged.items()] == [
        ("a [x)", (TimeRange(NOON, NOON + 2 * HOUR), TimeRange(HOURS[3], HOURS[3] + HOUR)), True, 3),
        ("b", (), True, 1),
    ]


def test_the_fingerprint_changes_with_deleted_rows_and_not_with_other_files() -> None:
    one, other = live("a", NOON, NOON), live("b", HOURS[1], HOURS[1])
    print_of = [
        partitions_of(files, HOURS, HOUR)[NOON].fingerprint
        for files in ([one], [one, other], [LiveFile("a", 1, "x", span=(NOON, NOON))])
    ]
    assert print_of[0] == print_of[1] != print_of[2]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.timestamp("ms", "America/New_York"), pa.timestamp("s")]
)
def test_times_are_compared_in_utc(kind: pa.DataType) -> None:
    column = pa.chunked_array([pa.array([NOON, NOON + HOUR, None], pa.timestamp("us", "UTC")).cast(kind)])
    file = live("a", NOON, NOON + HOUR)
    first, second = file.cut(TimeRange(NOON, NOON + HOUR)), file.cut(TimeRange(NOON + HOUR, NOON + 2 * HOUR))
    assert in_ranges(column, first).to_pylist() == [True, False, True]
    assert in_ranges(column, second).to_pylist() == [False, True, False]


def test_days_are_midnights() -> None:
    day = datetime(2026, 11, 22, tzinfo=UTC)
    file = live("a", day, day + 30 * timedelta(days=1)).cut(TimeRange(day, day + timedelta(days=1)))
    assert in_ranges(pa.chunked_array([[date(2026, 11, 22), date(2026, 11, 23)]]), file).to_pylist() == [True, False]


moments = st.integers(-2 * 3600, 6 * 3600).map(lambda second: NOON + timedelta(seconds=second))


@given(
    st.lists(st.lists(st.none() | moments, min_size=1, max_size=8), max_size=6),
    st.sampled_from([HOUR, 2 * HOUR, timedelta(minutes=30)]),
)
def test_each_row_of_the_partitions_is_in_exactly_one(rows: list[list[datetime | None]], grain: timedelta) -> None:
    files = {}
    for number, times in enumerate(rows):
        known = [moment for moment in times if moment is not None]
        if known:
            files[live(str(number), min(known), max(known))] = times
    starts = [NOON - 2 * HOUR + index * grain for index in range(8 * HOUR // grain + 1)]
    counted = Counter[tuple[str, datetime | None]]()
    for start, partition in partitions_of(files, starts, grain).items():
        for item in partition.objects:
            assert isinstance(item, LiveFile)
            column = pa.chunked_array([pa.array(files[item], pa.timestamp("us", "UTC"))]) if item in files else None
            column = column or next(
                pa.chunked_array([pa.array(times, pa.timestamp("us", "UTC"))])
                for file, times in files.items()
                if file.path == item.file
            )
            kept = in_ranges(column, item).to_pylist() if item.ranges else [True] * len(column)
            own = [time for time, counts in zip(column.to_pylist(), kept, strict=True) if counts]
            assert all(time is None or start <= time < start + grain for time in own)
            counted.update((item.file, time) for time in own)
    assert counted == Counter((file.path, time) for file, times in files.items() for time in times)
