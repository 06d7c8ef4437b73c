"""One builder for each kind of panel, over grafanalib's classes.

Every panel has a `PanelInfo`, which says what it is and what to do about it, a unit from the catalogue, and a
text for the day on which there are no data. A threshold is drawn from its own series. What grafanalib writes wrong is
put right by `dashboards.normalise`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafanalib.core import GridPos, Panel, Stat, StateTimeline, Table, TableSortByField, TimeSeries

from dashboards.panels.queries import Query, Role
from dashboards.panels.style import (
    CLEAR,
    DATASOURCE,
    LIMITS,
    SEVERITY_COLOURS,
    UNITS,
    UNKNOWN,
    Limits,
    State,
    Steps,
    companion,
    fixed,
    letter,
    mappings,
    override,
    steps_json,
    target,
)
from exporter.catalogue import Severity, Unit


def panel_id(key: str) -> int:
    """A panel's id, from 1 to 2**31 - 1: it follows from `key` alone, so a link to it outlives titles and order."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % (2**31 - 1) + 1


@dataclass(frozen=True, slots=True)
class PanelInfo:
    """What every panel has, whatever it draws.

    `key` is its identity within the dashboard, `size` its width and height on a grid 24 wide. The description is made
    of `meaning`, the `window` that the values are from, and the `action` to take; `empty` stands where there are no
    data. `links` are the panel's, `data_links` those of its values.
    """

    key: str
    title: str
    meaning: str
    window: str
    action: str
    empty: str = "No data yet"
    size: tuple[int, int] = (12, 8)
    links: tuple[dict[str, Any], ...] = ()
    data_links: tuple[dict[str, Any], ...] = ()

    @property
    def description(self) -> str:
        """Markdown, three paragraphs."""
        return f"{self.meaning}\n\n**Window:** {self.window}\n\n**Do:** {self.action}"


def timeseries(
    card: PanelInfo,
    queries: Sequence[Query],
    unit: Unit,
    *,
    colour: str = SEVERITY_COLOURS[Severity.INFO],
    limits: Limits | None = None,
    steps: Steps = (),
    style: Literal["line", "bars", "area"] = "line",
) -> TimeSeries:
    """Lines over time, with the thresholds and references among `queries`.

    `colour` is that of thresholds, `limits` are the axis's ends, by default what the unit says, and `steps` draw fixed
    lines where a limit is no series. Areas are stacked. A gap stays a gap: nothing was published there.
    """
    lower, upper = limits or LIMITS[unit]
    companions = [(index, query) for index, query in enumerate(queries) if query.role is not Role.VALUE]
    return TimeSeries(
        **common(card, [target(index, query, "range") for index, query in enumerate(queries)]),
        unit=UNITS[unit],
        valueMin=lower,
        valueMax=upper,
        drawStyle="bars" if style == "bars" else "line",
        fillOpacity=0 if style == "line" else 60,
        stacking={"mode": "normal", "group": "A"} if style == "area" else {},
        colorMode="palette-classic-by-name",  # a feature keeps its colour from panel to panel
        legendDisplayMode="table",
        legendCalcs=["last", "max"],
        tooltipMode="multi",
        tooltipSort="desc",
        thresholds=steps_json(steps or ((None, CLEAR),)),
        thresholdsStyleMode="dashed" if steps else "off",
        overrides=[companion(index, query, colour) for index, query in companions],
        extraJson=defaults(card),
    )


def stat(
    card: PanelInfo,
    query: Query,
    unit: Unit,
    *,
    steps: Steps = ((None, UNKNOWN),),
    colours: Mapping[str, str] | None = None,
) -> Stat:
    """The state now, as a coloured tile: never the last value of something that has ended.

    The colour comes from `steps`, or from `colours` by the name of the series.
    """
    named = colours or {}
    return Stat(
        **common(card, [target(0, query, "instant")]),
        format=UNITS[unit],
        color={"mode": "thresholds"},
        colorMode="background",
        graphMode="none",
        textMode="value_and_name" if named else "value",
        reduceCalc="lastNotNull",
        noValue=card.empty,
        thresholds=steps_json(steps),
        overrides=[override("byName", name, {"color": fixed(colour)}) for name, colour in named.items()],
        extraJson=defaults(card),
    )


def state_timeline(card: PanelInfo, queries: Sequence[Query], states: Mapping[int, State]) -> StateTimeline:
    """Bars over time, one for each series, coloured by its state."""
    return StateTimeline(
        **common(card, [target(index, query, "range") for index, query in enumerate(queries)]),
        mappings=mappings(states),
        showValue="never",
        tooltipMode="multi",
        thresholds=steps_json(((None, UNKNOWN),)),
        extraJson=defaults(card, unit="none"),
    )


class StatusHistory(Panel):  # type: ignore[misc]  # grafanalib has no types
    """Grafana's status history, which grafanalib does not have; its field configuration comes in `extraJson`."""

    def to_json_data(self) -> Any:
        """The panel as Grafana's JSON."""
        options = {
            "showValue": "never",
            "rowHeight": 0.9,
            "colWidth": 0.9,
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi"},
        }
        return self.panel_json({"type": "status-history", "options": options})


