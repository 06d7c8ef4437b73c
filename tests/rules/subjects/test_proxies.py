from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import MODEL, PROXY, STREAM, WINDOW
from promtool import firing, rendered, rules_of, series, verdict

NAMES = {MODEL: "fraud", "env": "prod", "job": "leeway"}
SATURDAY, MONDAY = 6, 1


def proxy(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "ratio": {"numerator": name}, **more}


WITH_WEEKDAY_FLOOR = {"floor": 0.1, "weekdays": {"saturday": 0.5}}


def score_and_threshold(name: str, deviation: float, threshold: float) -> dict[str, str]:
    own = NAMES | {PROXY: name, WINDOW: "1h"}
    return {
        series(catalogue.PROXY_DEVIATION, own): f"{deviation}x40",
        series(catalogue.PROXY_DEVIATION_THRESHOLD, own): f"{threshold}x40",
    }


def test_each_proxy_has_its_own_threshold(tmp_path: Path) -> None:
    rule = rules_of(model(proxies=[proxy("clicks"), proxy("sales")]))[catalogue.PROXY_UNUSUAL.name]
    inputs = score_and_threshold("clicks", 0.3, 0.4) | score_and_threshold("sales", 0.3, 0.2)
    firing(rule, inputs, "25m", [NAMES | {PROXY: "sales", WINDOW: "1h"}], tmp_path)


@pytest.mark.parametrize(("day", "alerting"), [(SATURDAY, ["sales"]), (MONDAY, ["clicks", "sales"])])
def test_a_weekday_floor_applies_only_to_its_proxy(tmp_path: Path, day: int, alerting: list[str]) -> None:
    loaded = model(proxies=[proxy("clicks", floor=WITH_WEEKDAY_FLOOR), proxy("sales")])
    window = NAMES | {STREAM: catalogue.INFERENCE, WINDOW: "1h"}
    inputs = score_and_threshold("clicks", 0.3, 0.1) | score_and_threshold("sales", 0.3, 0.1)
    inputs[series(catalogue.WINDOW_DAY_OF_WEEK, window)] = f"{day}x40"
    alerts = [NAMES | {PROXY: name, WINDOW: "1h"} for name in alerting]
    firing(rules_of(loaded)[catalogue.PROXY_UNUSUAL.name], inputs, "25m", alerts, tmp_path)


def test_without_proxies_there_is_no_rule() -> None:
    assert catalogue.PROXY_UNUSUAL.name not in rules_of(model(proxies=[]))


def test_promql_of_a_spec_is_in_no_rule() -> None:
    loaded = model(proxies=[{"name": "queried", "promql": 'sum(orders{a="b"})'}])
    assert "orders" not in str(rules_of(loaded))


def test_the_tests_pass_for_several_proxies_of_which_one_has_a_weekday_floor(tmp_path: Path) -> None:
    loaded = model(proxies=[proxy("clicks"), proxy("sales", floor=WITH_WEEKDAY_FLOOR)])
    passed, output = verdict(*rendered(loaded), tmp_path)
    assert passed, output
