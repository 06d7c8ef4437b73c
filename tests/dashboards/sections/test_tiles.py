from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.model import dashboard as model_dashboard
from dashboards.panels.scopes import model_scope
from dashboards.sections.tiles import tiles
from exporter import catalogue
from exporter.catalogue import INFERENCE
from exporter.spec.model import ModelSpec


@pytest.fixture
def by_title(spec: ModelSpec) -> dict[str, Any]:
    return {tile.title: tile for tile in tiles(spec, model_scope(spec))}


def test_the_tiles_are_six_and_fill_one_line(by_title: dict[str, Any]) -> None:
    assert list(by_title) == ["Alerts firing", "Drift share", "Features drifted", "Score shift", "Rows", "Age"]
    assert sum(tile.gridPos.w for tile in by_title.values()) == 24


def test_a_tile_links_to_the_panel_that_explains_it(
    spec: ModelSpec, by_title: dict[str, Any], every_panel: Callable[[Any], list[dict[str, Any]]]
) -> None:
    ids = {panel["id"] for panel in every_panel(model_dashboard(spec))}
    for tile in by_title.values():
        [link] = tile.extraJson["fieldConfig"]["defaults"]["links"]
        opened = re.search(r"viewPanel=(\d+)$", link["url"])
        assert opened is not None
        assert int(opened[1]) in ids - {tile.id}


def test_a_verdict_is_red_above_the_threshold_and_else_green(by_title: dict[str, Any]) -> None:
    for title in ("Drift share", "Score shift"):
        colours = {
            o["matcher"]["options"]: o["properties"][0]["value"]["fixedColor"] for o in by_title[title].overrides
        }
        assert colours == {"above threshold": "red", "within threshold": "green"}


def test_alerts_have_the_colours_of_their_severity(by_title: dict[str, Any]) -> None:
    overrides = by_title["Alerts firing"].overrides
    colours = {o["matcher"]["options"]: o["properties"][0]["value"]["fixedColor"] for o in overrides}
    assert colours == {"critical": "red", "warning": "orange", "info": "blue", "none": "green"}


@pytest.mark.parametrize(
    ("title", "series", "expected"),
    [
        pytest.param(
            "Features drifted",
            {
                f'{catalogue.FEATURE_DRIFTED.name}{{model="fraud",env="prod",feature="{feature}",version="{version}"'
                f',window="1h",instance="{instance}"}}': flag
                for feature, version, flag in (("age", "1", 1), ("age", "2", 1), ("amount", "1", 0), ("zip", "2", 1))
                for instance in ("a", "b")
            },
            2,
            id="a feature counts once for all versions and replicas",
        ),
        pytest.param(
            "Rows",
            {
                f'{catalogue.WINDOW_ROWS.name}{{model="fraud",env="prod",stream="{stream}",window="1h"}}': rows
                for stream, rows in ((INFERENCE, 500), ("labels", 900))
            },
            500,
            id="rows are those of the inference log",
        ),
        pytest.param(
            "Age",
            {
                f'{catalogue.WINDOW_END_TIMESTAMP_SECONDS.name}{{model="fraud",env="prod",stream="{stream}",'
                f'window="1h"}}': end
                for stream, end in ((INFERENCE, 3000), ("labels", 1000))
            },
            600,
            id="age is that of the inference log's window",
        ),
    ],
)
def test_a_tile_shows_one_number(
    title: str,
    series: dict[str, float],
    expected: float,
    by_title: dict[str, Any],
    evaluates: Callable[..., None],
) -> None:
    [target] = by_title[title].targets
    evaluates(series, target["expr"], {"{}": expected})
    evaluates({}, target["expr"], {})


def test_no_rows_at_all_are_red_and_some_are_green(by_title: dict[str, Any]) -> None:
    steps = [(step["value"], step["color"]) for step in by_title["Rows"].thresholds]
    assert steps == [(None, "#808080"), (0, "red"), (1, "green")]


def test_age_turns_orange_when_a_window_is_overdue_and_red_when_it_is_stale(by_title: dict[str, Any]) -> None:
    """A grain of 1 h, a delay of 10 min and a refresh every 5 min make 75 min; the spec's default is 10 min + 3 h."""
    steps = [(step["value"], step["color"]) for step in by_title["Age"].thresholds]
    assert steps == [(None, "#808080"), (0, "green"), (75 * 60, "orange"), (190 * 60, "red")]
