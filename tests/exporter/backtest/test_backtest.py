"""The command `leeway backtest`."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from exporter.backtest import backtest
from exporter.backtest.backtest import BacktestOptions, replay_period
from exporter.backtest.injection import InjectionRequest
from exporter.errors import UsageError
from exporter.spec import solved
from exporter.spec.loading import LoadedSpec
from replayed import ALERT_TIMINGS, NOW, PERIOD, loaded, write_log

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two days, which no test changes."""
    folder = tmp_path_factory.mktemp("backtest")
    write_log(folder)
    return folder


def _run(spec: LoadedSpec, report: Path | None = None, **options: Any) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=100)
    ok = backtest.run(
        spec,
        BacktestOptions(DAY, DAY, **options),
        now=NOW,
        alert_timings={name: (timing.for_, timing.keep_firing_for) for name, timing in ALERT_TIMINGS.items()},
        storage=spec.folder / "storage",
        report=report,
        console=console,
        progress=lambda what, done, total: None,
    )
    assert isinstance(console.file, io.StringIO)
    return ok, console.file.getvalue()


def test_days_are_in_the_models_time_zone(folder: Path) -> None:
    new_york = loaded(folder, seasonality={"timezone": "America/New_York"})
    found = replay_period(new_york, BacktestOptions(date(2026, 10, 31), date(2026, 11, 1)), NOW)
    assert found.length == timedelta(hours=49), "clocks go back on the first of November"


def test_the_default_days_are_the_four_weeks_until_yesterday(folder: Path) -> None:
    assert replay_period(loaded(folder), BacktestOptions(), NOW).end == PERIOD.end
    assert replay_period(loaded(folder), BacktestOptions(), NOW).length == timedelta(weeks=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (BacktestOptions(DAY, DAY - timedelta(days=1)), "--from 2026-11-23 is after --to 2026-11-22"),
        (BacktestOptions(DAY, DAY + timedelta(days=1)), "--to 2026-11-24: that day is not over"),
    ],
)
def test_days_that_cannot_be_replayed_are_refused(folder: Path, options: BacktestOptions, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replay_period(loaded(folder), options, NOW)


def test_the_output_has_alerts_and_detected_faults(folder: Path, tmp_path: Path) -> None:
    inject = [
        InjectionRequest.parse("nulls:country_code@2026-11-23T02:00"),
        InjectionRequest.parse("shift:predicted_score"),
    ]
    ok, output = _run(loaded(folder), tmp_path / "report", inject=inject)
    assert ok
    assert "MLFeatureDriftHigh" in output
    assert "kept: 2 of 2 faults seen within 3h" in output
    found = json.loads((tmp_path / "report" / "fraud.json").read_text())
    assert [fault["column"] for fault in found["faults"]] == ["country_code", "predicted_score"]
    assert "<h1>Backtest of fraud</h1>" in (tmp_path / "report" / "fraud.html").read_text()


def test_a_late_detection_is_a_failure(folder: Path) -> None:
    ok, output = _run(loaded(folder), inject=[InjectionRequest.parse("nulls:country_code")], within=timedelta(hours=1))
    assert not ok
    assert "MISSED: 0 of 1 faults seen within 1h" in output


def test_a_fault_outside_of_the_days_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="nulls:age@2026-11-22T02:00Z is outside of the replayed days"):
        _run(loaded(folder), inject=[InjectionRequest.parse("nulls:age@2026-11-22T02:00")])


def _with_budget(folder: Path, pages: float, tickets: float | None = None) -> LoadedSpec:
    alerting = {"windows": ["1h"], "false_alarms": {"pages_per_month": pages, "tickets_per_month": tickets}}
    return loaded(folder, alerting=alerting)


def test_the_rate_of_a_kept_budget_is_written_for_the_exporter(folder: Path) -> None:
    spec = _with_budget(folder, pages=100)
    ok, output = _run(spec)
    assert ok
    assert "kept:" in output
    file = solved.solved_path(spec.path)
    assert json.loads(file.read_text())["false_positive_rate"] == 0.05
    assert solved.with_solved_rate(spec.spec, spec.path).spec.thresholds.false_positive_rate == 0.05
    file.unlink()


def test_an_exceeded_budget_is_a_failure_and_no_rate_is_written(folder: Path) -> None:
    spec = _with_budget(folder, pages=0.5)
    ok, output = _run(spec)
    assert not ok
    assert "MISSED:" in output
    assert "(budget 0.5 and 1)" in output
    assert not solved.solved_path(spec.path).exists()


def test_with_keep_the_rate_of_the_spec_is_used(folder: Path) -> None:
    spec = _with_budget(folder, pages=100)
    ok, output = _run(spec, keep=True)
    assert ok
    assert "false-positive rate 0.0005" in output
    assert not solved.solved_path(spec.path).exists()
