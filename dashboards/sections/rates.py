"""Rates of positives: observed, predicted and in the reference, and how far they are from each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.panels.builders import timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Query, history, legend, plotted
from dashboards.panels.scopes import Scope
from dashboards.panels.style import ANY, FROM_ZERO
from exporter import catalogue
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec, scope: Scope, window: str, draw: Callable[..., Any]) -> list[Any]:
    """The rates of a binary classifier in one panel, and their differences with the thresholds.

    Args:
        spec: the model.
        scope: the model's series.
        window: the text about the window of the values.
        draw: makes a metric's own panel.
    """
    gap, change = catalogue.LABEL_RATE_GAP, catalogue.LABEL_RATE_CHANGE
    return [
        _rates(spec, scope, window),
        draw(
            gap,
            "Observed rate minus the predicted, and minus the reference's",
            "Beyond the dashed line, up or down: scores no longer say how many positives there are, so calibrate "
            "again; or the world differs from the reference, so review what depends on the share of positives.",
            limits=ANY,
            name=f"minus predicted {legend(gap, scope)}",
            beside=history(change, scope, name=f"minus reference {legend(change, scope)}"),
        ),
    ]


def _rates(spec: ModelSpec, scope: Scope, window: str) -> Any:
    metric, predicted = catalogue.LABEL_RATE_OBSERVED, catalogue.LABEL_RATE_PREDICTED
    info = panel_info(
        spec,
        metric,
        "Rate of positives: observed, predicted, in the reference",
        "If the observed rate leaves the reference and the predicted rate follows: there are more or fewer positives, "
        "and the model knows. If the predicted rate stays, the model does not know: calibrate or retrain.",
        window=window,
    )
    drawn = history(metric, scope, name=f"observed {legend(metric, scope)}")
    return timeseries(
        info, (*drawn, Query(plotted(predicted, scope), f"predicted {legend(predicted, scope)}")), metric.unit
    )


def shift(draw: Callable[..., Any]) -> Any:
    """The alert's own value: the greatest difference in units of its threshold."""
    return draw(
        catalogue.BASE_RATE_SHIFT,
        "Shift of the base rate",
        "Above 1 labels are farther from predictions, or from the reference's labels, than floor and chance explain.",
        limits=FROM_ZERO,
    )
