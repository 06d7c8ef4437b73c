from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM
from spec_folder import write_spec


def test_check_passes_after_generate(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate"])
    capsys.readouterr()
    assert main(["check"]) == EXIT_OK
    printed = capsys.readouterr()
    assert "ok: promtool test rules rules/tests/fraud.yaml\n" in printed.out
    assert printed.err == ""


def test_check_prints_what_is_out_of_date(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate"])
    write_spec("fraud", team="another")
    capsys.readouterr()
    assert main(["check", "--no-tools"]) == EXIT_PROBLEM
    printed = capsys.readouterr()
    assert "+          team: another" in printed.out
    assert "build/rules/fraud.yaml: out of date: run leeway generate" in printed.err.splitlines()
    assert "promtool" not in printed.out


def test_check_fails_without_the_programs_unless_no_tools_is_given(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["generate"])
    monkeypatch.setenv("PATH", str(work))
    assert main(["check"]) == EXIT_PROBLEM
    assert "FAILED: promtool\nnot on the PATH" in capsys.readouterr().err
    assert main(["check", "--no-tools"]) == EXIT_OK
    assert "ok: incident: MLDataDriftHigh of fraud inhibits " in capsys.readouterr().out
