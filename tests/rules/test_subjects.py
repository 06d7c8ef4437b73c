from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples import model
from exporter.errors import RenderError
from generator.arguments import rule_arguments
from generator.jsonnet import LIBRARY, evaluate
from generator.options import Options

WITHOUT = """\
function(model)
  local alert = (import 'drift.libsonnet')(model)[0];
  [{ [part]: alert[part] for part in std.objectFieldsAll(alert) if part != '%s' }]
"""


PARTS = ["key", "expr", "for", "fields", "summary", "description", "action", "firing_cases", "silent_cases"]


@pytest.mark.parametrize("part", PARTS)
def test_an_alert_without_one_of_its_parts_is_rejected(tmp_path: Path, part: str) -> None:
    shutil.copytree(LIBRARY / "rules", tmp_path, dirs_exist_ok=True)
    (tmp_path / "subjects" / "scores.libsonnet").write_text(WITHOUT % part)
    with pytest.raises(RenderError, match=f"an alert must have .*{part}"):
        evaluate(tmp_path / "mixin.libsonnet", rule_arguments(model().spec, Options()))
