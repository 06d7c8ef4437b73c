from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.panels.builders import panel_id
from dashboards.panels.queries import model_scope
from dashboards.sections.details import sections
from exporter import catalogue
from exporter.catalogue import METRICS, Metric
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec) -> dict[int, Any]:
    return {panel.id: panel for section in sections(spec, model_scope(spec)) for panel in section.panels}


def test_details_are_folded(spec: ModelSpec) -> None:
    assert all(section.collapsed for section in sections(spec, model_scope(spec)))


def test_every_panel_is_a_metrics_own(spec: ModelSpec) -> None:
    assert set(panels(spec)) <= {panel_id(metric.key) for metric in METRICS}


def test_shares_that_matter_while_small_are_not_drawn_up_to_1(spec: ModelSpec) -> None:
    charts = panels(spec)
    for metric in (catalogue.FEATURE_NULL_RATIO, catalogue.FEATURE_NEW_CATEGORY_RATIO):
        assert (charts[panel_id(metric.key)].valueMin, charts[panel_id(metric.key)].valueMax) == (0, None)
    distance = charts[panel_id(catalogue.FEATURE_JS_DISTANCE.key)]
    assert (distance.valueMin, distance.valueMax) == (0, 1)


def series(metric: Metric | None, values: dict[str, float]) -> dict[str, float]:
    labels = 'model="fraud",env="prod",version="1",window="1h"'
    name = metric.name if metric else ""
    return {f'{name}{{{labels},feature="{feature}"}}': value for feature, value in values.items()}


Drawn = Callable[[Metric, dict[str, float], dict[str, float]], None]


@pytest.fixture
def drawn(spec: ModelSpec, evaluates: Callable[..., None]) -> Drawn:
    """Checks which features a metric's panel draws for which series."""

    def check(metric: Metric, given: dict[str, float], expected: dict[str, float]) -> None:
        evaluates(given, panels(spec)[panel_id(metric.key)].targets[0]["expr"], series(None, expected))

    return check


@pytest.mark.parametrize(
    ("metric", "rank", "odd", "ordinary"),
    [
        pytest.param(catalogue.FEATURE_MEAN_SHIFT, None, -2.0, 0.5, id="a fall as much as a rise"),
        pytest.param(catalogue.FEATURE_STDDEV_RATIO, None, 0.0, 1.0, id="what froze as much as what scatters"),
        pytest.param(catalogue.FEATURE_CHI2_P_VALUE, catalogue.FEATURE_CHI2_STATISTIC, 0.0, 0.5, id="the surest"),
        pytest.param(catalogue.FEATURE_MEAN, catalogue.FEATURE_MEAN_SHIFT, 7.0, 8.0, id="what moved, not what is big"),
    ],
)
def test_the_ten_that_are_drawn_are_the_furthest_from_normal(
    metric: Metric, rank: Metric | None, odd: float, ordinary: float, drawn: Drawn
) -> None:
    """Of eleven features ten are odd; the last is ordinary and is left out."""
    names = [f"odd {number}" for number in range(10)]
    given = series(metric, dict.fromkeys(names, odd) | {"ordinary": ordinary})
    given |= series(rank, dict.fromkeys(names, 4.0) | {"ordinary": 0.25}) if rank else {}
    drawn(metric, given, dict.fromkeys(names, odd))
