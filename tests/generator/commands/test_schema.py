from __future__ import annotations

import json

import pytest

from exporter.spec.schema import json_schema
from generator.cli import main
from generator.commands.terminal import EXIT_OK


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out) == json_schema()
