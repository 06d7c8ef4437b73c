"""Whether a score of 0.7 came true seven times in ten: the reliability diagram, and its worst gap over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dashboards.panels import plots, queries
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Scope
from dashboards.panels.style import Limits
from exporter import catalogue
from exporter.catalogue import BIN, Metric
from exporter.spec.model import ModelSpec

_FROM_ZERO: Final[Limits] = (0, None)


def panels(spec: ModelSpec, scope: Scope, window: str, draw: Callable[..., Any]) -> list[Any]:
    """The diagram, and its bins over time; `window` says what time it is about, `draw` draws a metric's own panel."""
    words = panel_info(
        spec,
        catalogue.CALIBRATION_BIN_OBSERVED_RATIO,
        "Reliability diagram, $window",
        "Points below the dashed line promise more than comes true, those above it less: calibrate anew. A small point "
        "far from it is noise. Choose one version: the points of several are joined.",
        window=window,
        size=(12, 10),
        empty="No labels are mature yet, or too few",
    )
    return [
        plots.reliability(
            words,
            BIN,
            _by_bin(catalogue.CALIBRATION_BIN_PREDICTED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_OBSERVED_RATIO, scope),
            _by_bin(catalogue.CALIBRATION_BIN_ROWS, scope),
        ),
        draw(
            catalogue.CALIBRATION_ERROR_MAX,
            "Worst calibration error of a bin, $window",
            "High while the mean error is low: one range of scores is off. See which in the diagram.",
            limits=_FROM_ZERO,
            size=(12, 10),
        ),
    ]


def _by_bin(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (BIN,), queries.latest(metric, scope))
