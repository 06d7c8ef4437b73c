"""What a backtest found, as tables and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from backtested import DRIFTS, HOUR, SATURDAY, SEEN, UNSEEN, firing, outcome
from examples import model
from exporter import catalogue
from exporter.backtest.report import BacktestResult, alert_rows, json_text, series, tables, verdicts
from exporter.samples.conditions import Condition


def _printed(found: BacktestResult) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(*tables(found), sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_series_that_fire_together_are_one_alert_of_its_local_weekday() -> None:
    share, drift = alert_rows(outcome(*DRIFTS, SATURDAY))
    assert (drift.alert, drift.fired, drift.firing) == (catalogue.FEATURE_DRIFT_HIGH, 2, 3 * HOUR)
    assert drift.weekdays == (0, 0, 0, 0, 1, 1, 0), "Friday and Saturday in New York"
    assert (share.alert, share.fired, share.weekdays) == (catalogue.DATA_DRIFT_HIGH, 0, (0,) * 7)


def test_a_series_is_told_without_its_model() -> None:
    assert series(SATURDAY) == "v3, age, 1h"


def test_a_budget_is_kept_or_missed_or_there_is_none() -> None:
    page = firing(catalogue.DATA_DRIFT_HIGH, 1, 2)
    assert outcome(*DRIFTS, SATURDAY).kept is True, "two tickets in two days are 30 a month"
    assert outcome(page, replace(page, start=page.start + 9 * HOUR, end=page.end + 9 * HOUR), page).kept is False
    assert outcome(page, spec=model()).kept is None
    assert outcome(page, spec=model()).ok


def test_what_is_not_seen_in_time_is_a_failure() -> None:
    assert outcome(sightings=(SEEN,)).ok
    assert not outcome(sightings=(SEEN, UNSEEN)).ok
    assert not replace(outcome(sightings=(SEEN,)), within=HOUR).ok


def test_in_a_line_each_it_says_what_it_comes_to() -> None:
    lines = list(verdicts(outcome(*DRIFTS, SATURDAY, sightings=(SEEN, UNSEEN))))
    assert lines == [
        "kept: 0 pages and 30 tickets a month (budget 30 and 60)",
        "MISSED: 1 of 2 faults seen within 3h",
    ]
    assert list(verdicts(outcome(spec=model()))) == ["0 pages and 0 tickets a month"]


def test_a_terminal_of_80_columns_shows_it_whole() -> None:
    shift = replace(SATURDAY, condition=Condition(catalogue.PREDICTION_SCORE_SHIFT, ("fraud", "v3", "1h", "", "")))
    found = outcome(*DRIFTS, shift, sightings=(SEEN, UNSEEN))
    near = {moment: {**values, catalogue.PREDICTION_SCORE_SHIFT: 0.5} for moment, values in found.replay.near.items()}
    text = _printed(replace(found, replay=replace(found.replay, near=near)))
    assert "48 windows, from Fri 2026-11-20 00:00 to Sun 2026-11-22 00:00" in text
    assert "MLPredictionScoreShift" in text
    assert "…" not in text
    assert "[bold]<b>" in text, "what a column is called is text"


def test_more_alarms_than_a_person_reads_are_counted() -> None:
    many = [firing(catalogue.FEATURE_DRIFT_HIGH, 1, 2, f"x{number}") for number in range(25)]
    assert "5 more: see --report" in _printed(outcome(*many))


def test_a_program_reads_it_all() -> None:
    found = json.loads(json_text(outcome(*DRIFTS, SATURDAY, sightings=(SEEN, UNSEEN))))
    assert (found["model"], found["timezone"], found["windows"], found["ok"]) == (
        "fraud",
        "America/New_York",
        48,
        False,
    )
    assert (found["from"], found["to"]) == ("2026-11-20T05:00:00Z", "2026-11-22T05:00:00Z")
    assert found["tickets_per_month"] == pytest.approx(2 * 365.2425 / 12 / 2)
    assert found["budget"] == {"pages_per_month": 30, "tickets_per_month": 60}
    assert found["alerts"][1]["weekdays"] == {
        "monday": 0,
        "tuesday": 0,
        "wednesday": 0,
        "thursday": 0,
        "friday": 1,
        "saturday": 1,
        "sunday": 0,
    }
    assert found["firings"][2] == {
        "alert": "MLFeatureDriftHigh",
        "labels": {"model": "fraud", "version": "v3", "feature": "age", "window": "1h"},
        "from": "2026-11-21T06:00:00Z",
        "to": "2026-11-21T07:00:00Z",
    }
    assert [fault["after_seconds"] for fault in found["faults"]] == [5400, None]
