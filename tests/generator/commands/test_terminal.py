from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, readable
from generator.jsonnet import LIBRARY


def run_into_closed_pipe(folder: Path, unbuffered: str, *arguments: str) -> tuple[int, str]:
    """Return the exit code and standard error of `leeway`, whose standard output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"PYTHONPATH": str(LIBRARY), "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "generator.cli", *arguments]
    try:
        ended = subprocess.run(
            command, cwd=folder, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    return ended.returncode, ended.stderr


def test_a_command_finishes_although_its_reader_stops_early(work: Path) -> None:
    assert run_into_closed_pipe(work, "1", "generate") == (EXIT_OK, "")
    assert (work / "build/mixin.libsonnet").exists(), "the last document is written"
    assert run_into_closed_pipe(work, "", "validate") == (EXIT_OK, "")
    assert run_into_closed_pipe(work, "1", "--help") == (EXIT_OK, "")
    (work / "build/mixin.libsonnet").unlink()
    code, errors = run_into_closed_pipe(work, "", "check", "--no-tools")
    assert (code, errors) == (EXIT_PROBLEM, "build/mixin.libsonnet: out of date: run leeway generate\n")


def test_a_table_without_a_reader_ends_quietly(work: Path) -> None:
    assert run_into_closed_pipe(work, "", "explain")[1] == ""


@pytest.mark.parametrize(
    ("number", "expected"),
    [(5310.4, "5,310"), (466.7, "467"), (66.666, "66.7"), (1.5, "1.5"), (0.72, "0.72"), (1.2e-5, "0.000012"), (0, "0")],
)
def test_numbers_are_written_without_an_exponent(number: float, expected: str) -> None:
    assert readable(number) == expected
