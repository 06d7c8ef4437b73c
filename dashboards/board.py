"""What all dashboards of Leeway have in common, whatever they show: time, links to each other, marks, colours."""

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
"""The tag that all dashboards of Leeway have, and by which they find each other."""


def board(
    *,
    uid: str,
    title: str,
    description: str,
    tags: Sequence[str],
    templating: Sequence[Any],
    marks: Sequence[dict[str, Any]],
    panels: Sequence[Any],
    more_links: Iterable[DashboardLink] = (),
) -> dict[str, Any]:
    """A dashboard as plain JSON data: of a week, asked again every five minutes, with one crosshair for all graphs."""
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
            annotations=Annotations(list=list(marks)),
            links=[others, *more_links],
            panels=list(panels),
        )
    )
