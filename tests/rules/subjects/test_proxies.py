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


RESTLESS = {"floor": 0.1, "weekdays": {"saturday": 0.5}}


def judged(name: str, deviation: float, threshold: float) -> dict[str, str]:
    own = NAMES | {PROXY: name, WINDOW: "1h"}
    return {
        series(catalogue.PROXY_DEVIATION, own): f"{deviation}x40",
        series(catalogue.PROXY_DEVIATION_THRESHOLD, own): f"{threshold}x40",
    }


def test_each_proxy_is_judged_by_its_own_threshold(tmp_path: Path) -> None:
    rule = rules_of(model(proxies=[proxy("clicks"), proxy("sales")]))[catalogue.PROXY_UNUSUAL.name]
    inputs = judged("clicks", 0.3, 0.4) | judged("sales", 0.3, 0.2)
    firing(rule, inputs, "25m", [NAMES | {PROXY: "sales", WINDOW: "1h"}], tmp_path)


@pytest.mark.parametrize(("day", "alerting"), [(SATURDAY, ["sales"]), (MONDAY, ["clicks", "sales"])])
def test_a_weekdays_floor_holds_for_the_proxy_that_has_it(tmp_path: Path, day: int, alerting: list[str]) -> None:
    loaded = model(proxies=[proxy("clicks", floor=RESTLESS), proxy("sales")])
    window = NAMES | {STREAM: catalogue.INFERENCE, WINDOW: "1h"}
    inputs = judged("clicks", 0.3, 0.1) | judged("sales", 0.3, 0.1)
    inputs[series(catalogue.WINDOW_DAY_OF_WEEK, window)] = f"{day}x40"
    alerts = [NAMES | {PROXY: name, WINDOW: "1h"} for name in alerting]
    firing(rules_of(loaded)[catalogue.PROXY_UNUSUAL.name], inputs, "25m", alerts, tmp_path)


def test_without_proxies_there_is_no_rule() -> None:
    assert catalogue.PROXY_UNUSUAL.name not in rules_of(model(proxies=[]))


def test_promql_of_the_users_own_is_in_no_rule() -> None:
    loaded = model(proxies=[{"name": "asked", "promql": 'sum(orders{a="b"})'}])
    assert "orders" not in str(rules_of(loaded))


def test_the_proof_holds_for_several_proxies_of_which_one_is_restless(tmp_path: Path) -> None:
    loaded = model(proxies=[proxy("clicks"), proxy("sales", floor=RESTLESS)])
    holds, said = verdict(*rendered(loaded), tmp_path)
    assert holds, said
