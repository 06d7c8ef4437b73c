"""When an alert fires in the course of days, as promtool asks Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.proof.series import duration, ticks


def firing_checks(
    alert: Mapping[str, Any], runs: Iterable[Mapping[str, Any]], begins: int, tick: int
) -> Iterator[dict[str, Any]]:
    """The tick before the alert changes and that at which it does; and the last of each run.

    What is asked is what Prometheus itself says fires: the texts of the alert have their proof elsewhere.

    Args:
        alert: its name, and for how many seconds it is held and lingers.
        runs: for how many `ticks` its condition holds or not, `fires`.
        begins: the tick at which the first run begins; until then the alert is silent.
        tick: the seconds from one evaluation to the next.
    """
    expression = f'count(ALERTS{{alertname={json.dumps(alert["alert"])},alertstate="firing"}})'

    def check(moment: int, *, fires: bool) -> dict[str, Any]:
        samples = [{"labels": "{}", "value": 1}] if fires else []
        return {"expr": expression, "eval_time": duration(moment * tick), "exp_samples": samples}

    now, fires = begins, False
    for run in runs:
        turn, ends = now + ticks_until_change(alert, tick, fires=run["fires"]), now + run["ticks"]
        if run["fires"] != fires and turn < ends:
            yield check(turn - 1, fires=fires)
            yield check(turn, fires=run["fires"])
            fires = run["fires"]
        yield check(ends - 1, fires=fires)
        now = ends


def ticks_until_change(alert: Mapping[str, Any], tick: int, *, fires: bool) -> int:
    """The ticks from when the alert's condition begins to hold, or ends, until the alert follows."""
    return ticks(alert["for" if fires else "keep_firing_for"], tick)
