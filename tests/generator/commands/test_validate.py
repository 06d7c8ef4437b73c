from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli import main
from generator.commands.terminal import EXIT_OK


def test_validate_prints_each_spec_with_its_notes(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == EXIT_OK
    first, *more = capsys.readouterr().out.splitlines()
    assert first == "models/fraud.yaml: ok"
    assert all(line.startswith("models/fraud.yaml: note: ") for line in more)
    assert len(more) == 2
