from __future__ import annotations

from collections.abc import Callable

from boards import panels_of
from dashboards import model as model_dashboard
from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import any_model_scope
from dashboards.sections.retraining import panels, sections
from exporter import catalogue
from exporter.catalogue import RETRAIN_DECISIONS_TOTAL
from exporter.spec.model import ModelSpec
from exporter.spec.sections.alerting import Alerting


def alerting(spec: ModelSpec, retrain: object) -> ModelSpec:
    given = Alerting.model_validate({"retrain": retrain})
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"alerting": given})})


def test_only_a_model_with_the_hook_has_its_panels(spec: ModelSpec) -> None:
    argo = {"url": "https://argo:2746", "namespace": "ml", "event": "drift", "template": "retrain"}
    assert sections(alerting(spec, None)) == sections(alerting(spec, {"argo": argo})) == []
    [section] = sections(spec)
    assert section.hides_panels
    assert panel_id(RETRAIN_DECISIONS_TOTAL.key) in {panel.id for panel in section.panels}


def test_the_hooks_series_are_found_without_the_models_constant_labels(
    spec: ModelSpec, evaluates: Callable[..., None]
) -> None:
    [panel] = [
        each for each in panels_of(model_dashboard.dashboard(spec)) if each["title"].startswith("Time since the last r")
    ]
    [target] = panel["targets"]
    name = catalogue.RETRAIN_LAST_START_TIMESTAMP_SECONDS.name
    given = {f'{name}{{model="{model}",instance="{each}"}}': 0.0 for model in ("fraud", "churn") for each in "12"}
    evaluates(given, target["expr"], {'{model="fraud"}': 3600.0})
    assert target["legendFormat"] == "since the last start"


def test_the_legends_of_several_models_name_them() -> None:
    legends = [
        target["legendFormat"]
        for panel in panels(None, any_model_scope())
        for target in panel.to_json_data()["targets"]
    ]
    assert legends == ["{{model}} {{decision}}", "{{model}}"]
