from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.spec.loading import load
from exporter.spec.schema import schema_text
from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_USAGE


def test_init_writes_a_valid_spec_and_never_over_another(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"score": [0.5, 0.25], "age": [20, 20]}), "churn-2026-11-22.parquet")
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines()[:3] == [
        "written    models/churn.yaml",
        "written    models/model.schema.json",
        "models/churn.yaml: ok",
    ]
    assert (work / "models/model.schema.json").read_text() == schema_text()
    text = (work / "models/churn.yaml").read_text()
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_USAGE
    assert "models/churn.yaml: cannot be written: File exists" in capsys.readouterr().err
    assert main(["init", "--from", "churn-2026-11-22.parquet", "--name", "c", "--out", "c.yaml"]) == EXIT_OK
    assert (work / "models/churn.yaml").read_text() == text
    assert main(["validate", "c.yaml"]) == EXIT_OK


@pytest.mark.parametrize("name", ["Fraud", "a b", "-", "", "x" * 64])
def test_a_name_that_no_spec_may_have_is_refused_before_anything_is_written(
    name: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table({"score": [0.5, 0.25], "age": [20, 20]}), "log.parquet")
    assert main(["init", "--from", "log.parquet", f"--name={name}"]) == EXIT_USAGE
    assert f"--name {name}: must be" in capsys.readouterr().err
    assert [path.name for path in (work / "models").iterdir()] == ["fraud.yaml"]


def test_a_folder_stands_for_its_last_file(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hour = work / "data" / "churn" / "dt=2026-11-22" / "hour=10"
    hour.mkdir(parents=True)
    uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    pq.write_table(pa.table({"score": [0.5, 0.25], "age": [20, 20]}), hour / f"part-00000-{uuid}.c000.snappy.parquet")
    (hour.parent / "hour=11").mkdir()
    (hour.parent / "_SUCCESS").touch()
    assert main(["init", "--from", "data/churn/"]) == EXIT_OK
    assert load(Path("models/churn.yaml")).spec.spec.inference.source.local == (
        "../data/churn/dt=%Y-%m-%d/hour=%H/*.parquet"
    )
    assert "../data/labels/%Y-%m-%dT%H.parquet" in Path("models/churn.yaml").read_text()
    assert main(["init", "--from", str(hour.parent / "hour=11"), "--name=empty"]) == EXIT_USAGE
    assert "hour=11: has no file of a known format" in capsys.readouterr().err
