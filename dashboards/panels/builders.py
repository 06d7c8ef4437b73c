"""One builder for each kind of panel, over grafanalib's classes.

Every panel has a `PanelInfo` with its key, its texts and what to do, and a unit from the catalogue. A threshold is
drawn from its own series. `dashboards.normalise` corrects the output of grafanalib.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from grafanalib.core import GridPos, Panel, Stat, StateTimeline, TimeSeries

from dashboards.panels.queries import Query, Role
from dashboards.panels.style import (
    DATASOURCE,
    LIMITS,
    SEVERITY_COLOURS,
    TRANSPARENT,
    UNITS,
    UNKNOWN,
    Limits,
    State,
    Steps,
    companion_override,
    fixed_colour,
    mappings,
    override,
    steps_json,
    target,
    value_colours,
)
from exporter.catalogue import Severity, Unit


def panel_id(key: str) -> int:
    """A panel's id, from 1 to 2**31 - 1. It depends only on `key`, so links stay valid when titles or order change."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % (2**31 - 1) + 1


@dataclass(frozen=True, slots=True)
class PanelInfo:
    """The texts, identity and size of a panel.

    `key` identifies it within the dashboard, `size` is its width and height on a grid of 24 columns. The description
    has the `meaning`, the `window` of the values, and the `action` to take. The panel shows `no_data` if there are no
    data. `links` are the links of the panel, `data_links` those of its values.
    """

    key: str
    title: str
    meaning: str
    window: str
    action: str
    no_data: str = "No data"
    size: tuple[int, int] = (12, 8)
    links: tuple[dict[str, Any], ...] = ()
    data_links: tuple[dict[str, Any], ...] = ()

    @property
    def description(self) -> str:
        """Markdown, three paragraphs."""
        return f"{self.meaning}\n\n**Window:** {self.window}\n\n**What to do:** {self.action}"


def timeseries(
    info: PanelInfo,
    queries: Sequence[Query],
    unit: Unit,
    *,
    colour: str = SEVERITY_COLOURS[Severity.INFO],
    limits: Limits | None = None,
    steps: Steps = (),
    shaded: bool = False,
    many: bool = False,
    style: Literal["line", "bars", "area"] = "line",
    points: int | None = None,
) -> TimeSeries:
    """Lines over time, with the thresholds and references among `queries`.

    `colour` is the colour of thresholds. `limits` are the ends that the axis reaches at least, by default those of the
    unit. `steps` draw fixed lines for limits that have no series, or `shaded` areas. Areas of values are stacked. Gaps
    are not connected: nothing was published there. The legend of `many` series is beside them, the highest first. A
    line has at most so many `points`, by default one for each pixel.
    """
    lower, upper = limits or LIMITS[unit]
    lines, others = value_colours(queries)
    companions = [(index, query) for index, query in enumerate(queries) if query.role is not Role.VALUE]
    return TimeSeries(
        **common_options(info, [target(index, query, "range") for index, query in enumerate(queries)])
        | {"maxDataPoints": points},
        unit=UNITS[unit],
        drawStyle="bars" if style == "bars" else "line",
        fillOpacity=0 if style == "line" else 60,
        stacking={"mode": "normal", "group": "A"} if style == "area" else {},
        legendDisplayMode="table",
        legendCalcs=["last", "max"],
        tooltipMode="multi",
        tooltipSort="desc",
        thresholds=steps_json(steps or ((None, TRANSPARENT),)),
        thresholdsStyleMode=("area" if shaded else "dashed") if steps else "off",
        overrides=[
            *others,
            *(companion_override(index, query, colour) for index, query in companions),
        ],
        extraJson=field_config(info, color=lines, custom={"axisSoftMin": lower, "axisSoftMax": upper})
        | (_BESIDE if many else {}),
    )


_BESIDE: Final = {"options": {"legend": {"placement": "right", "sortBy": "Max", "sortDesc": True}}}


