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
from exporter.backtest.injection import FaultKind
from exporter.backtest.report import BacktestResult, alert_rows, json_text, outcome, series_labels, tables, verdicts
from exporter.samples.conditions import Condition


def _printed(found: BacktestResult) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(*tables(found), sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_alert_counts_whenever_a_series_begins_on_its_local_weekday() -> None:
    share, drift = alert_rows(result(*DRIFTS, SATURDAY))
    assert (drift.alert, drift.fired, drift.firing) == (catalogue.FEATURE_DRIFT_HIGH, 3, 3 * HOUR)
    assert drift.weekdays == (0, 0, 0, 0, 2, 1, 0), "Friday and Saturday in New York"
    assert (share.alert, share.fired, share.weekdays) == (catalogue.DATA_DRIFT_HIGH, 0, (0,) * 7)


def test_an_alert_that_still_fires_at_the_end_says_so() -> None:
    lasting = firing(catalogue.DATA_DRIFT_HIGH, 1, 48)
    share, drift = alert_rows(result(lasting, *DRIFTS))
    assert (share.at_end, share.firing, drift.at_end) == (1, 47 * HOUR, 0)


def test_a_fault_that_changes_nothing_is_neither_seen_nor_missed() -> None:
    constant = replace(UNSEEN, injection=replace(UNSEEN.injection, kind=FaultKind.FREEZE, unseen=True))
    found = result(detections=(SEEN, constant))
    assert found.ok
    assert outcome(constant, found) == "constant: nothing changes"
    assert "kept: 1 of 1 faults seen within 3h" in list(verdicts(found))


def test_labels_have_the_time_to_mature() -> None:
    slow = replace(SEEN, injection=replace(SEEN.injection, kind=FaultKind.FLIP, matures=24 * HOUR), after=26 * HOUR)
    assert result(detections=(slow,)).ok
    assert not result(detections=(replace(slow, after=28 * HOUR),)).ok


def test_a_series_is_named_without_its_model() -> None:
    assert series_labels(SATURDAY) == "v3, age, 1h"


def test_a_budget_is_kept_or_exceeded_or_missing() -> None:
    page = firing(catalogue.DATA_DRIFT_HIGH, 1, 2)
    assert result(*DRIFTS, SATURDAY).kept is True, "three tickets in two days are 46 a month"
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
        "kept: 0 pages and 46 tickets a month (budget 30 and 60)",
        "MISSED: 1 of 2 faults seen within 3h",
    ]
    assert list(verdicts(result(spec=model()))) == ["0 pages and 0 tickets a month"]


def test_tables_fit_into_80_columns() -> None:
    longest = max(catalogue.ALERTS, key=lambda alert: len(alert.name))
    shift = replace(SATURDAY, condition=Condition(catalogue.PREDICTION_SCORE_SHIFT, ("fraud", "v3", "1h", "", "")))
    found = result(*DRIFTS, shift, detections=(SEEN, UNSEEN))
    ratios = found.replay.threshold_ratios
    ratios = {time: {**values, longest: 123.5} for time, values in ratios.items()}
    text = _printed(replace(found, replay=replace(found.replay, threshold_ratios=ratios)))
    assert "48 windows, from Fri 2026-11-20 00:00 to Sun 2026-11-22 00:00" in text
    assert longest.name in text
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
    assert found["tickets_per_month"] == pytest.approx(3 * 365.2425 / 12 / 2)
    assert found["budget"] == {"pages_per_month": 30, "tickets_per_month": 60}
    assert found["alerts"][1]["weekdays"] == {
        "monday": 0,
        "tuesday": 0,
        "wednesday": 0,
        "thursday": 0,
        "friday": 2,
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
