"""The command, from a question to its answer."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from exporter.backtest import backtest
from exporter.backtest.backtest import BacktestOptions, stretch
from exporter.backtest.injection import InjectionRequest
from exporter.errors import UsageError
from exporter.spec import solved
from exporter.spec.loading import LoadedSpec
from replayed import NOW, PACES, STRETCH, loaded, write_log

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two days, which no test changes."""
    folder = tmp_path_factory.mktemp("backtest")
    write_log(folder)
    return folder


def _run(spec: LoadedSpec, report: Path | None = None, **question: Any) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=100)
    ok = backtest.run(
        spec,
        BacktestOptions(DAY, DAY, **question),
        now=NOW,
        alert_timings={name: (pace.hold, pace.linger) for name, pace in PACES.items()},
        storage=spec.folder / "storage",
        report=report,
        console=console,
        told=lambda what, done, total: None,
    )
    assert isinstance(console.file, io.StringIO)
    return ok, console.file.getvalue()


def test_days_are_the_models_own(folder: Path) -> None:
    new_york = loaded(folder, seasonality={"timezone": "America/New_York"})
    found = stretch(new_york, BacktestOptions(date(2026, 10, 31), date(2026, 11, 1)), NOW)
    assert found.length == timedelta(hours=49), "clocks go back on the first of November"


def test_left_out_they_are_the_four_weeks_until_yesterday(folder: Path) -> None:
    assert stretch(loaded(folder), BacktestOptions(), NOW).end == STRETCH.end
    assert stretch(loaded(folder), BacktestOptions(), NOW).length == timedelta(weeks=4)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (BacktestOptions(DAY, DAY - timedelta(days=1)), "--from 2026-11-23 is after --to 2026-11-22"),
        (BacktestOptions(DAY, DAY + timedelta(days=1)), "--to 2026-11-24: that day is not over"),
    ],
)
def test_days_that_cannot_be_replayed_are_refused(folder: Path, question: BacktestOptions, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        stretch(loaded(folder), question, NOW)


def test_it_tells_what_fired_and_what_was_seen(folder: Path, tmp_path: Path) -> None:
    inject = [
        InjectionRequest.parse("nulls:country_code@2026-11-23T02:00"),
        InjectionRequest.parse("shift:predicted_score"),
    ]
    ok, told = _run(loaded(folder), tmp_path / "report", inject=inject)
    assert ok
    assert "MLFeatureDriftHigh" in told
    assert "kept: 2 of 2 faults seen within 3h" in told
    found = json.loads((tmp_path / "report" / "fraud.json").read_text())
    assert [fault["column"] for fault in found["faults"]] == ["country_code", "predicted_score"]
    assert "<h1>Backtest of fraud</h1>" in (tmp_path / "report" / "fraud.html").read_text()


def test_a_fault_that_is_seen_too_late_is_a_failure(folder: Path) -> None:
    ok, told = _run(loaded(folder), inject=[InjectionRequest.parse("nulls:country_code")], within=timedelta(hours=1))
    assert not ok
    assert "MISSED: 0 of 1 faults seen within 1h" in told


def test_a_fault_outside_of_the_days_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="nulls:age@2026-11-22T02:00Z is outside of the days"):
        _run(loaded(folder), inject=[InjectionRequest.parse("nulls:age@2026-11-22T02:00")])


def _with_budget(folder: Path, pages: float, tickets: float | None = None) -> LoadedSpec:
    alerting = {"windows": ["1h"], "false_alarms": {"pages_per_month": pages, "tickets_per_month": tickets}}
    return loaded(folder, alerting=alerting)


def test_a_budget_that_can_be_kept_is_solved_and_written_for_the_exporter(folder: Path) -> None:
    spec = _with_budget(folder, pages=100)
    ok, told = _run(spec)
    assert ok
    assert "kept:" in told
    file = solved.solved_path(spec.path)
    assert json.loads(file.read_text())["false_positive_rate"] == 0.05
    assert solved.with_solved_rate(spec.spec, spec.path).spec.thresholds.false_positive_rate == 0.05
    file.unlink()


def test_a_budget_that_cannot_be_kept_is_a_failure_and_nothing_is_written(folder: Path) -> None:
    spec = _with_budget(folder, pages=0.5)
    ok, told = _run(spec)
    assert not ok
    assert "MISSED:" in told
    assert "(budget 0.5 and 1)" in told
    assert not solved.solved_path(spec.path).exists()


def test_a_spec_that_is_to_be_kept_is_judged_as_it_is(folder: Path) -> None:
    spec = _with_budget(folder, pages=100)
    ok, told = _run(spec, keep=True)
    assert ok
    assert "false-positive rate 0.0005" in told
    assert not solved.solved_path(spec.path).exists()
