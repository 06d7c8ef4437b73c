from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from boards import soft_ends
from dashboards.panels import builders as panels
from dashboards.panels.builders import PanelInfo, panel_id
from dashboards.panels.queries import Query, Role
from dashboards.panels.style import State
from exporter.catalogue import Unit

INFO = PanelInfo(key="k", title="t", meaning="Means this.", window="an hour.", action="do that.", no_data="Nothing yet")


def written(panel: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(panel, default=lambda part: part.to_json_data()))
    return document


@given(st.text())
def test_an_id_is_a_positive_32_bit_number(key: str) -> None:
    assert 1 <= panel_id(key) <= 2**31 - 1


def test_an_id_is_the_digest_of_its_key() -> None:
    """`printf model_info | sha256sum` begins with 34210a80, and 0x34210a80 % (2**31 - 1) + 1 is this."""
    assert panel_id("model_info") == 874580609


def test_panel_info_gives_a_panel_its_texts_id_and_size() -> None:
    panel = written(panels.timeseries(INFO, [Query("a")], Unit.RATIO))
    assert panel["id"] == panel_id("k")
    assert panel["title"] == "t"
    assert panel["description"] == "Means this.\n\n**Window:** an hour.\n\n**What to do:** do that."
    assert panel["fieldConfig"]["defaults"]["noValue"] == "Nothing yet"
    assert (panel["gridPos"]["w"], panel["gridPos"]["h"]) == (12, 8)


def test_a_title_does_not_change_the_id() -> None:
    renamed = PanelInfo("k", "another", "Means this.", "an hour.", "do that.")
    assert panels.timeseries(renamed, [], Unit.RATIO).id == panels.timeseries(INFO, [], Unit.RATIO).id


def test_lines_have_a_legend_with_the_last_and_greatest_value_and_a_tooltip_of_all() -> None:
    options = written(panels.timeseries(INFO, [Query("a")], Unit.RATIO))["options"]
    assert options["legend"] == {"displayMode": "table", "placement": "bottom", "calcs": ["last", "max"]}
    assert options["tooltip"]["mode"] == "multi"


def test_the_axis_reaches_at_least_the_limits_of_the_unit_unless_others_are_given() -> None:
    assert soft_ends(panels.timeseries(INFO, [], Unit.RATIO)) == (0, 0.01)
    assert soft_ends(panels.timeseries(INFO, [], Unit.DEVIATIONS)) == (None, None)
    assert soft_ends(panels.timeseries(INFO, [], Unit.RATIO, limits=(0, 1))) == (0, 1)


def test_many_series_have_their_legend_beside_them_and_the_highest_first() -> None:
    legend = written(panels.timeseries(INFO, [Query("a")], Unit.RATIO, many=True))["options"]["legend"]
    assert (legend["placement"], legend["sortBy"], legend["sortDesc"]) == ("right", "Max", True)


def test_a_limit_that_must_not_be_passed_is_shaded() -> None:
    shaded = written(panels.timeseries(INFO, [], Unit.RATIO, steps=((None, "red"), (0, "transparent")), shaded=True))
    assert shaded["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "area"}


def test_thresholds_are_dashed_and_references_dotted() -> None:
    queries = [Query("a"), Query("b", role=Role.THRESHOLD), Query("c", role=Role.REFERENCE)]
    overrides = written(panels.timeseries(INFO, queries, Unit.RATIO, colour="red"))["fieldConfig"]["overrides"]
    assert [override["matcher"] for override in overrides] == [
        {"id": "byFrameRefID", "options": "B"},
        {"id": "byFrameRefID", "options": "C"},
    ]
    (red, dashed), (grey, dotted) = ([item["value"] for item in override["properties"]] for override in overrides)
    assert (red["fixedColor"], dashed["fill"]) == ("red", "dash")
    assert (grey["fixedColor"], dotted["fill"]) == ("#808080", "dot")


def test_a_fixed_limit_is_a_line() -> None:
    defaults = written(panels.timeseries(INFO, [], Unit.SECONDS, steps=((None, "green"), (60.0, "red"))))["fieldConfig"]
    assert defaults["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}
    assert defaults["defaults"]["thresholds"]["steps"][1] == {"value": 60.0, "color": "red"}


def test_lines_query_a_range_and_tiles_an_instant() -> None:
    [line] = panels.timeseries(INFO, [Query("a", "x")], Unit.RATIO).targets
    [tile] = panels.stat(INFO, Query("a"), Unit.RATIO).targets
    assert (line["range"], line["instant"], line["legendFormat"]) == (True, False, "x")
    assert (tile["range"], tile["instant"], tile["legendFormat"]) == (False, True, "__auto")


def test_a_tile_is_coloured_by_value_or_by_the_name_of_its_series() -> None:
    by_value = written(panels.stat(INFO, Query("a"), Unit.ROWS, steps=((None, "grey"), (1, "green"))))
    assert by_value["options"]["textMode"] == "value"
    assert by_value["fieldConfig"]["defaults"]["thresholds"]["steps"][1] == {"value": 1, "color": "green"}
    by_name = written(panels.stat(INFO, Query("a"), Unit.ROWS, colours={"bad": "red"}))
    assert by_name["options"]["textMode"] == "value_and_name"
    [override] = by_name["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byName", "options": "bad"}
    assert override["properties"] == [{"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}}]


def test_states_have_text_and_colour() -> None:
    states = {0: State("ok", "green"), 1: State("drifted", "orange")}
    mapping = {
        "type": "value",
        "options": {
            "0": {"text": "ok", "color": "green", "index": 0},
            "1": {"text": "drifted", "color": "orange", "index": 1},
        },
    }
    timeline = written(panels.state_timeline(INFO, [Query("a")], states))
    history = written(panels.status_history(INFO, Query("a"), states))
    assert timeline["fieldConfig"]["defaults"]["mappings"] == [mapping]
    for panel in (timeline, history):  # Grafana ignores the colours of mappings in its mode of thresholds
        assert panel["fieldConfig"]["defaults"]["color"]["mode"] == "fixed"
    assert history["fieldConfig"]["defaults"]["mappings"] == [mapping]
    assert (history["type"], history["maxDataPoints"]) == ("status-history", 100)


def test_bars_are_a_histograms_buckets_now() -> None:
    panel = written(panels.bars(INFO, Query("a", "{{le}}"), Unit.ROWS))
    assert (panel["type"], panel["options"]["orientation"]) == ("bargauge", "horizontal")
    [target] = panel["targets"]
    assert (target["format"], target["instant"], target["legendFormat"]) == ("heatmap", True, "{{le}}")
    defaults = panel["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["min"], defaults["noValue"]) == ("short", 0, "Nothing yet")


def test_areas_are_stacked_and_lines_are_not() -> None:
    area, line = (
        written(panels.timeseries(INFO, [Query("a")], Unit.RATIO, style=style))["fieldConfig"]["defaults"]["custom"]
        for style in ("area", "line")
    )
    assert (area["drawStyle"], area["stacking"]["mode"], area["fillOpacity"]) == ("line", "normal", 60)
    assert (line["drawStyle"], line["stacking"], line["fillOpacity"]) == ("line", {}, 0)
