from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_USAGE


def test_init_writes_a_valid_spec_and_never_over_another(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"score": [0.5, 0.25], "age": [20, 20]}), "churn-2026-11-22.parquet")
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines()[:2] == ["written    models/churn.yaml", "models/churn.yaml: ok"]
    text = (work / "models/churn.yaml").read_text()
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_USAGE
    assert "models/churn.yaml: cannot be written: File exists" in capsys.readouterr().err
    assert main(["init", "--from", "churn-2026-11-22.parquet", "--name", "c", "--out", "c.yaml"]) == EXIT_OK
    assert (work / "models/churn.yaml").read_text() == text
    assert main(["validate", "c.yaml"]) == EXIT_OK
