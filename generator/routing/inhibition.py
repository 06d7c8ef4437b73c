"""Inhibition: which of the alerts that fire silence which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.routing import matchers
from generator.routing.matchers import Labels, Matcher


@dataclass(frozen=True, slots=True)
class Rule:
    """While an alert of the source fires, those of the target that are equal to it in some labels tell nobody."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def silenced(self, firing: Sequence[Labels]) -> Iterator[int]:
        """The places of the alerts that another silences; one that is silenced itself silences all the same.

        Two labels that are both missing are equal, and so are a missing one and an empty one. Of two alerts that are
        both on both sides neither silences the other, so none silences itself.
        """
        sources: dict[tuple[str, ...], set[bool]] = defaultdict(set)
        for labels in firing:
            if matchers.hold(self.source, labels):
                sources[self._key(labels)].add(matchers.hold(self.target, labels))
        for place, labels in enumerate(firing):
            found = sources.get(self._key(labels), set())
            if (found and matchers.hold(self.target, labels)) and (
                False in found or not matchers.hold(self.source, labels)
            ):
                yield place

    def _key(self, labels: Labels) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in self.equal)


def rules(configuration: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a configuration.

    Raises:
        RenderError: when a matcher in it is none.
    """
    return tuple(
        Rule(matchers.read(part, "source_"), matchers.read(part, "target_"), tuple(part.get("equal") or ()))
        for part in configuration.get("inhibit_rules") or ()
    )
