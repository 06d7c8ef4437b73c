"""Tables: one row for each combination of labels, one column for each expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from grafanalib.core import Table, TableSortByField

from dashboards.panels.builders import PanelInfo, common_options
from dashboards.panels.queries import Query
from dashboards.panels.style import (
    SEVERITY_COLOURS,
    TRANSPARENT,
    State,
    Steps,
    fixed_colour,
    mappings,
    override,
    ref_id,
    steps_json,
    target,
)
from exporter.catalogue import Severity

EMPTY: Final = "\N{EN DASH}"
"""The text of an empty cell; the text of the panel is for a table without rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: an expression with one value for each row, and the look of its cells.

    `unit` is Grafana's. `steps` or `states` colour the cells, and `links` are links of the cells. The links of other
    columns can use the values of a hidden column. A `trend` shows its values over the time range as a small line.
    `width` is in pixels; without it, the column takes its part of the width that is left.
    """

    title: str
    expression: str
    unit: str
    steps: Steps = ()
    states: Mapping[int, State] | None = None
    links: tuple[dict[str, Any], ...] = ()
    hidden: bool = False
    trend: bool = False
    width: int | None = None

    @property
    def kind(self) -> Literal["range", "table"]:
        """The kind of its query."""
        return "range" if self.trend else "table"

    def override(self) -> dict[str, Any]:
        """The field override with the look of the column."""
        properties: dict[str, Any] = {"unit": self.unit, "noValue": EMPTY}
        if self.states:
            properties["mappings"] = mappings(self.states)
        if self.steps:
            properties["thresholds"] = {"mode": "absolute", "steps": steps_json(self.steps)}
        if self.states or self.steps:
            properties["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
        if self.trend:
            properties["custom.cellOptions"] = {"type": "sparkline", "hideValue": True}
            properties["color"] = fixed_colour(SEVERITY_COLOURS[Severity.INFO])
        if self.links:
            properties["links"] = list(self.links)
        if self.width:
            properties["custom.width"] = self.width
        if self.hidden:
            properties["custom.hidden"] = True
        return override("byName", self.title, properties)


def table(
    info: PanelInfo,
    keys: Mapping[str, str],
    columns: Sequence[Column],
    *,
    sort: Sequence[str],
    hidden: Sequence[str] = (),
) -> Table:
    """One row for each combination of the labels that all expressions share, one column for each expression, now.

    A trend has a row for everything that had a value in the time range, so its expression must leave out what has
    ended. `keys` maps labels to column titles. The `data_links` of the panel are links of the first of them; `hidden`
    labels are only for links. `sort` lists the titles of the columns to sort by, highest first.
    """
    trends = [ref_id(index) for index, column in enumerate(columns) if column.trend]
    plain = [ref_id(index) for index, column in enumerate(columns) if not column.trend]
    single = len(plain) == 1  # Grafana adds the id of the query only where a panel has several tables
    names = {
        f"Trend #{query}" if query in trends else "Value" if single else f"Value #{query}": column.title
        for query, column in zip(map(ref_id, range(len(columns))), columns, strict=True)
    }
    order = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate([*keys, *names])},
        "renameByName": {**keys, **names},
    }
    hidden_labels = [override("byName", label, {"custom.hidden": True}) for label in hidden]
    first, *others = (title for label, title in keys.items() if label not in hidden)
    named = [
        override("byName", first, {"noValue": EMPTY, "links": list(info.data_links)}),
        *(override("byName", title, {"noValue": EMPTY}) for title in others),
    ]
    return Table(
        **common_options(
            info, [target(index, Query(column.expression), column.kind) for index, column in enumerate(columns)]
        )
        | {"maxDataPoints": 100 if trends else None},  # about the width of a cell in pixels
        transformations=[
            *(_small_lines(query) for query in trends),
            *([_merged(plain)] if trends else []),
            {"id": "merge", "options": {}},
            {"id": "organize", "options": order},
        ],
        overrides=[*named, *hidden_labels, *(column.override() for column in columns)],
        sortBy=[TableSortByField(displayName=title, desc=True) for title in sort],
        filterable=True,
        unit="none",
        thresholds=steps_json(((None, TRANSPARENT),)),
        extraJson={"fieldConfig": {"defaults": {"noValue": info.no_data}}},
    )


def _small_lines(query: str) -> dict[str, Any]:
    """The transformation of a range query to one small line for each series.

    It is limited to this query: Grafana takes every table with a single row for a series too, and would not join the
    columns of a table of one row.
    """
    return {"id": "timeSeriesTable", "options": {}, "filter": {"id": "byRefId", "options": query}}


def _merged(queries: Sequence[str]) -> dict[str, Any]:
    """The transformation that first joins the tables of instant queries.

    Grafana joins frames by the columns that all of them have. A query without a result has only a time, which small
    lines do not have: joined at once, one empty column would take the whole table apart.
    """
    return {"id": "merge", "options": {}, "filter": {"id": "byRefId", "options": f"/^(?:{'|'.join(queries)})$/"}}
