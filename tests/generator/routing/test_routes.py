from __future__ import annotations

from typing import Any

import pytest

from exporter.errors import RenderError
from generator.routing.routes import Route, tree

DOCUMENT: dict[str, Any] = {
    "route": {
        "receiver": "root",
        "group_by": ["alertname"],
        "routes": [
            {
                "matchers": ["a=1"],
                "receiver": "one",
                "group_by": ["a", "b"],
                "active_time_intervals": ["hours"],
                "continue": True,
                "routes": [{"matchers": ["b=1"]}, {"matchers": ["b=2"], "receiver": "deep", "group_by": ["..."]}],
            },
            {"matchers": ['a=~"1|2"'], "receiver": "two", "mute_time_intervals": ["nights"]},
            {"matchers": ["a=2"], "receiver": "never"},
        ],
    }
}


def taken(labels: dict[str, str]) -> list[Route]:
    return list(tree(DOCUMENT).matches(labels))


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["root"]),
        ({"a": "3"}, ["root"]),
        ({"a": "1"}, ["one", "two"]),  # it continues to the next, which does not
        ({"a": "1", "b": "1"}, ["one", "two"]),  # the child has its parent's receiver
        ({"a": "1", "b": "2"}, ["deep", "two"]),
        ({"a": "2"}, ["two"]),
    ],
)
def test_an_alert_matches_the_first_route_and_those_it_continues_to(
    labels: dict[str, str], receivers: list[str]
) -> None:
    assert [route.receiver for route in taken(labels)] == receivers


def test_grouping_is_inherited_and_hours_are_not() -> None:
    child, _ = taken({"a": "1", "b": "1"})
    assert child.group_by == {"a", "b"}
    assert child.active == child.muted == ()
    one, two = taken({"a": "1"})
    assert (one.active, two.muted) == (("hours",), ("nights",))
    assert two.group_by == {"alertname"}


def test_a_group_has_only_labels_of_the_alert() -> None:
    deep, two = taken({"a": "1", "b": "2", "c": "3"})
    assert deep.group({"a": "1", "c": "3"}) == {("a", "1"), ("c", "3")}
    assert two.group({"a": "1"}) == frozenset()


def test_a_route_of_another_alert_does_not_match() -> None:
    assert list(tree(DOCUMENT).routes[0].matches({"a": "2"})) == []


def test_an_empty_grouping_is_refused_since_versions_read_it_differently() -> None:
    with pytest.raises(RenderError, match="group_by"):
        tree({"route": {"receiver": "a", "routes": [{"group_by": []}]}})
