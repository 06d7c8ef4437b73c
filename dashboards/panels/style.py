"""The common style of all panels: colours, units, targets and the small parts of Grafana's panel JSON.

A colour always has the same meaning: green is good, red is a page, orange is a ticket, blue is information, grey is
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dashboards.panels.queries import Query, Role
from exporter.catalogue import ALERTS, CHALLENGER, ROLE, SEGMENT, VERSION, Metric, Severity, Unit

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
"""The data source of every query: the selected one."""

GOOD: Final = "green"
UNKNOWN: Final = "#808080"
TRANSPARENT: Final = "transparent"
SEVERITY_COLOURS: Final = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.INFO: "blue"}
SEVERITY_TEXTS: Final = {Severity.CRITICAL: "page", Severity.WARNING: "ticket", Severity.INFO: "info"}
"""What a severity means, for cells: a second sign beside the colour."""

UNITS: Final[Mapping[Unit, str]] = {
    Unit.RATIO: "percentunit",
    Unit.SCORE: "none",
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

Limits = tuple[float | None, float | None]
"""The ends that an axis reaches at least; it goes further where values do, and `None` leaves an end to the values."""
Steps = Sequence[tuple[float | None, str]]
"""The value from which each colour applies; the first step has no value and is also the colour of no data."""
LOWEST: Final = -1e9
"""Below every real value: a second step from here leaves the first one to what has no value."""

FROM_ZERO: Final[Limits] = (0, 0.01)
"""From zero; the height keeps values that are all 0 on an axis that can be read, which Grafana would draw up to 100."""
TO_ONE: Final[Limits] = (0, 1)
"""From zero to one: counts, and the parts of a whole."""
ANY: Final[Limits] = (None, None)

LIMITS: Final[Mapping[Unit, Limits]] = {
    Unit.RATIO: FROM_ZERO,
    Unit.SCORE: ANY,  # a fall from 0.935 to 0.91 is not visible on an axis from 0 to 1
    Unit.NUMBER: ANY,
    Unit.DEVIATIONS: ANY,
    Unit.ROWS: TO_ONE,
    Unit.SECONDS: TO_ONE,
    Unit.TIMESTAMP: TO_ONE,
    Unit.BYTES: TO_ONE,
    Unit.FLAG: TO_ONE,
    Unit.INFO: TO_ONE,
}
"""The ends of the axis for each unit."""


def alert_colour(metric: Metric) -> str:
    """The colour of the alert that reads a metric, or blue if there is none."""
    severities = [alert.severity for alert in ALERTS if alert.metric == metric]
    return SEVERITY_COLOURS[severities[0] if severities else Severity.INFO]


@dataclass(frozen=True, slots=True)
class State:
    """The text and colour of a number in a panel of states."""

    text: str
    colour: str


def ref_id(index: int) -> str:
    """The id of a panel's query, starting with A."""
    return chr(ord("A") + index)


def target(index: int, query: Query, kind: Literal["range", "instant", "table", "buckets"]) -> dict[str, Any]:
    """A query in Grafana's JSON: over the time range, now, now as a table, or now as the buckets of a histogram.

    For buckets, Grafana turns cumulative counts into the count of each bucket.
    """
    formats = {"table": "table", "buckets": "heatmap"}
    return {
        "refId": ref_id(index),
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
    """The mapping from values to their text and colour."""
    options = {
        str(value): {"text": state.text, "color": state.colour, "index": index}
        for index, (value, state) in enumerate(states.items())
    }
    return [{"type": "value", "options": options}]


def fixed_colour(colour: str) -> dict[str, str]:
    """One colour for all values."""
    return {"mode": "fixed", "fixedColor": colour}


def override(matcher: str, option: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Other properties for the series that a matcher selects."""
    values = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": option}, "properties": values}


_DOTTED: Final = {"fill": "dot", "dash": [2, 6]}
_DASHES: Final = {
    Role.THRESHOLD: {"fill": "dash"},  # of ten pixels
    Role.REFERENCE: _DOTTED,
    Role.LOWER: _DOTTED,
    Role.UPPER: _DOTTED,
    Role.LAST_WEEK: {"fill": "solid"},
}


def companion_override(index: int, query: Query, colour: str) -> dict[str, Any]:
    """The look of a series that is not a value.

    A threshold is dashed, in the colour of its alert. A reference and an interval are dotted and grey, last week is
    solid and grey.
    """
    line = fixed_colour(colour if query.role is Role.THRESHOLD else UNKNOWN)
    look = {"color": line, "custom.lineStyle": _DASHES[query.role]}
    return override("byFrameRefID", ref_id(index), look)


_CHALLENGER: Final = "purple"
"""By name its colour could be near the champion's."""


def value_colours(queries: Sequence[Query]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The colour of values, and what overrides it.

    Where the series of one value differ by role, challengers are purple, and champions blue if nothing else differs but
    the version. All others have colours by their names: a feature keeps its own from panel to panel.
    """
    values = [query for query in queries if query.role is Role.VALUE]
    labels = {label for query in values for label in re.findall(r"\{\{(\w+)\}\}", query.legend)}
    by_role = len(values) == 1 and ROLE in labels and not labels - {ROLE, SEGMENT, VERSION}
    blue = by_role and SEGMENT not in labels
    purple = override("byRegexp", f"/\\b{CHALLENGER}\\b/", {"color": fixed_colour(_CHALLENGER)})
    return (
        fixed_colour(SEVERITY_COLOURS[Severity.INFO]) if blue else {"mode": "palette-classic-by-name"},
        [purple] if by_role else [],
    )
