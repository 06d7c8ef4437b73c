from __future__ import annotations

from pathlib import Path

from examples import model
from exporter import catalogue
from exporter.catalogue import MODEL, WINDOW
from promtool import firing, rules_of, series

NAMES = {MODEL: "fraud", "env": "prod", "job": "leeway"}


def test_each_window_has_its_own_threshold(tmp_path: Path) -> None:
    rule = rules_of(model(windows=["1h", "24h", "7d"]))[catalogue.TRAFFIC_UNUSUAL.name]
    values = {"1h": (3, 4), "24h": (3, 2), "7d": (3, 2)}
    inputs = {
        series(metric, NAMES | {WINDOW: window}): f"{value}x30"
        for window, pair in values.items()
        for metric, value in zip((catalogue.TRAFFIC_FACTOR, catalogue.TRAFFIC_FACTOR_THRESHOLD), pair, strict=True)
    }
    firing(rule, inputs, "20m", [NAMES | {WINDOW: "24h"}], tmp_path)


def test_two_unusual_windows_are_two_alerts(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.TRAFFIC_UNUSUAL.name]
    inputs = {}
    for window in ("1h", "24h"):
        inputs[series(catalogue.TRAFFIC_FACTOR, NAMES | {WINDOW: window})] = "3x30"
        inputs[series(catalogue.TRAFFIC_FACTOR_THRESHOLD, NAMES | {WINDOW: window})] = "2x30"
    firing(rule, inputs, "20m", [NAMES | {WINDOW: "1h"}, NAMES | {WINDOW: "24h"}], tmp_path)
