from __future__ import annotations

from pathlib import Path

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import MODEL, OWNER, SPEC, STREAM, TASK, TEAM, WINDOW
from promtool import firing, rules_of, series

NAMES = {MODEL: "fraud", "env": "prod", "job": "leeway"}
STALE_AFTER = 3 * 3600 + 600


def info(instance: str = "a") -> str:
    return series(catalogue.MODEL_INFO, NAMES | {"instance": instance, TEAM: "t", OWNER: "o", TASK: "x", SPEC: "s"})


def end(window: str, instance: str = "a") -> str:
    labels = {STREAM: catalogue.INFERENCE, WINDOW: window, "instance": instance}
    return series(catalogue.WINDOW_END_TIMESTAMP_SECONDS, NAMES | labels)


def aged(seconds: int, minutes: int = 90) -> str:
    """A timestamp that is always the same time ago."""
    return f"{-seconds}+60x{minutes}"


@pytest.fixture
def stale() -> dict[str, object]:
    return rules_of(model())[catalogue.WINDOW_STALE.name]


def test_an_exporter_that_restarts_in_a_loop_fires(stale: dict[str, object], tmp_path: Path) -> None:
    # It is scraped once every five minutes, stops, and never completes a window.
    restarts = " ".join(["1 stale _x3"] * 12)
    firing(stale, {info(): restarts}, "29m", [], tmp_path)
    firing(stale, {info(): restarts}, "45m", [NAMES], tmp_path)


def test_an_exporter_that_is_down_is_not_a_stale_window(stale: dict[str, object], tmp_path: Path) -> None:
    firing(stale, {info(): "1x2 stale", end("1h"): f"{aged(60, 2)} stale"}, "80m", [], tmp_path)


def test_a_first_refresh_does_not_fire(stale: dict[str, object], tmp_path: Path) -> None:
    firing(stale, {info(): "1x90", end("1h"): f"_x29 {1700}+60x60"}, "80m", [], tmp_path)


def test_one_stale_window_is_enough(stale: dict[str, object], tmp_path: Path) -> None:
    windows = {info(): "1x90", end("1h"): aged(60), end("24h"): aged(STALE_AFTER + 60)}
    firing(stale, windows, "40m", [NAMES], tmp_path)


def test_one_replica_that_is_fresh_is_enough(stale: dict[str, object], tmp_path: Path) -> None:
    replicas = {info("a"): "1x90", info("b"): "1x90", end("1h", "a"): aged(60), end("1h", "b"): aged(STALE_AFTER + 60)}
    firing(stale, replicas, "40m", [], tmp_path)


def test_rows_of_the_shortest_window_are_evaluated(tmp_path: Path) -> None:
    rule = rules_of(model(windows=["24h", "1h"]))[catalogue.INFERENCE_LOGS_MISSING.name]
    labels = {STREAM: catalogue.INFERENCE, WINDOW: "1h"}
    hour = series(catalogue.WINDOW_ROWS, NAMES | labels)
    day = series(catalogue.WINDOW_ROWS, NAMES | labels | {WINDOW: "24h"})
    firing(rule, {hour: "0x30", day: "9x30"}, "20m", [NAMES | labels], tmp_path)
    firing(rule, {hour: "9x30", day: "0x30"}, "20m", [], tmp_path)


def test_unknown_rows_are_not_zero_rows(tmp_path: Path) -> None:
    firing(rules_of(model())[catalogue.INFERENCE_LOGS_MISSING.name], {info(): "1x30"}, "20m", [], tmp_path)


def test_no_rows_in_hours_that_usually_have_none_do_not_fire(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.INFERENCE_LOGS_MISSING.name]
    labels = {STREAM: catalogue.INFERENCE, WINDOW: "1h"}
    rows, usual = (
        series(metric, NAMES | labels) for metric in (catalogue.WINDOW_ROWS, catalogue.WINDOW_ROWS_REFERENCE)
    )
    firing(rule, {rows: "0x30", usual: "1000x30"}, "20m", [NAMES | labels], tmp_path)
    firing(rule, {rows: "0x30", usual: "10x30"}, "20m", [NAMES | labels], tmp_path)
    firing(rule, {rows: "0x30", usual: "9x30"}, "20m", [], tmp_path)
    firing(rule, {rows: "0x60", usual: "0x20 1000x40"}, "25m", [], tmp_path)
    firing(rule, {rows: "0x60", usual: "0x20 1000x40"}, "35m", [NAMES | labels], tmp_path)
