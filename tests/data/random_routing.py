"""Random valid Alertmanager configurations, and random alerts for them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from generator.routing.time_intervals import time_intervals

Document = dict[str, Any]

CASE: Final = "case"
"""The label that separates cases: no alert of one case inhibits one of another."""

_NAMES: Final = ("a", "b", "c", "d")
_VALUES: Final = ("", "x", "y", "xy", 'q"\\', "two\nlines", "é, {}")
_PATTERNS: Final = ("x|y", ".+", ".*", "x.*", "", "[xy]+", "(x|z).*", "y?", "two\nlines", "x{1,2}")
_ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Etc/GMT+7")
_WEEK: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_STEADY: Final = timedelta(minutes=10)


def configuration(chance: random.Random, receiver: str, now: datetime) -> Document:
    """Return a configuration with receivers at `receiver`/<name>; no interval begins or ends within ten minutes."""
    intervals = dict(_intervals(chance, now))
    receivers = [f"r{number}" for number in range(6)]
    root = {
        "receiver": "r0",
        "group_by": chance.choice([["a"], ["..."], ["a", "b", CASE]]),
        "routes": [_route(chance, receivers, list(intervals), 0) for _ in range(chance.randint(2, 4))],
    }
    return {
        "route": root,
        "inhibit_rules": [_rule(chance) for _ in range(chance.randint(1, 4))],
        "receivers": [{"name": name, "webhook_configs": [{"url": f"{receiver}/{name}"}]} for name in receivers],
        "time_intervals": [{"name": name, "time_intervals": each} for name, each in intervals.items()],
    }


def alerts(chance: random.Random, case: str) -> list[dict[str, str]]:
    """Return one to four alerts that fire together, each with its own `id`."""
    return [
        {CASE: case, "id": f"{case}.{number}"} | {name: value for name in _NAMES if (value := chance.choice(_VALUES))}
        for number in range(chance.randint(1, 4))
    ]


def _route(chance: random.Random, receivers: list[str], intervals: list[str], depth: int) -> Document:
    route: Document = {"matchers": _matchers(chance), "continue": chance.random() < 0.4}
    if chance.random() < 0.8:
        route["receiver"] = chance.choice(receivers)
    if chance.random() < 0.5:
        route["group_by"] = chance.choice([["..."], ["a"], ["b", "c"], [CASE, "d"]])
    for kind in ("active", "mute"):
        if chance.random() < 0.35:
            route[f"{kind}_time_intervals"] = chance.sample(intervals, chance.randint(1, 2))
    if depth < 2:
        route["routes"] = [
            _route(chance, receivers, intervals, depth + 1) for _ in range(chance.choice([0, 0, 1, 2, 3]))
        ]
    return route


def _rule(chance: random.Random) -> Document:
    equal = [CASE, *chance.sample(_NAMES, chance.randint(0, 2))]
    return {"source_matchers": _matchers(chance), "target_matchers": _matchers(chance), "equal": equal}


def _matchers(chance: random.Random) -> list[str]:
    return [_matcher(chance) for _ in range(chance.choice([1, 1, 2]))]


def _matcher(chance: random.Random) -> str:
    operator = chance.choice(["=", "!=", "=~", "!~"])
    value = chance.choice(_PATTERNS if operator.endswith("~") else _VALUES)
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{chance.choice(_NAMES)}{operator}"{quoted}"'


def _intervals(chance: random.Random, now: datetime) -> Iterator[tuple[str, list[Document]]]:
    count = 0
    while count < 6:
        each = [_interval(chance) for _ in range(chance.choice([1, 1, 2]))]
        (read,) = time_intervals({"time_intervals": [{"name": "it", "time_intervals": each}]}).values()
        moments = [now + step * timedelta(minutes=1) for step in range(-1, int(_STEADY / timedelta(minutes=1)) + 1)]
        inside = {any(interval.contains(moment) for interval in read) for moment in moments}
        # Half of them contain the present, as few random intervals with many conditions do.
        if inside == {count % 2 == 0}:
            yield f"i{count}", each
            count += 1


def _interval(chance: random.Random) -> Document:
    interval: Document = {"location": chance.choice(_ZONES)} if chance.random() < 0.7 else {}
    if chance.random() < 0.6:
        start, end = sorted(chance.sample(range(0, 24 * 60 + 1, 10), 2))
        interval["times"] = [{"start_time": _clock(start), "end_time": _clock(end)}]
    if chance.random() < 0.6:
        first, last = sorted(chance.choices(range(7), k=2))
        interval["weekdays"] = [f"{_WEEK[first]}:{_WEEK[last]}", _WEEK[chance.randrange(7)]]
    if chance.random() < 0.3:
        first, last = sorted(chance.choices(range(1, 32), k=2))
        interval["days_of_month"] = [f"{first}:{last}", f"-{chance.randint(2, 20)}:-1"]
    if chance.random() < 0.3:
        first, last = sorted(chance.choices(range(1, 13), k=2))
        interval["months"] = [f"{first}:{last}", chance.choice(["june", "november:december"])]
    if chance.random() < 0.2:
        interval["years"] = [chance.choice(["2020:2100", "2001", "2026:2027"])]
    return interval or {"weekdays": ["sunday:saturday"]}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
