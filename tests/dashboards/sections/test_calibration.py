from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boards import panels_of
from dashboards.panels.builders import panel_id
from exporter.catalogue import (
    CALIBRATION_BIN_OBSERVED_RATIO,
    CALIBRATION_BIN_PREDICTED_RATIO,
    CALIBRATION_BIN_ROWS,
    CALIBRATION_ERROR,
)


def by_id(dashboard: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {panel["id"]: panel for panel in panels_of(dashboard)}


def test_the_diagram_shows_observed_over_predicted(dashboard: dict[str, Any], evaluates: Callable[..., None]) -> None:
    panel = by_id(dashboard)[panel_id(CALIBRATION_BIN_OBSERVED_RATIO.key)]
    assert panel["type"] == "xychart"
    metrics = CALIBRATION_BIN_PREDICTED_RATIO, CALIBRATION_BIN_OBSERVED_RATIO
    for metric, target in zip((*metrics, metrics[0], CALIBRATION_BIN_ROWS), panel["targets"], strict=True):
        labels = 'model="fraud",env="prod",version="1",window="%s",bin="%s",instance="%s"'
        given = {
            f"{metric.name}{{{labels % ('1h', '01', 'a')}}}": 0.25,
            f"{metric.name}{{{labels % ('1h', '01', 'b')}}}": 0.25,
            f"{metric.name}{{{labels % ('1h', '02', 'a')}}}": 0.5,
            f"{metric.name}{{{labels % ('24h', '02', 'a')}}}": 1.0,
        }
        evaluates(given, target["expr"], {'{bin="01"}': 0.25, '{bin="02"}': 0.5})


def test_its_description_says_that_predictions_are_mature(dashboard: dict[str, Any]) -> None:
    panels = by_id(dashboard)
    for metric in (CALIBRATION_BIN_OBSERVED_RATIO, CALIBRATION_ERROR):
        assert "of mature predictions" in panels[panel_id(metric.key)]["description"]
