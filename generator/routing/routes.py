"""The routing tree: which routes an alert matches, and which group of each it joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.errors import RenderError
from generator.routing import matchers
from generator.routing.matchers import Labels, Matcher

_ALL: Final = "..."

Group = frozenset[tuple[str, str]]
"""The labels and values that the alerts of one notification share."""


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree, with the values that it inherits from its parent."""

    receiver: str
    group_by: frozenset[str]
    matchers: tuple[Matcher, ...]
    continues: bool
    active: tuple[str, ...]
    muted: tuple[str, ...]
    routes: tuple[Route, ...]

    def matches(self, labels: Labels) -> Iterator[Route]:
        """Yield the routes that an alert matches, in the order of the tree; none when this one does not match.

        An alert goes to the first child that matches, and on to the next ones while the matching child has `continue`.
        Where no child matches, it stays at this route.
        """
        if not matchers.all_match(self.matchers, labels):
            return
        child_matched = False
        for route in self.routes:
            matching = tuple(route.matches(labels))
            child_matched = child_matched or bool(matching)
            yield from matching
            if matching and not route.continues:
                break
        if not child_matched:
            yield self

    def group(self, labels: Labels) -> Group:
        """Return the group that an alert joins at this route, without labels of `group_by` that the alert lacks."""
        every = _ALL in self.group_by
        return frozenset((name, value) for name, value in labels.items() if every or name in self.group_by)


def tree(configuration: Mapping[str, Any]) -> Route:
    """Return the routing tree of a configuration.

    Raises:
        RenderError: when a matcher is invalid, or the grouping means something else in each version of Alertmanager.
    """
    return _route(configuration["route"], receiver="", group_by=frozenset())


def _route(part: Mapping[str, Any], receiver: str, group_by: frozenset[str]) -> Route:
    if part.get("group_by") == []:  # inherited before Alertmanager 0.31, one group for all since
        raise RenderError("group_by: []: versions of Alertmanager read it differently: leave it out, or name labels")
    # Time intervals are not inherited, unlike the receiver and the grouping.
    receiver = part.get("receiver") or receiver
    group_by = frozenset(part.get("group_by") or group_by)
    return Route(
        receiver,
        group_by,
        matchers.read(part),
        bool(part.get("continue")),
        tuple(part.get("active_time_intervals") or ()),
        tuple(part.get("mute_time_intervals") or ()),
        tuple(_route(child, receiver, group_by) for child in part.get("routes") or ()),
    )
