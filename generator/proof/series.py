"""The input series of a proof, in promtool's notation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from exporter.catalogue import REPLICA_LABELS

TARGET: Final = {"job": "leeway", "namespace": "ml"}
"""The labels that a scrape adds to every series."""

REPLICAS: Final = ("a", "b")
"""Those of the exporter."""

_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
"""A text as a literal of PromQL, which reads Go's escapes, JSON's among them."""
_REPLICA_MARK: Final = "\x01"
"""Stands for the name of a replica. A control character: no quoted text holds one as it is."""
_SCRAPED: Final = tuple(f'{label}="{label}-{_REPLICA_MARK}"' for label in REPLICA_LABELS)


class Phase(NamedTuple):
    """So many samples of a value: a number or its text, `{"age": n}` for a time n seconds ago, None for none.

    `{"grows": n}` is a counter that grows by n with each sample, from n.
    """

    value: Any
    samples: int


def exposed(
    metric: str, labels: Mapping[str, str], phases: Iterable[Phase], tick: int, replicas: Iterable[str] = REPLICAS
) -> list[dict[str, str]]:
    """A series as each replica of the exporter exposes it."""
    matchers = sorted([*_matchers({**labels, **TARGET}), *_SCRAPED])
    name, text = f"{metric}{{{','.join(matchers)}}}", values(phases, tick)
    return [{"series": name.replace(_REPLICA_MARK, replica), "values": text} for replica in replicas]


def named(metric: str, labels: Mapping[str, str]) -> str:
    """A series by its labels."""
    return f"{metric}{{{','.join(sorted(_matchers(labels)))}}}"


def values(phases: Iterable[Phase], tick: int) -> str:
    """Phases one after the other from time 0; `tick` is the seconds between two samples."""
    return " ".join(_texts(phases, tick))


def duration(seconds: int) -> str:
    """Seconds as a duration, in their largest whole unit up to hours: 900 is 15m."""
    unit, size = next((unit, size) for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def ticks(seconds: int, tick: int) -> int:
    """How many ticks it takes until so many seconds are over."""
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
    """A series that ends is marked stale, as by a scrape that no longer finds it."""
    if not had:
        return f"_x{count}"
    return "stale" if count == 1 else f"stale _x{count - 1}"
