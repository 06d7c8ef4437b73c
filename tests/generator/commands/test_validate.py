from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraud_log import FraudLog, local_spec_document
from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, EXIT_WARNING

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
AT = f"--now={NOW:%Y-%m-%dT%H:%M}Z"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FraudLog:
    """A log of a day, and its spec in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("fraud.yaml").write_text(json.dumps(local_spec_document(), indent=1))
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(hours=24)
    return log


def test_validate_prints_each_spec_with_its_notes(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == EXIT_OK
    first, *more = capsys.readouterr().out.splitlines()
    assert first == "models/fraud.yaml: ok"
    assert all(line.startswith("models/fraud.yaml: note: ") for line in more)
    assert len(more) == 2


def test_good_data_have_notes_alone(log: FraudLog, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--data", AT, "fraud.yaml"]) == EXIT_OK
    output = capsys.readouterr().out
    first, *more = output.splitlines()
    assert first == "fraud.yaml: ok"
    assert all(": note: " in line for line in more)
    assert "the newest of 24 partitions is 2026-11-22T09:00Z, which ended 5m ago" in output


def test_errors_are_exit_code_1_and_warnings_alone_3(log: FraudLog, capsys: pytest.CaptureFixture[str]) -> None:
    log.put_hour(0, predicted_score=None)
    assert main(["validate", "--data", AT, "fraud.yaml"]) == EXIT_PROBLEM
    assert "error: spec.inference.columns.score: no column predicted_score" in capsys.readouterr().out
    Path("inference/2026-11-22T05.parquet").unlink()
    log.put_hour(0)
    assert main(["validate", "--data", AT, "fraud.yaml"]) == EXIT_WARNING
    assert capsys.readouterr().out.startswith("fraud.yaml: 1 warning\n")


def test_findings_are_json_for_a_pipeline(log: FraudLog, capsys: pytest.CaptureFixture[str]) -> None:
    log.put_hour(0, age=None)
    assert main(["validate", "--data", "--json", AT, "fraud.yaml"]) == EXIT_PROBLEM
    document = json.loads(capsys.readouterr().out)
    finding = document["specs"][0]["findings"][0]
    assert (document["errors"], finding["check"], finding["column"]) == (1, "column_missing", "age")
    line = Path("fraud.yaml").read_text().splitlines()[finding["line"] - 1]
    assert '"name": "age"' in line


def test_mistakes_of_a_spec_are_json_too(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("models/fraud.yaml").write_text("apiVersion: leeway/v1\nkind: Modle\n")
    assert main(["validate", "--json"]) == EXIT_PROBLEM
    (spec,) = json.loads(capsys.readouterr().out)["specs"]
    assert spec["file"] == "models/fraud.yaml"
    assert ("kind", 2) in [(each["key"], each["line"]) for each in spec["findings"]]


def test_a_time_needs_data(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", AT]) == EXIT_USAGE
    assert "--now needs --data" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["validate", "--data", "--now=soon"])
