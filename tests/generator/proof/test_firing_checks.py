from __future__ import annotations

from typing import Any

from generator.proof.firing_checks import firing_checks, ticks_until_change

ALERT = {"alert": "Late", "for": 600, "keep_firing_for": 7201}
HOUR = 3600


def run(ticks: int, *, fires: bool) -> dict[str, Any]:
    return {"ticks": ticks, "fires": fires}


def course(runs: list[dict[str, Any]], begins: int) -> list[tuple[str, bool]]:
    checks = list(firing_checks(ALERT, runs, begins, HOUR))
    assert {check["expr"] for check in checks} == {'count(ALERTS{alertname="Late",alertstate="firing"})'}
    return [(check["eval_time"], bool(check["exp_samples"])) for check in checks]


def test_an_alert_changes_a_tick_after_its_condition_begins_and_three_after_it_ends() -> None:
    assert ticks_until_change(ALERT, HOUR, fires=True) == 1
    assert ticks_until_change(ALERT, HOUR, fires=False) == 3
    assert course([run(4, fires=False), run(5, fires=True), run(6, fires=False)], begins=2) == [
        ("5h", False),
        *[("6h", False), ("7h", True), ("10h", True)],
        *[("13h", True), ("14h", False), ("16h", False)],
    ]


def test_a_run_that_ends_before_the_alert_changes_has_no_effect() -> None:
    assert course([run(5, fires=True), run(3, fires=False), run(2, fires=True)], begins=0) == [
        *[("0h", False), ("1h", True), ("4h", True)],
        ("7h", True),
        ("9h", True),
    ]
