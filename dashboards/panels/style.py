"""What the house style is made of: colours, units, targets and the small parts of Grafana's panel JSON.

A colour means the same everywhere: green is good, red pages, orange is a ticket, blue is a note, grey is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dashboards.panels.queries import Query, Role
from exporter.catalogue import ALERTS, Metric, Severity, Unit

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
"""The data source of every query: the one that the user chose."""

GOOD: Final = "green"
UNKNOWN: Final = "#808080"
CLEAR: Final = "transparent"
SEVERITY_COLOURS: Final = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.INFO: "blue"}

UNITS: Final[Mapping[Unit, str]] = {
    Unit.RATIO: "percentunit",
    Unit.NUMBER: "none",
    Unit.DEVIATIONS: "suffix:\N{GREEK SMALL LETTER SIGMA}",
    Unit.ROWS: "short",
    Unit.SECONDS: "s",
    Unit.TIMESTAMP: "s",  # drawn as an age
    Unit.BYTES: "bytes",
    Unit.FLAG: "none",
    Unit.INFO: "none",
}
"""Grafana's name for each unit of the catalogue."""

Limits = tuple[int | None, int | None]
Steps = Sequence[tuple[float | None, str]]
"""From which value on which colour holds; the first has no value, and is also the colour of no data."""

LIMITS: Final[Mapping[Unit, Limits]] = {
    Unit.RATIO: (0, 1),
    Unit.NUMBER: (None, None),
    Unit.DEVIATIONS: (None, None),
    Unit.ROWS: (0, None),
    Unit.SECONDS: (0, None),
    Unit.TIMESTAMP: (0, None),
    Unit.BYTES: (0, None),
    Unit.FLAG: (0, 1),
    Unit.INFO: (0, 1),
}
"""The ends of the axis for each unit."""


def alarm(metric: Metric) -> str:
    """The colour of the alert that reads a metric; a note's when none does."""
    severities = [alert.severity for alert in ALERTS if alert.metric == metric]
    return SEVERITY_COLOURS[severities[0] if severities else Severity.INFO]


@dataclass(frozen=True, slots=True)
class State:
    """What a number stands for in a panel of states."""

    text: str
    colour: str


def letter(index: int) -> str:
    """The name of a panel's query, from A on."""
    return chr(ord("A") + index)


def target(index: int, query: Query, kind: Literal["range", "instant", "table", "buckets"]) -> dict[str, Any]:
    """A query as Grafana asks it: over the time shown, now, now as a table, or now as a histogram's buckets.

    What is at or below the end of a bucket becomes what is in it.
    """
    formats = {"table": "table", "buckets": "heatmap"}
    return {
        "refId": letter(index),
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expression,
        "format": formats.get(kind, "time_series"),
        "instant": kind != "range",
        "range": kind == "range",
        "legendFormat": query.legend or "__auto",
    }


def steps_json(steps: Steps) -> list[dict[str, Any]]:
    """The steps of a threshold; `null` is Grafana's minus infinity."""
    return [{"value": value, "color": colour} for value, colour in steps]


def mappings(states: Mapping[int, State]) -> list[dict[str, Any]]:
    """The text and colour that stand for a value."""
    options = {
        str(value): {"text": state.text, "color": state.colour, "index": index}
        for index, (value, state) in enumerate(states.items())
    }
    return [{"type": "value", "options": options}]


def fixed(colour: str) -> dict[str, str]:
    """One colour, whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def override(matcher: str, option: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Other properties for the series that a matcher finds."""
    values = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": option}, "properties": values}


_DOTTED: Final = {"fill": "dot", "dash": [2, 6]}
_DASHES: Final = {
    Role.THRESHOLD: {"fill": "dash", "dash": [10, 10]},
    Role.REFERENCE: _DOTTED,
    Role.LOWER: _DOTTED,
    Role.UPPER: _DOTTED,
    Role.LAST_WEEK: {"fill": "solid"},
}


def companion(index: int, query: Query, colour: str) -> dict[str, Any]:
    """How a series looks that is beside the values.

    A threshold is dashed, in the colour of its alert; a reference and an interval are dotted, last week grey too. Rows
    are read in the legend and beside the pointer: drawn, they would need an axis of their own.
    """
    line = fixed(colour if query.role is Role.THRESHOLD else UNKNOWN)
    return override("byFrameRefID", letter(index), {"color": line} | _looks(query.role))


def _looks(role: Role) -> dict[str, Any]:
    if role is Role.ROWS:
        return {"unit": UNITS[Unit.ROWS], "custom.lineWidth": 0, "custom.axisPlacement": "hidden"}
    return {"custom.lineStyle": _DASHES[role]}
