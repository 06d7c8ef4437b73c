"""The result of a backtest as tables and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from backtested import DRIFTS, HOUR, SATURDAY, SEEN, UNSEEN, firing, result
from examples import model
from exporter import catalogue
from exporter.backtest.report import BacktestResult, alert_rows, json_text, series_labels, tables, verdicts
from exporter.samples.conditions import Condition


def _printed(found: BacktestResult) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(*tables(found), sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_series_that_fire_together_are_one_alert_on_its_local_weekday() -> None:
    share, drift = alert_rows(result(*DRIFTS, SATURDAY))
    assert (drift.alert, drift.fired, drift.firing) == (catalogue.FEATURE_DRIFT_HIGH, 2, 3 * HOUR)
    assert drift.weekdays == (0, 0, 0, 0, 1, 1, 0), "Friday and Saturday in New York"
    assert (share.alert, share.fired, share.weekdays) == (catalogue.DATA_DRIFT_HIGH, 0, (0,) * 7)


def test_a_series_is_named_without_its_model() -> None:
    assert series_labels(SATURDAY) == "v3, age, 1h"


def test_a_budget_is_kept_or_exceeded_or_missing() -> None:
    page = firing(catalogue.DATA_DRIFT_HIGH, 1, 2)
    assert result(*DRIFTS, SATURDAY).kept is True, "two tickets in two days are 30 a month"
    assert result(page, replace(page, start=page.start + 9 * HOUR, end=page.end + 9 * HOUR), page).kept is False
    assert result(page, spec=model()).kept is None
    assert result(page, spec=model()).ok


def test_a_late_or_missing_detection_is_a_failure() -> None:
    assert result(detections=(SEEN,)).ok
    assert not result(detections=(SEEN, UNSEEN)).ok
    assert not replace(result(detections=(SEEN,)), within=HOUR).ok


def test_budget_and_faults_have_a_line_each() -> None:
    lines = list(verdicts(result(*DRIFTS, SATURDAY, detections=(SEEN, UNSEEN))))
    assert lines == [
        "kept: 0 pages and 30 tickets a month (budget 30 and 60)",
        "MISSED: 1 of 2 faults seen within 3h",
    ]
    assert list(verdicts(result(spec=model()))) == ["0 pages and 0 tickets a month"]


def test_tables_fit_into_80_columns() -> None:
    shift = replace(SATURDAY, condition=Condition(catalogue.PREDICTION_SCORE_SHIFT, ("fraud", "v3", "1h", "", "")))
    found = result(*DRIFTS, shift, detections=(SEEN, UNSEEN))
    ratios = found.replay.threshold_ratios
    ratios = {time: {**values, catalogue.PREDICTION_SCORE_SHIFT: 0.5} for time, values in ratios.items()}
    text = _printed(replace(found, replay=replace(found.replay, threshold_ratios=ratios)))
    assert "48 windows, from Fri 2026-11-20 00:00 to Sun 2026-11-22 00:00" in text
    assert "MLPredictionScoreShift" in text
    assert "…" not in text
    assert "[bold]<b>" in text, "column names are not markup"


def test_long_lists_of_alerts_are_shortened() -> None:
    many = [firing(catalogue.FEATURE_DRIFT_HIGH, 1, 2, f"x{number}") for number in range(25)]
    assert "5 more: see --report" in _printed(result(*many))


def test_the_json_contains_everything() -> None:
    found = json.loads(json_text(result(*DRIFTS, SATURDAY, detections=(SEEN, UNSEEN))))
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
