from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Jsonnet = Callable[..., Any]


def phase(value: Any, count: int) -> dict[str, Any]:
    return {"value": value, "count": count}


@pytest.mark.parametrize(
    ("phases", "text"),
    [
        ([phase(0.25, 2), phase(0.75, 3)], "0.25x1 0.75x2"),
        ([phase(1, 1)], "1x0"),
        ([phase(1, 2), phase(None, 3), phase(1, 2)], "1x1 stale _x2 1x1"),
        ([phase(1, 2), phase(None, 1)], "1x1 stale"),
        ([phase(None, 2), phase(1, 3)], "_x2 1x2"),
        ([phase(None, 2), phase(None, 3)], "_x2 _x3"),
        # A timestamp 60 s ago, at 0 s and 60 s; then one 600 s ago, at 120 s.
        ([phase({"age": 60}, 2), phase({"age": 600}, 1)], "-60+60x1 -480+60x0"),
    ],
)
def test_phases_follow_each_other(jsonnet: Jsonnet, phases: list[dict[str, Any]], text: str) -> None:
    assert jsonnet("lib.series.values(it, 60)", phases) == text


def test_a_series_is_named_by_its_labels(jsonnet: Jsonnet) -> None:
    assert jsonnet("lib.series.named({ name: 'm' }, { b: 'x\"', a: 'y' })") == 'm{a="y",b="x\\""}'
