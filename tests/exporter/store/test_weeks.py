from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from exporter.store.place import Folder, StoreUnavailable
from exporter.store.weeks import load_weeks, save_weeks

WEEKS = [date(2026, 11, 2), date(2026, 11, 16)]
NAME, COPY = "alarming-weeks.json", "alarming-weeks.copy.json"


@pytest.mark.parametrize("harmed", [NAME, COPY])
@pytest.mark.parametrize("harm", ["torn", "a digit", "gone"])
def test_one_harmed_file_of_two_loses_nothing(tmp_path: Path, harmed: str, harm: str) -> None:
    save_weeks(Folder(tmp_path.parent), tmp_path.name, WEEKS)
    path = tmp_path / harmed
    text = path.read_text()
    path.unlink()
    if harm != "gone":
        path.write_text(text[:20] if harm == "torn" else text.replace("11-16", "11-09"))
    assert load_weeks(Folder(tmp_path.parent), tmp_path.name) == set(WEEKS)


def test_two_harmed_files_give_none_and_never_other_weeks(tmp_path: Path) -> None:
    save_weeks(Folder(tmp_path.parent), tmp_path.name, WEEKS)
    for name in (NAME, COPY):
        (tmp_path / name).write_text((tmp_path / name).read_text().replace("11-16", "11-09"))
    assert load_weeks(Folder(tmp_path.parent), tmp_path.name) == frozenset()


def test_a_file_from_before_there_were_checksums_is_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('["2026-11-02", "2026-11-16"]')
    assert load_weeks(Folder(tmp_path.parent), tmp_path.name) == set(WEEKS)


def test_weeks_that_cannot_be_known_are_an_error_and_not_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreUnavailable("s3://bucket: no answer")

    monkeypatch.setattr(Folder, "read", refuse)
    with pytest.raises(StoreUnavailable, match="no answer"):
        load_weeks(Folder(tmp_path), "fraud")
