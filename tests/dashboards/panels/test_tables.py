from __future__ import annotations

import json
from typing import Any

from dashboards.panels.builders import PanelInfo
from dashboards.panels.tables import Column, table


def written(panel: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(panel, default=lambda part: part.to_json_data()))
    return document


def test_a_table_joins_its_columns_on_their_labels_and_names_them() -> None:
    columns = [Column("PSI", "a", "none"), Column("Nulls", "b", "percentunit", steps=((None, "green"), (1, "red")))]
    info = PanelInfo("k", "t", "m.", "w.", "a.", data_links=({"title": "alone"},))
    panel = written(table(info, {"feature": "Feature"}, columns, sort=["PSI"]))
    assert [target["format"] for target in panel["targets"]] == ["table", "table"]
    assert [step["id"] for step in panel["transformations"]] == ["merge", "organize"]
    assert panel["transformations"][1]["options"] == {
        "excludeByName": {"Time": True},
        "indexByName": {"feature": 0, "Value #A": 1, "Value #B": 2},
        "renameByName": {"feature": "Feature", "Value #A": "PSI", "Value #B": "Nulls"},
    }
    assert panel["options"]["sortBy"] == [{"displayName": "PSI", "desc": True}]
    first, plain, coloured = panel["fieldConfig"]["overrides"]
    assert first["matcher"]["options"] == "Feature"
    empty = {"id": "noValue", "value": "\N{EN DASH}"}
    assert first["properties"] == [empty, {"id": "links", "value": [{"title": "alone"}]}]
    assert plain["properties"] == [{"id": "unit", "value": "none"}, empty]
    assert [item["id"] for item in coloured["properties"]] == ["unit", "noValue", "thresholds", "custom.cellOptions"]


def test_a_trend_queries_a_range_and_is_a_sparkline() -> None:
    columns = [Column("PSI", "a", "none"), Column("Over time", "b", "none", trend=True)]
    panel = written(table(PanelInfo("k", "t", "m.", "w.", "a."), {"feature": "Feature"}, columns, sort=["PSI"]))
    assert [(target["format"], target["range"]) for target in panel["targets"]] == [
        ("table", False),
        ("time_series", True),
    ]
    lines, tables, both, order = panel["transformations"]
    assert [lines["id"], tables["id"], both["id"], order["id"]] == ["timeSeriesTable", "merge", "merge", "organize"]
    assert lines["filter"] == {"id": "byRefId", "options": "B"}, "A is no line"
    assert tables["filter"] == {"id": "byRefId", "options": "/^(?:A)$/"}
    assert "filter" not in both
    assert order["options"]["renameByName"] == {"feature": "Feature", "Value": "PSI", "Trend #B": "Over time"}
    small = {item["id"]: item["value"] for item in panel["fieldConfig"]["overrides"][-1]["properties"]}
    assert small["custom.cellOptions"] == {"type": "sparkline", "hideValue": True}
    assert panel["maxDataPoints"] == 100
