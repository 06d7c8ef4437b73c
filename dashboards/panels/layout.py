"""The positions of panels: they flow into rows on Grafana's grid, so none overlap and none needs coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from grafanalib.core import GridPos, RowPanel

from dashboards.panels.builders import panel_id

WIDTH: Final = 24
"""Columns of Grafana's grid."""


@dataclass(frozen=True, slots=True)
class Section:
    """Panels that belong together, in reading order.

    With a title they are below a heading that can be collapsed; `key` identifies it. While it is `collapsed`, Grafana
    does not run their queries.
    """

    key: str
    title: str
    panels: Sequence[Any]
    collapsed: bool = True

    @property
    def hides_panels(self) -> bool:
        """Whether its heading hides its panels at first."""
        return bool(self.title) and self.collapsed


def stack(sections: Iterable[Section]) -> list[Any]:
    """The panels of all sections with their positions, one section below the other."""
    placed: list[Any] = []
    top = 0
    for section in sections:
        heading = 1 if section.title else 0
        panels, bottom = flow(section.panels, top + heading)
        if section.title:
            placed.append(_row(section, top, panels))
        if not section.hides_panels:
            placed.extend(panels)
        top = top + heading if section.hides_panels else bottom
    return placed


def flow(panels: Iterable[Any], top: int) -> tuple[list[Any], int]:
    """Panels from left to right, with a new line when one is full; also the first free grid row below them."""
    placed: list[Any] = []
    x, y, height = 0, top, 0
    for panel in panels:
        if x + panel.gridPos.w > WIDTH:
            x, y, height = 0, y + height, 0
        placed.append(_at(panel, x, y))
        x, height = x + panel.gridPos.w, max(height, panel.gridPos.h)
    return placed, y + height


def _at(panel: Any, x: int, y: int) -> Any:
    moved = copy(panel)
    moved.gridPos = GridPos(h=panel.gridPos.h, w=panel.gridPos.w, x=x, y=y)
    return moved


def _row(section: Section, top: int, panels: list[Any]) -> RowPanel:
    return RowPanel(
        id=panel_id(f"row/{section.key}"),
        title=section.title,
        collapsed=section.collapsed,
        panels=panels if section.collapsed else [],
        gridPos=GridPos(h=1, w=WIDTH, x=0, y=top),
    )
