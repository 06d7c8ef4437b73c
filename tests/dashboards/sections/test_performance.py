from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.panels.scopes import model_scope
from dashboards.panels.style import LOWEST, UNKNOWN
from dashboards.sections import performance
from exporter import catalogue
from exporter.spec.model import ModelSpec


def tiles(spec: ModelSpec, **changes: Any) -> dict[str, Any]:
    changed = spec.model_copy(update={"spec": spec.spec.model_copy(update=changes)})
    return {tile.title: tile for tile in performance.tiles(changed, model_scope(changed))}


def steps(tile: Any) -> list[tuple[float | None, str]]:
    """The steps of a tile after the grey one, which is of a tile without a value."""
    unknown, *known = [(step["value"], step["color"]) for step in tile.thresholds]
    assert unknown == (None, UNKNOWN)
    return known


def test_performance_and_the_budget_fill_one_line(spec: ModelSpec) -> None:
    found = tiles(spec)
    assert list(found) == [
        "AUROC observed",
        "AUROC estimated",
        "Budget left",
        "Burn rate now",
        "Predictions with labels",
    ]
    assert sum(tile.gridPos.w for tile in found.values()) == 24


def test_a_model_has_tiles_of_what_it_has_only(spec: ModelSpec) -> None:
    assert list(tiles(spec, labels=None, slos=())) == ["AUROC estimated"]
    assert list(tiles(spec, slos=(), task="regression")) == [
        "RMSE observed",
        "RMSE estimated",
        "Predictions with labels",
    ]
    without = spec.spec.reference.model_copy(update={"columns": type(spec.spec.reference.columns)()})
    assert tiles(spec, labels=None, slos=(), reference=without) == {}


def test_the_target_of_an_objective_is_where_red_becomes_green(spec: ModelSpec) -> None:
    assert steps(tiles(spec)["AUROC observed"]) == [(LOWEST, "red"), (0.91, "green")]
    assert steps(tiles(spec, slos=())["AUROC observed"]) == [(LOWEST, "blue")]
    [slo] = spec.spec.slos
    error = slo.model_copy(update={"metric": "rmse", "at_least": None, "at_most": 20.0})
    found = tiles(spec, task="regression", slos=(error,))
    assert steps(found["RMSE observed"]) == [(LOWEST, "green"), (20.0, "red")]


def test_the_budget_is_red_below_zero_and_a_burn_rate_from_the_lowest_that_pages(spec: ModelSpec) -> None:
    found = tiles(spec)
    assert steps(found["Budget left"]) == [(LOWEST, "red"), (0, "orange"), (0.25, "green")]
    lowest = min(tier.factor for tier in spec.spec.slos[0].fast())
    assert steps(found["Burn rate now"]) == [(LOWEST, "green"), (1, "orange"), (float(lowest), "red")]


def test_the_worst_version_is_shown(spec: ModelSpec, evaluates: Callable[..., None]) -> None:
    series = catalogue.AUROC.name + '{model="fraud",env="prod",version="%s",window="1h",instance="%s"}'
    given = {series % (version, one): value for version, value in (("1", 0.5), ("2", 0.25)) for one in ("a", "b")}
    [target] = tiles(spec)["AUROC observed"].targets
    evaluates(given, target["expr"], {"{}": 0.25})
