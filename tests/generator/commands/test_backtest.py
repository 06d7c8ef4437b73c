from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import BODY, METADATA
from exporter.backtest import backtest
from exporter.backtest.injection import FaultKind, InjectionRequest
from exporter.spec.loading import LoadedSpec
from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with two specs in `models/`."""
    monkeypatch.chdir(tmp_path)
    Path("models").mkdir()
    for name in ("churn", "fraud"):
        document = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {**METADATA, "name": name}, "spec": BODY}
        Path("models", f"{name}.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def _backtested(monkeypatch: pytest.MonkeyPatch, outcome: bool) -> list[dict[str, Any]]:
    """Return the calls of the backtest, which does nothing else."""
    calls: list[dict[str, Any]] = []

    def run(loaded: LoadedSpec, question: Any, **others: Any) -> bool:
        calls.append({"model": loaded.spec.name, "question": question, "kept": others["storage"].is_dir(), **others})
        return outcome

    monkeypatch.setattr(backtest, "run", run)
    return calls


def test_a_backtest_runs_each_model_as_the_flags_want(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _backtested(monkeypatch, outcome=True)
    flags = ["--from=2026-10-01", "--to=2026-10-28", "--inject=nulls:age", "--inject=all", "--within=2h", "--keep"]
    assert main(["backtest", *flags, "--report=report", "models"]) == EXIT_OK
    assert [one["model"] for one in calls] == ["churn", "fraud"]
    inject = [InjectionRequest(FaultKind.NULLS, "age", None), InjectionRequest(None, None, None)]
    days = (date(2026, 10, 1), date(2026, 10, 28))
    assert calls[0]["question"] == backtest.BacktestOptions(*days, inject, timedelta(hours=2), keep=True)
    assert calls[0]["report"] == Path("report")
    assert calls[0]["alert_timings"]["MLDataDriftHigh"] == (timedelta(minutes=10), timedelta(minutes=15))


def test_a_backtest_keeps_profiles_only_in_a_given_folder(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _backtested(monkeypatch, outcome=True)
    main(["backtest"])
    main(["backtest", "--storage.path=kept"])
    assert calls[0]["kept"]
    assert not calls[0]["storage"].exists(), "gone afterwards"
    assert calls[2]["storage"] == Path("kept")
    assert calls[0]["question"] == backtest.BacktestOptions(inject=[])


def test_a_backtest_that_misses_its_budget_or_a_fault_is_a_problem(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _backtested(monkeypatch, outcome=False)
    assert main(["backtest"]) == EXIT_PROBLEM


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--inject=gremlins", "--inject: gremlins cannot be injected"),
        ("--from=monday", "monday is not a day such as 2026-11-20"),
        ("--within=soon", "must be a duration such as 90s"),
    ],
)
def test_an_invalid_flag_is_explained(work: Path, capsys: pytest.CaptureFixture[str], flag: str, message: str) -> None:
    try:
        code = main(["backtest", flag])
    except SystemExit as ended:
        code = ended.code
    assert code == EXIT_USAGE
    assert message in capsys.readouterr().err
