"""Inhibition: which firing alerts inhibit which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.routing import matchers
from generator.routing.matchers import Labels, Matcher


@dataclass(frozen=True, slots=True)
class Rule:
    """An inhibition rule: a firing source alert inhibits the target alerts with the same values of the equal labels."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def inhibited(self, firing: Sequence[Labels]) -> Iterator[int]:
        """Yield the indexes of the alerts that another one inhibits; an inhibited alert still inhibits others.

        A missing label equals another missing one and an empty one. An alert that matches source and target is not
        inhibited by another such alert, so none inhibits itself.
        """
        sources: dict[tuple[str, ...], set[bool]] = defaultdict(set)
        for labels in firing:
            if matchers.all_match(self.source, labels):
                sources[self._key(labels)].add(matchers.all_match(self.target, labels))
        for index, labels in enumerate(firing):
            source_is_target = sources.get(self._key(labels), set())
            if (source_is_target and matchers.all_match(self.target, labels)) and (
                False in source_is_target or not matchers.all_match(self.source, labels)
            ):
                yield index

    def _key(self, labels: Labels) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in self.equal)


def rules(configuration: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the inhibition rules of a configuration.

    Raises:
        RenderError: when a matcher is invalid.
    """
    return tuple(
        Rule(matchers.read(part, "source_"), matchers.read(part, "target_"), tuple(part.get("equal") or ()))
        for part in configuration.get("inhibit_rules") or ()
    )
