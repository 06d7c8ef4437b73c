"""The solved false-positive rate of a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.errors import SpecError
from exporter.spec import solved
from exporter.spec.loading import load

SPEC = """\
apiVersion: leeway/v1
kind: Model
metadata: {name: fraud}
spec:
  task: regression
  inference: {source: {local: "log/%Y%m%dT%H.parquet"}}
  reference: {source: {local: train.parquet}}
  features: [{name: age, type: numeric}]
"""
BUDGET = "  alerting: {false_alarms: {pages_per_month: 1}}\n"


def _write(folder: Path, spec: str, text: str | bytes) -> Path:
    path = folder / "fraud.yaml"
    path.write_text(spec)
    file = solved.solved_path(path)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_spec_with_a_budget_uses_the_solved_rate(tmp_path: Path) -> None:
    path = _write(tmp_path, SPEC + BUDGET, solved.text(2e-5, {"pages_per_month": 0.5}))
    assert (tmp_path / "fraud.solved.json").exists()
    with_it = load(path).spec
    assert with_it.spec.thresholds.false_positive_rate == 2e-5
    solved.solved_path(path).unlink()
    without = load(path).spec
    assert without.spec.thresholds.false_positive_rate == 0.0005
    assert with_it.fingerprint() != without.fingerprint(), "a mismatch with the rules is noticed"


def test_a_spec_without_a_budget_ignores_the_file(tmp_path: Path) -> None:
    assert load(_write(tmp_path, SPEC, "no json")).spec.spec.thresholds.false_positive_rate == 0.0005


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"false_positive_rate": 0}', '{"false_positive_rate": "1"}', b"\xff"]
)
def test_a_file_without_a_rate_is_an_error(tmp_path: Path, content: str | bytes) -> None:
    path = _write(tmp_path, SPEC + BUDGET, content)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{tmp_path}/fraud.solved.json: does not contain a false_positive_rate: run leeway backtest again,"
        " or remove the file"
    )


def test_the_file_contains_the_rate_and_the_measured_alarms() -> None:
    assert solved.text(2e-5, {"pages_per_month": 0.5}) == (
        '{\n  "about": "Written by leeway backtest; do not edit.",\n  "false_positive_rate": 2e-05,\n'
        '  "pages_per_month": 0.5\n}\n'
    )
