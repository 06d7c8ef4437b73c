"""Calibration: its error over time, and the reliability diagram."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.panels import plots, queries
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Query, legend, plotted
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO
from exporter import catalogue
from exporter.catalogue import BIN, Metric
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec, scope: Scope, window: str, draw: Callable[..., Any]) -> list[Any]:
    """The error, beside it without noise and that of the worst bin, and the diagram.

    Args:
        spec: the model.
        scope: the model's series.
        window: the text about the window of the values.
        draw: makes a metric's own panel.
    """
    info = panel_info(
        spec,
        catalogue.CALIBRATION_BIN_OBSERVED_RATIO,
        "Reliability diagram",
        "Points below the dashed line: scores are too high. Points above it: scores are too low. In both cases "
        "calibrate again. A small point far from the line is noise. Select one version: with several, the points are "
        "mixed.",
        window=window,
        no_data="No mature labels yet, or too few",
    )
    beside = (
        (catalogue.CALIBRATION_ERROR_DEBIASED, "without noise"),
        (catalogue.CALIBRATION_ERROR_MAX, "of the worst bin"),
    )
    return [
        draw(
            catalogue.CALIBRATION_ERROR,
            "Calibration error",
            "Above the dashed line the scores are not reliable as probabilities: calibrate again, and review decisions "
            "with fixed thresholds on the score. If only the worst bin is high: one range of scores is wrong. Without "
            "noise, versions and weeks with few labels can be compared.",
            limits=FROM_ZERO,
            beside=[
                Query(plotted(metric, scope), f"{name} {legend(metric, scope)}".strip()) for metric, name in beside
            ],
        ),
        plots.reliability_diagram(
            info,
            BIN,
            _by_bin(catalogue.CALIBRATION_BIN_PREDICTED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_OBSERVED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_ROWS, scope),
        ),
    ]


def _by_bin(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (BIN,), queries.latest(metric, scope))
