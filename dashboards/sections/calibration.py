"""Calibration: the reliability diagram, and its worst gap over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.panels import plots, queries
from dashboards.panels.charts import panel_info
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO
from exporter import catalogue
from exporter.catalogue import BIN, Metric
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec, scope: Scope, window: str, draw: Callable[..., Any]) -> list[Any]:
    """The diagram, and the worst bin over time.

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
        size=(12, 10),
        no_data="No mature labels yet, or too few",
    )
    return [
        plots.reliability_diagram(
            info,
            BIN,
            _by_bin(catalogue.CALIBRATION_BIN_PREDICTED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_OBSERVED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_ROWS, scope),
        ),
        draw(
            catalogue.CALIBRATION_ERROR_MAX,
            "Worst calibration error of a bin",
            "If it is high while the mean error is low: one range of scores is wrong. Find it in the diagram.",
            limits=FROM_ZERO,
            size=(12, 10),
        ),
    ]


def _by_bin(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (BIN,), queries.latest(metric, scope))
