"""The routing tree: which routes an alert takes, and which group of each it joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.routing import matchers
from generator.routing.matchers import Labels, Matcher

_ALL: Final = "..."

Group = frozenset[tuple[str, str]]
"""The labels, with their values, that the alerts of one notification have in common."""


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree, with what it inherits from the one above filled in."""

    receiver: str
    group_by: frozenset[str]
    matchers: tuple[Matcher, ...]
    continues: bool
    active: tuple[str, ...]
    muted: tuple[str, ...]
    routes: tuple[Route, ...]

    def taken(self, labels: Labels) -> Iterator[Route]:
        """The routes that an alert takes, in the order of the tree; none when this one does not match.

        An alert goes down into the first child that matches, and into later ones while the one that matches says
        `continue`; where no child matches, the route itself is taken.
        """
        if not matchers.hold(self.matchers, labels):
            return
        below = False
        for route in self.routes:
            found = tuple(route.taken(labels))
            below = below or bool(found)
            yield from found
            if found and not route.continues:
                break
        if not below:
            yield self

    def group(self, labels: Labels) -> Group:
        """The group that an alert joins here; a label of `group_by` that it lacks is not part of it."""
        every = _ALL in self.group_by
        return frozenset((name, value) for name, value in labels.items() if every or name in self.group_by)


def tree(configuration: Mapping[str, Any]) -> Route:
    """The tree of a configuration.

    Raises:
        RenderError: when a matcher in it is none.
    """
    return _route(configuration["route"], receiver="", group_by=frozenset())


def _route(part: Mapping[str, Any], receiver: str, group_by: frozenset[str]) -> Route:
    # Hours are a route's own: unlike the receiver and the grouping, they are not inherited.
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
