"""What all dashboards of Leeway have in common: time range, refresh, links to each other, annotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from grafanalib.core import (
    GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
    Annotations,
    Dashboard,
    DashboardLink,
    Templating,
    Time,
)

from dashboards.normalise import normalise

TAG: Final = "leeway"
"""The tag of all dashboards of Leeway; their links to each other use it."""


def board(
    *,
    uid: str,
    title: str,
    description: str,
    tags: Sequence[str],
    templating: Sequence[Any],
    annotations: Sequence[dict[str, Any]],
    panels: Sequence[Any],
    more_links: Iterable[DashboardLink] = (),
) -> dict[str, Any]:
    """A dashboard as plain JSON data: one week, refreshed every five minutes, with a crosshair shared by all graphs."""
    others = DashboardLink(title="Leeway", type="dashboards", tags=[TAG], asDropdown=True, includeVars=True)
    return normalise(
        Dashboard(
            uid=uid,
            title=title,
            description=description,
            tags=list(tags),
            editable=False,
            timezone="browser",
            time=Time("now-7d", "now"),
            refresh="5m",
            graphTooltip=GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
            templating=Templating(list=list(templating)),
            annotations=Annotations(list=list(annotations)),
            links=[others, *more_links],
            panels=list(panels),
        )
    )
