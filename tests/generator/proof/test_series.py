from __future__ import annotations

from typing import Any

import pytest

from exporter.catalogue import REPLICA_LABELS
from generator.proof.series import Phase, duration, replicated, ticks, values


@pytest.mark.parametrize(
    ("phases", "text"),
    [
        ([(0.25, 2), (0.75, 3)], "0.25x1 0.75x2"),
        ([(1, 1)], "1x0"),
        ([(1, 2), (None, 3), (1, 2)], "1x1 stale _x2 1x1"),
        ([(1, 2), (None, 1)], "1x1 stale"),
        ([(None, 2), (1, 3)], "_x2 1x2"),
        ([(None, 2), (None, 3)], "_x2 _x3"),
        # A timestamp 60 s ago, at 0 s and 60 s; then one 600 s ago, at 120 s.
        ([({"age": 60}, 2), ({"age": 600}, 1)], "-60+60x1 -480+60x0"),
        # A counter that begins to grow, and begins anew.
        ([(0, 2), ({"grows": 3}, 3), (0, 1)], "0x1 3+3x2 0x0"),
    ],
)
def test_phases_follow_each_other(phases: list[tuple[Any, int]], text: str) -> None:
    assert values([Phase(*phase) for phase in phases], 60) == text


def test_a_series_has_two_replicas_that_differ_only_in_their_labels() -> None:
    one, other = replicated("m", {"b": 'x"\n'}, [Phase(1, 2)], 60)
    replica = ",".join(f'{label}="{label}-a"' for label in sorted(REPLICA_LABELS[2:]))
    assert one["series"].startswith(f'm{{b="x\\"\\n",container="container-a",{replica.split(",")[1]},')
    assert one["series"].replace('-a"', '-b"') == other["series"] != one["series"]
    assert one["values"] == other["values"] == "1x1"


@pytest.mark.parametrize(("seconds", "text"), [(7, "7s"), (90, "90s"), (900, "15m"), (5400, "90m"), (172800, "48h")])
def test_a_duration_is_in_its_largest_whole_unit(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "count"), [(0, 0), (1, 1), (60, 1), (61, 2), (120, 2)])
def test_part_of_a_tick_counts_as_a_tick(seconds: int, count: int) -> None:
    assert ticks(seconds, 60) == count
