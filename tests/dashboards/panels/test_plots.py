from __future__ import annotations

import json
from typing import Any

import pytest
from grafanalib.core import Dashboard

from dashboards.normalise import normalise
from dashboards.panels import plots
from dashboards.panels.builders import PanelInfo
from dashboards.panels.queries import Query
from exporter.catalogue import Unit

INFO = PanelInfo("k", "t", "m.", "w.", "a.", no_data="Nothing yet")


def written(panel: Any) -> dict[str, Any]:
    """A panel as it stands in a dashboard."""
    [made] = normalise(Dashboard(title="t", panels=[panel]))["panels"]
    return json.loads(json.dumps(made))


def titles(panel: dict[str, Any]) -> dict[str, str]:
    """What the fields of a panel's queries are called."""
    return panel["transformations"][1]["options"]["renameByName"]


def test_the_window_and_its_reference_are_bars_of_the_same_bins() -> None:
    panel = written(
        plots.bar_comparison(INFO, "bin", plots.Field("Now", "a"), plots.Field("Reference", "b"), Unit.RATIO)
    )
    assert (panel["type"], panel["options"]["xField"]) == ("barchart", "bin")
    assert [target["format"] for target in panel["targets"]] == ["table", "table"]
    assert titles(panel) == {"Value #A": "Now", "Value #B": "Reference"}
    assert panel["transformations"][2] == {
        "id": "sortBy",
        "options": {"fields": {}, "sort": [{"field": "bin", "desc": False}]},
    }
    assert panel["fieldConfig"]["defaults"]["noValue"] == "Nothing yet"


def test_a_reliability_diagram_has_points_sized_by_their_rows_and_a_line() -> None:
    panel = written(plots.reliability_diagram(INFO, "bin", "p", "o", "r"))
    assert [target["expr"] for target in panel["targets"]] == ["p", "o", "p", "r"]
    points, line = panel["options"]["series"]
    matched = {axis: points[axis]["matcher"]["options"] for axis in ("x", "y", "size")}
    assert matched == {"x": "Predicted", "y": "Observed", "size": "Rows"}
    assert (line["x"]["matcher"]["options"], line["y"]["matcher"]["options"]) == ("Predicted", "Perfectly calibrated")
    assert {*matched.values(), "Perfectly calibrated"} == set(titles(panel).values())
    assert panel["fieldConfig"]["defaults"]["min"] == 0
    assert "max" not in panel["fieldConfig"]["defaults"], "rare positives have low scores: the points would crowd at 0"


def test_a_heatmap_is_of_buckets_that_are_there_already() -> None:
    panel = written(plots.heatmap(INFO, Query("a", "{{le}}")))
    assert (panel["type"], panel["options"]["calculate"]) == ("heatmap", False)
    [target] = panel["targets"]
    assert (target["format"], "instant" in target, target["legendFormat"]) == ("heatmap", False, "{{le}}")
    assert panel["options"]["legend"] == {"show": True}


@pytest.mark.parametrize("unit", list(Unit))
def test_no_null_is_left_in_a_plot_but_the_first_step(unit: Unit) -> None:
    panel = written(plots.bar_comparison(INFO, "bin", plots.Field("Now", "a"), plots.Field("Then", "b"), unit))
    steps = panel["fieldConfig"]["defaults"]["thresholds"].pop("steps")
    assert steps[0]["value"] is None
    assert "null" not in json.dumps(panel)
