from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from dashboards.model import dashboard
from dashboards.panels import links
from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import model_scope
from dashboards.sections import segments
from exporter import catalogue
from exporter.catalogue import SEGMENT
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import Task

MakeSpec = Callable[..., ModelSpec]


@pytest.fixture
def segmented(make_spec: MakeSpec) -> ModelSpec:
    spec = make_spec()
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"segments": ("country_code",)})})


def test_without_segments_there_is_no_section(spec: ModelSpec) -> None:
    assert segments.sections(spec, model_scope(spec)) == []


def test_the_alert_links_to_a_panel_with_the_segment_selected(
    segmented: ModelSpec, every_panel: Callable[[Any], list[dict[str, Any]]]
) -> None:
    numbers = {panel["id"] for panel in every_panel(dashboard(segmented))}
    assert panel_id(catalogue.SEGMENT_DRIFT_ALERT.metric.key) in numbers
    metadata = segmented.metadata.model_copy(update={"grafana": "https://grafana.example.com"})
    linked = segmented.model_copy(update={"metadata": metadata})
    assert "&var-segment={{ . | urlquery }}" in str(links.alert_url(linked, catalogue.SEGMENT_DRIFT_ALERT))
    assert "var-segment" not in str(links.alert_url(linked, catalogue.DATA_DRIFT_HIGH))


def test_a_segment_links_to_the_dashboard_with_itself_selected(segmented: ModelSpec) -> None:
    [section] = segments.sections(segmented, model_scope(segmented))
    properties = {item["id"]: item["value"] for item in section.panels[0].overrides[0]["properties"]}
    [link] = properties["links"]
    assert "var-segment=${__value.raw:percentencode}" in link["url"]


def test_the_table_has_every_segment_and_never_the_whole_traffic(
    segmented: ModelSpec, evaluates: Callable[..., None]
) -> None:
    [section] = segments.sections(segmented, model_scope(segmented))
    name, common = catalogue.DATA_DRIFT_SHARE.name, 'model="fraud",env="prod",version="3",window="1h"'
    given = {
        f'{name}{{{common},segment="c=US",instance="a"}}': 0.5,
        f'{name}{{{common},segment="c=US",instance="b"}}': 0.5,
        f'{name}{{{common},segment="c=DE",instance="a"}}': 0.25,
        f'{name}{{{common},instance="a"}}': 0.75,
    }
    expected = {'{segment="c=US",version="3"}': 0.5, '{segment="c=DE",version="3"}': 0.25}
    [shares] = [target["expr"] for target in section.panels[0].targets if f"{name}{{" in target["expr"]]
    evaluates(given, shares, expected)


def test_the_panels_of_segments_ignore_the_selected_segment(segmented: ModelSpec) -> None:
    [section] = segments.sections(segmented, model_scope(segmented))
    assert all('segment!=""' in target["expr"] for panel in section.panels for target in panel.targets)


@pytest.mark.parametrize("task", get_args(Task))
def test_every_task_has_the_performance_of_each_segment(spec: ModelSpec, task: Task) -> None:
    columns = spec.spec.inference.columns.model_copy(update={"prediction": "decision", "query": "request"})
    inference = spec.spec.inference.model_copy(update={"columns": columns})
    body = spec.spec.model_copy(update={"task": task, "segments": ("country_code",), "inference": inference})
    performance = segments.sections(spec.model_copy(update={"spec": body}), model_scope(spec))[0].panels[2:]
    assert len(performance) == body.labels_evaluated
    expressions = [target["expr"] for panel in performance for target in panel.targets]
    assert all(f'{SEGMENT}!=""' in expression for expression in expressions)
    without = body.model_copy(update={"labels": None})
    assert len(segments.sections(spec.model_copy(update={"spec": without}), model_scope(spec))[0].panels) == 2
