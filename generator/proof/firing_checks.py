"""promtool checks of the moments at which an alert begins and stops firing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.proof.series import duration, ticks


def firing_checks(
    alert: Mapping[str, Any], runs: Iterable[Mapping[str, Any]], begins: int, tick: int
) -> Iterator[dict[str, Any]]:
    """Yield checks of the tick before the alert changes, of the tick at which it changes, and of each run's last tick.

    They query the series `ALERTS`; other tests check the labels and annotations of the alert.

    Args:
        alert: its name, and the seconds of its `for` and `keep_firing_for`.
        runs: periods in their order: their `ticks`, and whether the condition holds (`fires`).
        begins: the tick at which the first run begins; before it the alert does not fire.
        tick: the evaluation interval in seconds.
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
    """Return the ticks from the moment at which the condition begins to hold, or ends, until the alert changes."""
    return ticks(alert["for" if fires else "keep_firing_for"], tick)
