"""Measures of performance that are alike: one panel that Grafana repeats for each, instead of a panel for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from grafanalib.core import HIDE_VARIABLE, GridPos, Repeat, Template

from dashboards.panels.layout import WIDTH
from exporter.catalogue import Metric

OBSERVED: Final = "measure"
ESTIMATED: Final = "estimate"
PROVISIONAL: Final = "provisional"
"""The variables whose values are the names of metrics; nobody chooses in them, so they are hidden."""

_FEW: Final = 2
"""Up to so many measures have panels of their own."""

Measures = Mapping[Metric, str]
"""The title of each measure."""


def panels(
    draw: Callable[..., Any],
    measures: Measures,
    variable: str,
    action: str,
    *,
    of: Callable[[Metric], Metric] = lambda metric: metric,
    suffix: str = "",
    **more: Any,
) -> list[Any]:
    """The panels of some measures: one that is repeated for each, or if they are few, one for each.

    Args:
        draw: draws the panel of a metric, as `chart` does.
        measures: the measures; the series of all have the same labels and companions.
        variable: the variable with their names.
        action: what to do.
        of: the metric that is drawn, made from that of the measure, such as its estimate.
        suffix: the end of the titles.
        more: as in `chart`.
    """
    if len(measures) <= _FEW:
        return [draw(of(metric), f"{title}{suffix}", action, **more) for metric, title in measures.items()]
    first = next(iter(measures))
    name, title = f"${{{variable}}}", f"${{{variable}:text}}"
    more = {"meaning": of(first).help.replace(first.name, title)} | more
    panel = draw(of(first), f"{title}{suffix}", action, key=f"{variable}{suffix}", **more)
    for target in panel.targets:
        target["expr"] = target["expr"].replace(first.name, name)
    panel.repeat = Repeat(direction="h", variable=variable, maxPerRow=2)
    panel.gridPos = GridPos(h=panel.gridPos.h, w=WIDTH, x=0, y=0)  # Grafana gives each its part of the width
    return [panel]


def template(variable: str, measures: Measures) -> list[Template]:
    """The variable over which the panel of measures is repeated; none if they have panels of their own."""
    if len(measures) <= _FEW:
        return []
    query = ", ".join(f"{title} : {metric.name}" for metric, title in measures.items())
    options = [{"selected": True, "text": "All", "value": "$__all"}]
    options += [{"selected": False, "text": title, "value": metric.name} for metric, title in measures.items()]
    return [
        Template(
            name=variable,
            label=variable.capitalize(),
            type="custom",
            query=query,
            options=options,
            default="$__all",
            multi=True,
            includeAll=True,
            hide=HIDE_VARIABLE,
        )
    ]