def status_history(card: PanelInfo, query: Query, states: Mapping[int, State]) -> StatusHistory:
    """Cells, one for each series and moment, coloured by state: at most a hundred moments, so that each can be seen."""
    cells = {"mappings": mappings(states), "color": {"mode": "thresholds"}, "custom": {"lineWidth": 1}}
    return StatusHistory(
        **common(card, [target(0, query, "range")]) | {"maxDataPoints": 100},
        thresholds=steps_json(((None, UNKNOWN),)),
        extraJson=defaults(card, unit="none", **cells),
    )


class Bars(Panel):  # type: ignore[misc]  # grafanalib has no types
    """Grafana's bar gauge as newer ones write it; its field configuration comes in `extraJson`."""

    def to_json_data(self) -> Any:
        """The panel as Grafana's JSON."""
        options = {
            "displayMode": "basic",
            "orientation": "horizontal",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "valueMode": "text",
            "namePlacement": "left",
            "showUnfilled": False,
            "sizing": "auto",
            "minVizHeight": 8,
            "minVizWidth": 8,
            "maxVizHeight": 300,
        }
        return self.panel_json({"type": "bargauge", "options": options})


def bars(card: PanelInfo, query: Query, unit: Unit) -> Bars:
    """Rows between the ends of a histogram's buckets, now: a bar for each, from the least to the greatest."""
    colour = fixed(SEVERITY_COLOURS[Severity.INFO])
    return Bars(
        **common(card, [target(0, query, "buckets")]),
        thresholds=steps_json(((None, UNKNOWN),)),
        extraJson=defaults(card, unit=UNITS[unit], min=0, color=colour),
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: an expression with one value for each row, and how its cells look.

    `unit` is Grafana's; `steps` or `states` colour the cells, `links` open from them. A hidden column serves links of
    others. A `trend` draws its values over the time shown, as a small line.
    """

    title: str
    expression: str
    unit: str
    steps: Steps = ()
    states: Mapping[int, State] | None = None
    links: tuple[dict[str, Any], ...] = ()
    hidden: bool = False
    trend: bool = False

    @property
    def kind(self) -> Literal["range", "table"]:
        """How it is asked."""
        return "range" if self.trend else "table"

    @property
    def field(self) -> str:
        """What Grafana calls the values, before the name of the query."""
        return "Trend" if self.trend else "Value"

    def override(self) -> dict[str, Any]:
        """What makes the column look so."""
        properties: dict[str, Any] = {"unit": self.unit}
        if self.states:
            properties["mappings"] = mappings(self.states)
        if self.steps:
            properties["thresholds"] = {"mode": "absolute", "steps": steps_json(self.steps)}
        if self.states or self.steps:
            properties["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
        if self.trend:
            properties["custom.cellOptions"] = {"type": "sparkline", "hideValue": True}
            properties["color"] = fixed(SEVERITY_COLOURS[Severity.INFO])
        if self.links:
            properties["links"] = list(self.links)
        if self.hidden:
            properties["custom.hidden"] = True
        return override("byName", self.title, properties)


def table(
    card: PanelInfo,
    keys: Mapping[str, str],
    columns: Sequence[Column],
    *,
    sort: Sequence[str],
    hidden: Sequence[str] = (),
) -> Table:
    """One row for each combination of the labels that all expressions have, one column for each expression, now.

    A trend gives a row to whatever it has had a value of; its expression leaves out what is no more.
    `keys` gives labels their titles; the panel's `data_links` open from the first, `hidden` ones serve links.
    `sort` are the titles of the columns whose highest come first.
    """
    names = {f"{column.field} #{letter(index)}": column.title for index, column in enumerate(columns)}
    order = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate([*keys, *names])},
        "renameByName": {**keys, **names},
    }
    unseen = [override("byName", label, {"custom.hidden": True}) for label in hidden]
    trends = any(column.trend for column in columns)
    first = override("byName", next(iter(keys.values())), {"links": list(card.data_links)})
    return Table(
        **common(card, [target(index, Query(column.expression), column.kind) for index, column in enumerate(columns)])
        | {"maxDataPoints": 100 if trends else None},  # as many as a cell is wide
        transformations=[
            *([{"id": "timeSeriesTable", "options": {}}] if trends else []),
            {"id": "merge", "options": {}},
            {"id": "organize", "options": order},
        ],
        overrides=[first, *unseen, *(column.override() for column in columns)],
        sortBy=[TableSortByField(displayName=title, desc=True) for title in sort],
        filterable=True,
        unit="none",
        thresholds=steps_json(((None, CLEAR),)),
        extraJson={"fieldConfig": {"defaults": {"noValue": card.empty}}},
    )


def common(card: PanelInfo, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """What grafanalib wants of every panel."""
    width, height = card.size
    return {
        "id": panel_id(card.key),
        "title": card.title,
        "description": card.description,
        "dataSource": DATASOURCE,
        "targets": targets,
        "gridPos": GridPos(h=height, w=width, x=0, y=0),
        "links": list(card.links),
        "maxDataPoints": None,
    }


def defaults(card: PanelInfo, **more: Any) -> dict[str, Any]:
    """How all of a panel's fields look, beyond what grafanalib can say."""
    return {"fieldConfig": {"defaults": {"noValue": card.empty, "links": list(card.data_links), **more}}}
