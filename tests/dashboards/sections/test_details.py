from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boards import soft_ends
from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import model_scope
from dashboards.sections.details import sections
from exporter import catalogue
from exporter.catalogue import METRICS
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec) -> dict[int, Any]:
    return {panel.id: panel for section in sections(spec, model_scope(spec)) for panel in section.panels}


def test_details_are_collapsed(spec: ModelSpec) -> None:
    assert all(section.collapsed for section in sections(spec, model_scope(spec)))


def test_every_panel_has_the_key_of_its_metric(spec: ModelSpec) -> None:
    assert set(panels(spec)) <= {panel_id(metric.key) for metric in METRICS}


def test_the_axis_of_small_shares_does_not_end_at_1(spec: ModelSpec) -> None:
    charts = panels(spec)
    for metric in (
        catalogue.FEATURE_NULL_RATIO,
        catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO,
        catalogue.FEATURE_DETECTABLE_SHIFT,
    ):
        assert soft_ends(charts[panel_id(metric.key)]) == (0, 0.01)


def test_of_many_features_those_with_the_fewest_rows_are_shown(spec: ModelSpec, evaluates: Callable[..., None]) -> None:
    rows = catalogue.FEATURE_ROWS.name + '{model="fraud",env="prod",version="1",window="1h",feature="f%02d"}'
    given = {rows % number: 100.0 - number for number in range(11)}
    [target] = panels(spec)[panel_id(catalogue.FEATURE_ROWS.key)].targets
    fewest = {"{" + (rows % number).partition("{")[2]: 100.0 - number for number in range(1, 11)}
    evaluates(given, target["expr"], fewest)
