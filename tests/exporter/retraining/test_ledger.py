from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.errors import UsageError
from exporter.retraining.ledger import RETENTION, Ledger, Start, only_user
from retraining import BEGAN

START = Start("fraud", "group", ("a@1", "b@2"), BEGAN, "the-incident", dry=False, confirmed=True)


def test_starts_are_loaded_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "starts.json"
    ledger = Ledger(path)
    ledger.add(START)
    ledger.add(replace(START, model="churn"))
    ledger.add(replace(START, dry=True))
    assert list(Ledger(path).of("fraud", dry=False)) == [START]
    assert list(Ledger(path).of("fraud", dry=True)) == [replace(START, dry=True)]


def test_a_start_is_changed_and_removed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "starts.json")
    ledger.add(START)
    ledger.change(START, replace(START, instances=("a@1",)))
    (changed,) = ledger.of("fraud", dry=False)
    assert changed.instances == ("a@1",)
    ledger.remove(changed)
    assert list(Ledger(tmp_path / "starts.json").of("fraud", dry=False)) == []


def test_an_old_start_is_removed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "starts.json")
    ledger.add(START)
    ledger.add(replace(START, at=BEGAN + RETENTION - timedelta(seconds=1), incident="second"))
    assert len(list(ledger.of("fraud", dry=False))) == 2
    ledger.add(replace(START, at=BEGAN + RETENTION, incident="third"))
    assert [start.incident for start in ledger.of("fraud", dry=False)] == ["second", "third"]


def test_an_interrupted_start_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Ledger(tmp_path / "starts.json").add(replace(START, confirmed=False))
    with caplog.at_level(logging.WARNING):
        Ledger(tmp_path / "starts.json")
    assert "look for the-incident; it is not started again" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[1]", json.dumps([{"model": "fraud"}])])
def test_an_unreadable_ledger_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "starts.json").write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        Ledger(tmp_path / "starts.json")


def test_a_folder_has_one_hook_at_a_time(tmp_path: Path) -> None:
    with only_user(tmp_path), pytest.raises(UsageError, match="another hook"), only_user(tmp_path):
        pass


def test_a_start_that_failed_is_forgotten_although_the_disk_refuses(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "folder" / "starts.json")
    ledger.add(START)
    shutil.rmtree(tmp_path / "folder")
    (tmp_path / "folder").touch()
    with pytest.raises(OSError, match="folder"):
        ledger.remove(START)
    assert list(ledger.of("fraud", dry=False)) == []
