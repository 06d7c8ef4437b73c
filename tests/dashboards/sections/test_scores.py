from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from boards import soft_ends
from dashboards.panels.builders import panel_id
from dashboards.panels.queries import buckets
from dashboards.panels.scopes import model_scope
from dashboards.sections.scores import section
from exporter import catalogue
from exporter.catalogue import METRICS, Metric
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec) -> dict[int, Any]:
    return {panel.id: panel for panel in section(spec, model_scope(spec)).panels}


def test_every_panel_has_the_key_of_its_metric_and_is_collapsed(spec: ModelSpec) -> None:
    assert section(spec, model_scope(spec)).collapsed
    assert set(panels(spec)) - {panel_id("scores/over_time")} <= {panel_id(metric.key) for metric in METRICS}


@pytest.mark.parametrize("metric", [catalogue.PREDICTION_SCORE, catalogue.PREDICTION_SCORE_REFERENCE])
def test_a_distribution_has_one_bar_for_each_bucket(metric: Metric, spec: ModelSpec) -> None:
    [target] = panels(spec)[panel_id(metric.key)].targets
    assert target["expr"] == buckets(metric, model_scope(spec))
    assert (target["format"], target["instant"], target["legendFormat"]) == ("heatmap", True, "{{le}}")


@pytest.mark.parametrize(
    ("metric", "legend"),
    [
        (catalogue.PREDICTION_CLASS_RATIO, "{{class}}"),
        (catalogue.PREDICTION_CLASS_RATIO_REFERENCE, "{{class}}"),
        (catalogue.PREDICTION_CONFIDENCE_RATIO, "{{bucket}}"),
        (catalogue.PREDICTION_CONFIDENCE_RATIO_REFERENCE, "{{bucket}}"),
    ],
)
def test_shares_are_stacked(metric: Metric, legend: str, spec: ModelSpec) -> None:
    panel = panels(spec)[panel_id(metric.key)]
    assert panel.stacking == {"mode": "normal", "group": "A"}
    assert soft_ends(panel) == (0, 1)
    assert panel.fillOpacity == 60
    assert [target["legendFormat"] for target in panel.targets] == [legend]


def test_the_shares_of_several_versions_are_those_of_their_rows_together(
    spec: ModelSpec, evaluates: Callable[..., None]
) -> None:
    """Version 1 has 300 rows of which 10 % are fraud, version 2 has 100 rows of which 50 % are: 80 of 400."""
    metric, rows = catalogue.PREDICTION_CLASS_RATIO, catalogue.VERSION_ROWS
    labels = 'model="fraud",env="prod",version="%s",window="1h",role="%s"'
    shares = {("1", "champion"): 0.1, ("2", "champion"): 0.5, ("3", "challenger"): 0.9}
    given: dict[str, float] = {}
    for (version, role), share in shares.items():
        own = labels % (version, role)
        given[f'{metric.name}{{{own},class="fraud"}}'] = share
        given[f'{metric.name}{{{own},class="ok"}}'] = 1 - share
        given[f"{rows.name}{{{own}}}"] = {"1": 300.0, "2": 100.0, "3": 9000.0}[version]
    with_roles = spec.model_copy(update={"spec": spec.spec.model_copy(update={"segments": ("country_code",)})})
    scope = model_scope(with_roles)
    scope = replace(scope, selected={**scope.selected, catalogue.ROLE: 'role=~"$role"'})
    panel = {panel.id: panel for panel in section(with_roles, scope).panels}[panel_id(metric.key)]
    evaluates(given, panel.targets[0]["expr"], {'{class="fraud"}': 0.2, '{class="ok"}': 0.8})


@pytest.mark.parametrize(
    ("metric", "empty"),
    [
        (catalogue.PREDICTION_CLASS_RATIO, "The spec names no column of classes"),
        (catalogue.PREDICTION_CONFIDENCE_RATIO, "Only for classifiers"),
    ],
)
def test_a_model_without_classes_says_so(metric: Metric, empty: str, spec: ModelSpec) -> None:
    regression = spec.model_copy(update={"spec": spec.spec.model_copy(update={"task": "regression"})})
    classes, none = (
        panels(one)[panel_id(metric.key)].extraJson["fieldConfig"]["defaults"]["noValue"] for one in (spec, regression)
    )
    assert (classes, none) == ("No data", empty)


def test_the_buckets_of_two_replicas_are_one_and_those_of_two_versions_are_added(
    spec: ModelSpec, evaluates: Callable[..., None]
) -> None:
    labels = 'model="fraud",env="prod",window="1h",le="0.5"'
    name = catalogue.PREDICTION_SCORE.buckets.name
    given = {
        f'{name}{{{labels},version="{version}",instance="{replica}"}}': rows
        for version, rows in (("1", 3.0), ("2", 4.0))
        for replica in "ab"
    }
    evaluates(given, buckets(catalogue.PREDICTION_SCORE, model_scope(spec)), {'{le="0.5"}': 7.0})


def test_a_model_without_a_score_says_so(spec: ModelSpec) -> None:
    body = spec.spec.model_copy(
        update={"inference": spec.spec.inference.model_copy(update={"columns": type(spec.spec.inference.columns)()})}
    )
    scored, unscored = (
        panels(one)[panel_id(catalogue.PREDICTION_MEAN.key)].extraJson["fieldConfig"]["defaults"]["noValue"]
        for one in (spec, spec.model_copy(update={"spec": body}))
    )
    assert (scored, unscored) == ("No data", "The spec names no column of scores")
