from __future__ import annotations

from functools import partial
from typing import Any

from dashboards.panels import measures
from dashboards.panels.builders import panel_id
from dashboards.panels.charts import chart
from dashboards.panels.scopes import model_scope
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.spec.model import ModelSpec

FEW = {catalogue.F1_SCORE: "F1", catalogue.RECALL: "Recall"}
MANY = FEW | {catalogue.ACCURACY: "Accuracy"}


def drawn(spec: ModelSpec, shared: dict[Metric, str], **more: Any) -> list[Any]:
    draw = partial(chart, spec, model_scope(spec))
    return measures.panels(draw, shared, "estimate", "Wait.", of=Metric.estimated_gap, suffix=": gap", **more)


def test_a_few_measures_have_panels_of_their_own(spec: ModelSpec) -> None:
    panels = drawn(spec, FEW)
    assert [panel.title for panel in panels] == ["F1: gap", "Recall: gap"]
    assert panels[0].id == panel_id(catalogue.F1_SCORE.estimated_gap().key)
    assert measures.template("estimate", FEW) == []


def test_many_share_one_that_is_repeated_for_each(spec: ModelSpec) -> None:
    [panel] = drawn(spec, MANY)
    assert (panel.title, panel.repeat.variable, panel.repeat.maxPerRow) == ("${estimate:text}: gap", "estimate", 2)
    value, threshold = (target["expr"] for target in panel.targets)
    assert "(${estimate}_estimated_gap{" in value
    assert "(${estimate}_estimated_gap_threshold{" in threshold
    assert panel.description.startswith("Estimated ${estimate:text} of mature predictions")
    assert panel.gridPos.w == 24


def test_the_variable_has_the_names_of_the_metrics_and_all_of_them_are_chosen() -> None:
    [variable] = measures.template("estimate", MANY)
    written = variable.to_json_data()
    names = ", ".join(f"{title} : {metric.name}" for metric, title in MANY.items())
    assert (written["query"], written["hide"], written["multi"], written["includeAll"]) == (names, 2, True, True)
    assert [option["value"] for option in written["options"]] == ["$__all", *(metric.name for metric in MANY)]
    assert written["current"]["value"] == "$__all"
