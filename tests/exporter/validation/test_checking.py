"""The checks together, on the log of the demo in a folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from demo_sample import NOW, above_notes, loaded_spec, rewrite
from exporter.spec.loading import load
from exporter.validation import content
from exporter.validation.checking import check
from sampled import brief, texts


def test_a_good_log_has_only_notes(demo: Path) -> None:
    steps: list[tuple[int, int]] = []
    findings = check(load(demo / "models" / "fraud.yaml"), NOW, lambda done, total: steps.append((done, total)))
    assert texts(above_notes(findings)) == ""
    assert {"newest", "read", "ids_match", "label_values", "versions", "cost_reading", "cost_series"} <= {
        each.check for each in findings
    }
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_places_are_lines_of_the_spec(work: Path) -> None:
    rewrite(work / "log" / "inference", lambda table: table.rename_columns({"age": "Age"}))
    lines = (work / "models" / "fraud.yaml").read_text().splitlines()
    (missing,) = [each for each in check(loaded_spec(work), NOW) if each.check == "column_missing"]
    assert "name: age" in lines[missing.line - 1]
    assert '"Age"' in missing.message


def test_a_wrong_path_is_reported_with_what_lies_there(work: Path) -> None:
    findings = above_notes(check(loaded_spec(work, "log/inference/%Y-%m-%dT%H", "log/inference/%Y/%m/%d/%H"), NOW))
    assert brief(findings)[0] == "error no_partitions"
    assert "no file matches this path, and" in findings[0].message


def test_missing_and_damaged_partitions(work: Path) -> None:
    folder = work / "log" / "inference"
    (folder / "2026-11-22T07.parquet").unlink()
    newest = folder / "2026-11-22T09.parquet"
    newest.unlink()
    newest.write_bytes(b"no Parquet")
    found = brief(above_notes(check(loaded_spec(work), NOW)))
    assert found == ["error unreadable", "warning gaps"]


def test_a_log_that_stopped_is_stale(work: Path) -> None:
    assert "error stale" in brief(check(loaded_spec(work), NOW + timedelta(hours=5)))


def test_a_missing_reference_is_an_error(work: Path) -> None:
    (work / "log" / "reference" / "train_features_v3.parquet").unlink()
    findings = above_notes(check(loaded_spec(work), NOW))
    assert brief(findings) == ["error unavailable"]
    assert "there is nothing at" in findings[0].message


def test_a_check_that_fails_costs_only_itself(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("as the test wants it")

    monkeypatch.setattr(content.likeness, "likeness_findings", broken)
    findings = check(load(demo / "models" / "fraud.yaml"), NOW)
    assert brief(above_notes(findings)) == ["warning check_failed"]
    assert "the check likeness failed: ZeroDivisionError: as the test wants it" in texts(findings)
    assert "cost_series" in {each.check for each in findings}
