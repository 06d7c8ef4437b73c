"""The input series of promtool tests, in promtool's notation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from exporter.catalogue import REPLICA_LABELS

TARGET: Final = {"job": "leeway", "namespace": "ml"}
"""The labels that a scrape adds to every series."""

REPLICAS: Final = ("a", "b")
"""The replicas of the exporter."""

_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
"""Quotes a text as a PromQL literal, which allows Go's escapes, and so JSON's."""
_REPLICA_MARK: Final = "\x01"
"""A placeholder for the name of a replica: a control character, which no quoted text contains unescaped."""
_SCRAPED: Final = tuple(f'{label}="{label}-{_REPLICA_MARK}"' for label in REPLICA_LABELS)


class Phase(NamedTuple):
    """A number of samples of one value: a number or its text, or None for no samples.

    `{"age": n}` is the timestamp n seconds ago; `{"grows": n}` is a counter that starts at n and grows by n per sample.
    """

    value: Any
    samples: int


def replicated(
    metric: str, labels: Mapping[str, str], phases: Iterable[Phase], tick: int, replicas: Iterable[str] = REPLICAS
) -> list[dict[str, str]]:
    """Return a series as each replica of the exporter exposes it."""
    matchers = sorted([*_matchers({**labels, **TARGET}), *_SCRAPED])
    name, text = f"{metric}{{{','.join(matchers)}}}", values(phases, tick)
    return [{"series": name.replace(_REPLICA_MARK, replica), "values": text} for replica in replicas]


def values(phases: Iterable[Phase], tick: int) -> str:
    """Return the values of consecutive phases from time 0; `tick` is the seconds between two samples."""
    return " ".join(_texts(phases, tick))


def duration(seconds: int) -> str:
    """Return seconds as a duration in the largest unit, up to hours, that gives a whole number: 900 is 15m."""
    unit, size = next((unit, size) for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def ticks(seconds: int, tick: int) -> int:
    """Return the number of ticks in so many seconds, rounded up."""
    return -(-seconds // tick)


def _matchers(labels: Mapping[str, str]) -> Iterator[str]:
    return (f"{label}={_quoted(value)}" for label, value in labels.items())


def _texts(phases: Iterable[Phase], tick: int) -> Iterator[str]:
    ticks, had = 0, False
    for value, count in phases:
        if value is None:
            yield _gap(count, had=had)
        elif isinstance(value, Mapping):
            first, step = (value["grows"],) * 2 if "grows" in value else (ticks * tick - value["age"], tick)
            yield f"{first}+{step}x{count - 1}"
        else:
            yield f"{value}x{count - 1}"
        ticks, had = ticks + count, value is not None


def _gap(count: int, *, had: bool) -> str:
    """Return a gap: a series that had samples is marked stale first, as by a scrape that no longer has it."""
    if not had:
        return f"_x{count}"
    return "stale" if count == 1 else f"stale _x{count - 1}"
