"""An objective in words and numbers, each worked out by hand or held against simulated predictions and labels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from examples import model
from exporter.spec.model import ModelSpec
from generator.cli import main
from generator.commands.expectation import Assumptions
from generator.commands.explanation import explanation
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE
from spec_parts import document

SEED = {"name": "auroc", "metric": "auroc", "at_least": 0.91, "over": "rolling", "window": "7d", "objective": 0.995}
KEPT = {**SEED, "objective": 0.95}
"""The founding sentence as it is pasted, and as it can be kept."""
DEFAULT = Assumptions(rows=(1000,), width=None, above=None, below=None, effect=1)


def of(**slo: Any) -> ModelSpec:
    return model(slos=[{**KEPT, **slo}]).spec


def text(spec: ModelSpec, assumptions: Assumptions = DEFAULT) -> str:
    console = Console(file=io.StringIO(), width=140, highlight=False)
    console.print(explanation(spec, spec.spec.slos[0], assumptions))
    printed: str = console.file.getvalue()  # type: ignore[attr-defined]
    return printed


def rows(printed: str, first: str) -> list[list[str]]:
    """The rows of a table that begin with a word, cell by cell."""
    lines = [line for line in printed.splitlines() if line.strip().startswith(first)]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_the_budget_in_slices_and_hours() -> None:
    printed = text(of())
    assert "auroc is at least 0.91 (over the 7d that end with the slice) in 95 % of slices of 24h" in printed
    assert "Budget: 1.5 of the 30 slices of 24h in 30d may be bad, in total 36h; 2 bad slices exhaust it." in printed


def test_one_bad_day_stays_in_a_rolling_window_and_in_no_other() -> None:
    rolling = "A bad period of 24h makes up to 7 slices bad, because it stays in the rolling window of 7d: 467 %"
    assert rolling in text(of())
    assert "A bad period of 24h makes up to 1 slice bad: 66.7 %" in text(of(over="cohort", window=None))
    # A bad day ends 24 hourly windows of a week, and stays in the 167 that begin within it.
    assert "makes up to 191 slices bad" in text(of(objective=0.995, slice="1h"))


def test_each_tier_s_time_to_fire_at_a_complete_outage_and_at_twice_the_rate() -> None:
    printed = text(of())
    assert rows(printed, "MLErrorBudgetBurnFast") == [
        ["MLErrorBudgetBurnFast", "14.4", "48h", "24h", "after 48h", "never"],
        ["MLErrorBudgetBurnFast", "6", "4d", "24h", "after 48h", "never"],
    ]
    assert rows(printed, "MLErrorBudgetBurnSlow") == [
        ["MLErrorBudgetBurnSlow", "3", "7d", "24h", "after 48h", "never"],
        ["MLErrorBudgetBurnSlow", "1", "20d", "48h", "after 48h", "after 20d"],
    ]
    assert rows(printed, "MLErrorBudgetExhausted") == [
        ["MLErrorBudgetExhausted", "-", "30d", "-", "after 48h", "after 20d"]
    ]


def test_a_tier_that_cannot_fire_is_marked() -> None:
    assert rows(text(of(objective=0.9)), "- ") == [["-", "14.4", "-", "-", "cannot fire: the rate is at most 10", "-"]]


def test_counted_predictions_have_no_slices() -> None:
    near = {"name": "near", "metric": "within_tolerance", "tolerance": 0.2, "objective": 0.99, "slice": "1h"}
    printed = text(model(slos=[near]).spec)
    assert "Budget: 1 % of the predictions of 30d may be outside the tolerance." in printed
    assert "exhausts" not in printed


class TestCommand:
    def write(self, folder: Path, slo: dict[str, Any]) -> str:
        columns = {"prediction_id": "id", "score": "score"}
        log = {"source": {"local": "log/%Y%m%dT%H.parquet"}, "columns": columns}
        labels = {"source": {"local": "labels/%Y%m%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "paid"}}
        path = folder / "fraud.yaml"
        path.write_text(yaml.safe_dump(document(inference=log, labels=labels, slos=[slo])))
        return str(path)

    def test_an_objective_that_one_bad_slice_breaks_is_an_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["explain", self.write(tmp_path, SEED)]) == EXIT_PROBLEM
        printed = capsys.readouterr().err
        assert (
            "spec.slos[0].objective: leaves a budget of 0.15 of the 30 slices of 24h: one bad slice exhausts it"
            in printed
        )
        assert "stays in the window for 7d" in printed
        assert "choose slices shorter than 3h36m, or an objective below 0.9666" in printed

    def test_with_shorter_slices_its_budget_is_printed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["explain", "--rows", "280", self.write(tmp_path, {**SEED, "slice": "1h"})]) == EXIT_OK
        printed = capsys.readouterr().out
        assert (
            "Budget: 3.6 of the 720 slices of 1h in 30d may be bad, in total 3h36m; 4 bad slices exhaust it." in printed
        )
        assert "280 a week" in printed

    def test_a_spec_without_objectives_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "fraud.yaml"
        path.write_text(yaml.safe_dump(document()))
        assert main(["explain", str(path)]) == EXIT_OK
        assert "no objectives" in capsys.readouterr().out

    @pytest.mark.parametrize("value", ["0", "-1", "x", "inf", "nan"])
    def test_a_width_must_be_a_number_above_0(self, value: str) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["explain", f"--width={value}"])
        assert caught.value.code == EXIT_USAGE