def stat(
    info: PanelInfo,
    query: Query,
    unit: Unit,
    *,
    steps: Steps = ((None, UNKNOWN),),
    colours: Mapping[str, str] | None = None,
    named: bool = False,
) -> Stat:
    """The state now, as a coloured tile; a series that has ended has no value.

    The colour comes from `steps`, or from `colours` by the name of the series. A tile of several series is `named`.
    """
    by_name = colours or {}
    return Stat(
        **common_options(info, [target(0, query, "instant")]),
        format=UNITS[unit],
        color={"mode": "thresholds"},
        colorMode="background",
        graphMode="none",
        textMode="value_and_name" if by_name or named else "value",
        reduceCalc="lastNotNull",
        noValue=info.no_data,
        thresholds=steps_json(steps),
        overrides=[override("byName", name, {"color": fixed_colour(colour)}) for name, colour in by_name.items()],
        extraJson=field_config(info),
    )


def state_timeline(
    info: PanelInfo, queries: Sequence[Query], states: Mapping[int, State], *, points: int | None = None
) -> StateTimeline:
    """Bars over time, one for each series, coloured by its state; of at most so many `points`.

    The colour mode is `fixed`: with `thresholds` Grafana ignores the colours of the mappings.
    """
    return StateTimeline(
        **common_options(info, [target(index, query, "range") for index, query in enumerate(queries)])
        | {"maxDataPoints": points},
        mappings=mappings(states),
        showValue="auto",  # colours alone do not speak to everyone
        tooltipMode="multi",
        thresholds=steps_json(((None, UNKNOWN),)),
        extraJson=field_config(info, unit="none", color=fixed_colour(UNKNOWN)),
    )


class StatusHistory(Panel):  # type: ignore[misc]  # grafanalib has no types
    """Grafana's status history, which grafanalib does not have; its field configuration is in `extraJson`."""

    def to_json_data(self) -> Any:
        """The panel as Grafana's JSON."""
        options = {
            "showValue": "auto",
            "rowHeight": 0.9,
            "colWidth": 0.9,
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi"},
        }
        return self.panel_json({"type": "status-history", "options": options})


def status_history(
    info: PanelInfo,
    query: Query,
    states: Mapping[int, State] | None = None,
    *,
    steps: Steps = (),
    unit: str = "none",
    every: str | None = None,
) -> StatusHistory:
    """Cells, one for each series and time, coloured by state or by `steps`: at most a hundred times, all visible.

    Each cell has its text or number, where it is wide enough. `every` is the least time between two cells.
    """
    look = (
        {"mappings": mappings(states), "color": fixed_colour(UNKNOWN)} if states else {"color": {"mode": "thresholds"}}
    )
    return StatusHistory(
        **common_options(info, [target(0, query, "range")]) | {"maxDataPoints": 100, "interval": every},
        thresholds=steps_json(steps or ((None, UNKNOWN),)),
        extraJson=field_config(info, unit=unit, **look, custom={"lineWidth": 1}),
    )


class Bars(Panel):  # type: ignore[misc]  # grafanalib has no types
    """The bar gauge of newer Grafana versions; its field configuration is in `extraJson`."""

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


def bars(info: PanelInfo, query: Query, unit: Unit) -> Bars:
    """The rows in each bucket of a histogram, now: one bar for each bucket, in the order of their bounds."""
    colour = fixed_colour(SEVERITY_COLOURS[Severity.INFO])
    return Bars(
        **common_options(info, [target(0, query, "buckets")]),
        thresholds=steps_json(((None, UNKNOWN),)),
        extraJson=field_config(info, unit=UNITS[unit], min=0, color=colour),
    )


def common_options(info: PanelInfo, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments that every panel of grafanalib has."""
    width, height = info.size
    return {
        "id": panel_id(info.key),
        "title": info.title,
        "description": info.description,
        "dataSource": DATASOURCE,
        "targets": targets,
        "gridPos": GridPos(h=height, w=width, x=0, y=0),
        "links": list(info.links),
        "maxDataPoints": None,
    }


def field_config(info: PanelInfo, **more: Any) -> dict[str, Any]:
    """The defaults of a panel's fields that grafanalib has no argument for."""
    return {"fieldConfig": {"defaults": {"noValue": info.no_data, "links": list(info.data_links), **more}}}
