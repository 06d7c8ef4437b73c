from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import FEATURE, MODEL, STREAM, VERSION, WINDOW
from promtool import firing, rules_of, series

WEEKEND = {"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.3, "sunday": 0.3}}}
RULE = rules_of(model(thresholds=WEEKEND))[catalogue.FEATURE_DRIFT_HIGH.name]
PLAIN = rules_of(model())[catalogue.FEATURE_DRIFT_HIGH.name]

OWN = {MODEL: "fraud", "env": "prod", "job": "leeway"}
SCORE = OWN | {VERSION: "v1", FEATURE: "age", WINDOW: "1h"}
FRIDAY, SATURDAY, SUNDAY = 5, 6, 0
WEEK = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


def score_and_threshold(score: float, threshold: float, **labels: str) -> dict[str, str]:
    """A score and its threshold, for an hour."""
    own = SCORE | {"instance": "a"} | labels
    return {
        series(catalogue.FEATURE_PSI, own): f"{score}x60",
        series(catalogue.FEATURE_PSI_THRESHOLD, own): f"{threshold}x60",
    }


def day(weekday: int, **labels: str) -> dict[str, str]:
    """The weekday of a window, for an hour."""
    window = OWN | {STREAM: catalogue.INFERENCE, WINDOW: "1h", "instance": "a"}
    return {series(catalogue.WINDOW_DAY_OF_WEEK, window | labels): f"{weekday}x60"}


def test_floors_of_weekdays_are_part_of_the_rule() -> None:
    score = 'ml_feature_psi{model="fraud",env="prod",window=~"1h|24h",segment=""}'
    gauge = 'ml_window_day_of_week{model="fraud",env="prod",stream="inference"}'
    assert RULE["expr"] == (
        f"{PLAIN['expr']}\n"
        "unless (\n"
        "  max without (instance, pod, endpoint, container) (\n"
        f"    {score}\n"
        "  )\n"
        "  <= 0.3\n"
        "  and ignoring (instance, pod, endpoint, container, feature, version, stream) (\n"
        f"    {gauge} == 0\n"
        "    or\n"
        f"    {gauge} == 6\n"
        "  )\n"
        ")"
    )


def test_other_rules_and_other_specs_have_no_weekdays() -> None:
    gauge = catalogue.WINDOW_DAY_OF_WEEK.name
    assert [name for name, rule in rules_of(model(thresholds=WEEKEND)).items() if gauge in rule["expr"]] == [
        catalogue.FEATURE_DRIFT_HIGH.name
    ]
    same = {"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.2}}}
    assert not [rule for rule in rules_of(model(thresholds=same)).values() if gauge in rule["expr"]]


@pytest.mark.parametrize(
    ("weekday", "score", "fires"),
    [
        (FRIDAY, 0.25, True),
        (SATURDAY, 0.25, False),
        (SATURDAY, 0.3, False),
        (SATURDAY, 0.35, True),
        (SUNDAY, 0.25, False),
        (1, 0.25, True),
    ],
)
def test_a_weekday_floor_applies_although_the_exporter_does_not_have_it(
    weekday: int, score: float, fires: bool, tmp_path: Path
) -> None:
    alerts = [SCORE] if fires else []
    firing(RULE, score_and_threshold(score, 0.2) | day(weekday), "20m", alerts, tmp_path)


def test_a_threshold_above_the_floor_has_priority(tmp_path: Path) -> None:
    firing(RULE, score_and_threshold(0.35, 0.4) | day(SATURDAY), "20m", [], tmp_path)
    firing(RULE, score_and_threshold(0.45, 0.4) | day(SATURDAY), "20m", [SCORE], tmp_path)


def test_without_the_gauge_only_the_threshold_applies(tmp_path: Path) -> None:
    firing(RULE, score_and_threshold(0.25, 0.2), "20m", [SCORE], tmp_path)
    firing(RULE, score_and_threshold(0.25, 0.3), "20m", [], tmp_path)


@pytest.mark.parametrize(
    "other", [{MODEL: "other"}, {"env": "dev"}, {WINDOW: "24h"}, {STREAM: "labels"}, {"job": "other"}]
)
def test_the_weekday_of_another_series_does_not_apply(other: dict[str, str], tmp_path: Path) -> None:
    firing(RULE, score_and_threshold(0.25, 0.2) | day(FRIDAY) | day(SATURDAY, **other), "20m", [SCORE], tmp_path)


def test_each_window_has_its_own_day(tmp_path: Path) -> None:
    windows = (
        score_and_threshold(0.25, 0.2)
        | day(FRIDAY)
        | score_and_threshold(0.25, 0.2, **{WINDOW: "24h"})
        | day(SATURDAY, **{WINDOW: "24h"})
    )
    firing(RULE, windows, "20m", [SCORE], tmp_path)


def test_a_replica_that_is_ahead_by_a_day_counts(tmp_path: Path) -> None:
    # One replica has read the first hour of Saturday, the other has not: until then the score must exceed both floors.
    replicas = (
        score_and_threshold(0.25, 0.2)
        | day(FRIDAY)
        | score_and_threshold(0.25, 0.3, instance="b")
        | day(SATURDAY, instance="b")
    )
    firing(RULE, replicas, "20m", [], tmp_path)


def test_a_higher_floor_on_most_days_is_written_as_the_other_days(tmp_path: Path) -> None:
    strict = {"feature_psi": {"floor": 0.3, "weekdays": {"saturday": 0.2}}}
    rule = rules_of(model(thresholds=strict))[catalogue.FEATURE_DRIFT_HIGH.name]
    assert "== " not in rule["expr"]
    assert rule["expr"].count('stream="inference"} != 6\n') == 1
    firing(rule, score_and_threshold(0.25, 0.2) | day(SATURDAY), "20m", [SCORE], tmp_path)
    firing(rule, score_and_threshold(0.25, 0.2) | day(FRIDAY), "20m", [], tmp_path)


@pytest.mark.parametrize("days", [[0], [0, 6], [1, 2, 3], [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
def test_any_set_of_days_differs_from_the_others(days: list[int], tmp_path: Path) -> None:
    names = [name for position, name in enumerate(WEEK) if position in days]
    floors = {"feature_psi": {"floor": 0.2, "weekdays": dict.fromkeys(names, 0.3)}}
    rule = rules_of(model(thresholds=floors))[catalogue.FEATURE_DRIFT_HIGH.name]
    for weekday in range(7):
        firing(rule, score_and_threshold(0.25, 0.2) | day(weekday), "20m", [] if weekday in days else [SCORE], tmp_path)


def test_the_week_begins_on_sunday_as_in_promql(jsonnet: Callable[..., Any]) -> None:
    assert jsonnet("lib.calendar.week") == WEEK
