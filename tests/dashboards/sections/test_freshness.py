from __future__ import annotations

from datetime import timedelta
from typing import Any

from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import any_model_scope, model_scope
from dashboards.sections.freshness import age_steps, exporter, section
from exporter import catalogue
from exporter.spec.model import ModelSpec


def panels(spec: ModelSpec) -> dict[int, Any]:
    return {panel.id: panel for panel in section(spec, model_scope(spec)).panels}


def stale_after(spec: ModelSpec, age: timedelta) -> ModelSpec:
    inference = spec.spec.inference.model_copy(update={"stale_after": age})
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"inference": inference})})


def test_a_window_is_overdue_before_it_is_stale(spec: ModelSpec) -> None:
    assert age_steps(spec) == ((75 * 60, "orange"), (190 * 60, "red"))


def test_a_stale_age_before_the_next_window_is_due_has_only_red(spec: ModelSpec) -> None:
    assert age_steps(stale_after(spec, timedelta(hours=1))) == ((3600, "red"),)


def test_the_age_has_the_limits_of_the_spec(spec: ModelSpec) -> None:
    panel = panels(spec)[panel_id(catalogue.WINDOW_END_TIMESTAMP_SECONDS.key)]
    assert [step["value"] for step in panel.thresholds] == [None, 75 * 60, 190 * 60]
    assert panel.thresholdsStyleMode == "dashed"


def test_a_failure_of_any_replica_is_visible() -> None:
    [panel] = [each for each in exporter(any_model_scope()) if each.id == panel_id(catalogue.REFRESH_SUCCESS.key)]
    assert [target["expr"].startswith("min without") for target in panel.targets] == [True, True]
    assert [target["legendFormat"] for target in panel.targets] == ["{{model}} refresh", "spec load"]


def test_the_age_leads_to_the_exporters_of_the_model(spec: ModelSpec) -> None:
    panel = panels(spec)[panel_id(catalogue.WINDOW_END_TIMESTAMP_SECONDS.key)]
    assert "/d/exporter-leeway?" in panel.links[-1]["url"]
    assert panel.links[-1]["url"].endswith("&var-model=fraud")


def test_built_and_reused_profiles_have_different_legends() -> None:
    by_id = {panel.id: panel for panel in exporter(any_model_scope())}
    legends = [target["legendFormat"] for target in by_id[panel_id(catalogue.PROFILES_BUILT_TOTAL.key)].targets]
    assert legends == ["built {{model}} {{stream}}", "reused {{model}} {{stream}}"]


def test_rows_have_the_usual_rows_and_the_factor_has_its_threshold(spec: ModelSpec) -> None:
    by_id = panels(spec)
    rows, factor = (by_id[panel_id(metric.key)] for metric in (catalogue.WINDOW_ROWS, catalogue.TRAFFIC_FACTOR))
    assert [target["expr"].count(catalogue.WINDOW_ROWS_REFERENCE.name) for target in rows.targets] == [0, 1, 0]
    assert [target["expr"].endswith("offset 1w)") for target in rows.targets] == [False, False, True]
    assert [target["expr"].count(catalogue.TRAFFIC_FACTOR_THRESHOLD.name) for target in factor.targets] == [0, 1]
