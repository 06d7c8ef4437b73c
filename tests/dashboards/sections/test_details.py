from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from boards import soft_ends
from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import model_scope
from dashboards.sections.details import sections
from exporter import catalogue
from exporter.catalogue import METRICS, Metric
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec) -> dict[int, Any]:
    return {panel.id: panel for section in sections(spec, model_scope(spec)) for panel in section.panels}


def test_details_are_collapsed(spec: ModelSpec) -> None:
    assert all(section.collapsed for section in sections(spec, model_scope(spec)))


def test_every_panel_has_the_key_of_its_metric(spec: ModelSpec) -> None:
    assert set(panels(spec)) <= {panel_id(metric.key) for metric in METRICS}


def test_the_axis_of_small_shares_does_not_end_at_1(spec: ModelSpec) -> None:
    charts = panels(spec)
    for metric in (catalogue.FEATURE_NULL_RATIO, catalogue.FEATURE_NEW_CATEGORY_RATIO, catalogue.FEATURE_JS_DISTANCE):
        assert soft_ends(charts[panel_id(metric.key)]) == (0, 0.01)


def test_of_many_features_those_with_the_fewest_rows_are_shown(spec: ModelSpec, evaluates: Callable[..., None]) -> None:
    rows = catalogue.FEATURE_ROWS.name + '{model="fraud",env="prod",version="1",window="1h",feature="f%02d"}'
    given = {rows % number: 100.0 - number for number in range(11)}
    [target] = panels(spec)[panel_id(catalogue.FEATURE_ROWS.key)].targets
    fewest = {"{" + (rows % number).partition("{")[2]: 100.0 - number for number in range(1, 11)}
    evaluates(given, target["expr"], fewest)


def series(metric: Metric | None, values: dict[str, float]) -> dict[str, float]:
    labels = 'model="fraud",env="prod",version="1",window="1h"'
    name = metric.name if metric else ""
    return {f'{name}{{{labels},feature="{feature}"}}': value for feature, value in values.items()}


CheckShown = Callable[[Metric, dict[str, float], dict[str, float]], None]


@pytest.fixture
def check_shown(spec: ModelSpec, evaluates: Callable[..., None]) -> CheckShown:
    """Check which features a metric's panel shows for some series."""

    def check(metric: Metric, given: dict[str, float], expected: dict[str, float]) -> None:
        evaluates(given, panels(spec)[panel_id(metric.key)].targets[0]["expr"], series(None, expected))

    return check


@pytest.mark.parametrize(
    ("metric", "rank", "unusual", "ordinary"),
    [
        pytest.param(catalogue.FEATURE_MEAN_SHIFT, None, -2.0, 0.5, id="a fall counts like a rise"),
        pytest.param(catalogue.FEATURE_STDDEV_RATIO, None, 0.0, 1.0, id="constant counts like scattered"),
        pytest.param(catalogue.FEATURE_CHI2_P_VALUE, catalogue.FEATURE_CHI2_STATISTIC, 0.0, 0.5, id="lowest p-value"),
        pytest.param(catalogue.FEATURE_MEAN, catalogue.FEATURE_MEAN_SHIFT, 7.0, 8.0, id="moved, not big"),
    ],
)
def test_the_ten_shown_features_are_the_furthest_from_normal(
    metric: Metric, rank: Metric | None, unusual: float, ordinary: float, check_shown: CheckShown
) -> None:
    """Of eleven features ten are unusual; the last is ordinary and is not shown."""
    names = [f"unusual {number}" for number in range(10)]
    given = series(metric, dict.fromkeys(names, unusual) | {"ordinary": ordinary})
    given |= series(rank, dict.fromkeys(names, 4.0) | {"ordinary": 0.25}) if rank else {}
    check_shown(metric, given, dict.fromkeys(names, unusual))
