from __future__ import annotations

from collections.abc import Callable

from boards import panels_of
from dashboards import exporter as exporter_dashboard
from dashboards.panels.scopes import any_model_scope
from dashboards.sections.retraining import panels
from exporter import catalogue


def test_the_hooks_series_are_found_without_the_models_constant_labels(evaluates: Callable[..., None]) -> None:
    [panel] = [
        each for each in panels_of(exporter_dashboard.dashboard()) if each["title"].startswith("Time since the last r")
    ]
    [target] = panel["targets"]
    name = catalogue.RETRAIN_LAST_START_TIMESTAMP_SECONDS.name
    given = {f'{name}{{model="{model}",instance="{each}"}}': 0.0 for model in ("fraud", "churn") for each in "12"}
    evaluates(given, target["expr"].replace("$model", "fraud"), {'{model="fraud"}': 3600.0})


def test_the_legends_of_several_models_name_them() -> None:
    legends = [
        target["legendFormat"] for panel in panels(any_model_scope()) for target in panel.to_json_data()["targets"]
    ]
    assert legends == ["{{model}} {{decision}}", "{{model}}"]
