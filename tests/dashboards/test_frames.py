"""What Grafana makes of the tables and plots of every dashboard: one frame with whole columns, for any results."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from boards import boards, panels_of
from exporter.spec.model import ModelSpec
from grafana_frames import Series, frames, transformed

ROOT = Path(__file__).parents[2]
ROWS = (0, 1, 3)


def cases(spec: ModelSpec) -> Iterator[tuple[dict[str, Any], dict[str, list[Series]], int]]:
    """Yield each panel with transformations, results of its queries, and the number of rows that it must then have."""
    for panel in (panel for board in boards(spec).values() for panel in panels_of(board)):
        if panel.get("transformations"):
            names = [target["refId"] for target in panel["targets"]]
            for rows in ROWS:
                yield panel, results(panel, dict.fromkeys(names, rows)), rows
            for silent in names:  # such as objectives, in a fleet that has none
                yield panel, results(panel, dict.fromkeys(names, 2) | {silent: 0}), 2 if len(names) > 1 else 0
            yield panel, results(panel, dict.fromkeys(names, 1) | {names[0]: 3}), 3  # what has ended has no trend


def results(panel: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, list[Series]]:
    """Return so many rows for each query, in another order for each; equal rows have equal labels."""
    labels = labels_of(panel)
    return {
        query: [({label: f"{label} {at}" for label in labels}, float(at + place)) for at in _order(count, place)]
        for place, (query, count) in enumerate(rows.items())
    }


def _order(count: int, place: int) -> Sequence[int]:
    return range(count) if place % 2 else range(count - 1, -1, -1)


def labels_of(panel: Mapping[str, Any]) -> list[str]:
    [order] = [step["options"]["indexByName"] for step in panel["transformations"] if step["id"] == "organize"]
    return [name for name in order if not name.startswith(("Value", "Trend"))]


def columns(panel: Mapping[str, Any]) -> list[str]:
    """Return the titles of a panel's columns, in their order."""
    [options] = [step["options"] for step in panel["transformations"] if step["id"] == "organize"]
    return [options["renameByName"].get(name, name) for name in options["indexByName"]]


def test_a_table_is_one_frame_with_its_columns_in_order_whatever_its_queries_return(segmented_spec: ModelSpec) -> None:
    """Of more than one frame, Grafana shows one and a menu to choose another."""
    seen = set()
    for panel, given, rows in cases(segmented_spec):
        seen.add(panel["title"])
        made = transformed(panel["transformations"], frames(panel["targets"], given))
        what = (panel["title"], {query: len(series) for query, series in given.items()})
        assert len(made) == 1 or not rows, what
        assert sum(each["length"] for each in made) == rows, what
        if rows:
            shown = [field["name"] for field in made[0]["fields"]]
            filled = {column(panel, query) for query, series in given.items() if series}
            assert shown == [name for name in columns(panel) if name in shown], what
            assert filled <= set(shown), what
    assert {"Models, worst first", "Features, worst first", "Versions of the exporter"} <= seen


def column(panel: Mapping[str, Any], query: str) -> str:
    [options] = [step["options"] for step in panel["transformations"] if step["id"] == "organize"]
    return next(
        title
        for name, title in options["renameByName"].items()
        if name in {"Value", f"Value #{query}", f"Trend #{query}"}
    )


def test_a_row_has_the_values_of_its_own_labels(segmented_spec: ModelSpec) -> None:
    for panel, given in ((panel, given) for panel, given, rows in cases(segmented_spec) if rows):
        [made] = transformed(panel["transformations"], frames(panel["targets"], given))
        key = made["fields"][0]["values"]
        for place, (query, series) in enumerate(given.items()):
            values = [field["values"] for field in made["fields"] if field["name"] == column(panel, query)]
            own = {f"{labels_of(panel)[0]} {at}": at + place for at in range(len(series))}
            assert values == [[own.get(row) for row in key]] or not series, panel["title"]


@pytest.mark.grafana
def test_the_rules_are_those_of_grafana(segmented_spec: ModelSpec) -> None:
    given = [(panel["transformations"], frames(panel["targets"], given)) for panel, given, _ in cases(segmented_spec)]
    text = json.dumps([{"steps": steps, "frames": before} for steps, before in given])
    script = ROOT / "tests/servers/grafana/transform.cjs"
    environment = {**os.environ, "NODE_PATH": str(ROOT / ".grafana/node_modules")}
    run = subprocess.run(["node", script], input=text, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    ours = [
        [
            {"fields": [{key: field[key] for key in ("name", "values")} for field in each["fields"]]}
            | {"length": each["length"]}
            for each in transformed(steps, before)
        ]
        for steps, before in given
    ]
    assert json.loads(run.stdout) == ours
