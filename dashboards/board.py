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
from dashboards.panels import links

TAG: Final = "leeway"
"""The tag of all dashboards of Leeway."""
MODEL_TAG: Final = "model"
"""The tag of the dashboards of models; the menu of models uses both."""


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
    # A selection is not carried to another dashboard, which may not have it: only the data source and the time.
    fixed = [
        DashboardLink(title=title, type="link", uri=f"/d/{uid}?${{datasource:queryparam}}", icon="dashboard")
        for title, uid in (("All models", links.FLEET), ("Exporters", links.EXPORTER))
    ]
    models = DashboardLink(title="Models", type="dashboards", tags=[TAG, MODEL_TAG], asDropdown=True)
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
            links=[*fixed, models, *more_links],
            panels=list(panels),
        )
    )
