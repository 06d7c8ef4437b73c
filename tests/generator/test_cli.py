from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from generator.cli import main
from generator.commands.terminal import EXIT_PROBLEM, EXIT_USAGE


@pytest.mark.parametrize("command", ["validate", "generate", "check"])
def test_every_problem_of_a_spec_is_a_line_on_standard_error(
    work: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    document = yaml.safe_load((work / "models/fraud.yaml").read_text())
    document["spec"] |= {"task": "astrology", "windows": []}
    (work / "models/fraud.yaml").write_text(yaml.safe_dump(document))
    assert main([command]) == EXIT_PROBLEM
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 2
    assert all(line.startswith("models/fraud.yaml:") for line in printed.err.splitlines())
    assert not (work / "build").exists()


def test_no_spec_at_all_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate"]) == EXIT_PROBLEM
    assert "models" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["generate", "--label", "x"], ["generate", "--grafana", "{{}}"], ["check", "--ou", "x"]],
)
def test_wrong_usage_ends_with_its_own_code(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == EXIT_USAGE
    assert "usage: leeway" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "leeway check --out build models/" in capsys.readouterr().out


def test_help_imports_no_library_that_is_slow_to_import() -> None:
    code = "import contextlib, sys; from generator.cli import main\nwith contextlib.suppress(SystemExit): main(['-h'])"
    command = [sys.executable, "-c", f"{code}\nprint(*sys.modules)"]
    found = subprocess.run(command, capture_output=True, check=True, text=True)
    assert {"numpy", "pydantic", "pyarrow", "rich", "grafanalib"}.isdisjoint(found.stdout.split())
