"""Values of past partitions: loaded once, saved in stretches, and dropped when nobody needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.store import sums as module
from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Sums
from exporter.store.traffic import ROW_COUNTS

KEY = Key("fraud/traffic", "rows", ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def stored(folder: Path) -> Sums[str, int]:
    return Sums(ProfileStore(folder), KEY, ROW_COUNTS)


def test_saved_values_are_loaded_again(folder: Path) -> None:
    sums = stored(folder)
    sums.add("a", 1)
    sums.add("b", 2)
    assert sums.save()
    assert dict(stored(folder)) == {"a": 1, "b": 2}


def test_missing_names_keep_their_order(folder: Path) -> None:
    sums = stored(folder)
    sums.add("b", 0)
    assert sums.missing(["c", "b", "a"]) == ["c", "a"]


def test_nothing_is_written_while_nothing_changes(folder: Path) -> None:
    assert not stored(folder).save()
    assert not folder.exists()
    assert stored(folder).save(always=True)
    assert (folder / KEY.path).exists()
    assert not stored(folder).save()


def test_unwanted_values_are_dropped_and_that_is_a_change(folder: Path) -> None:
    sums = stored(folder)
    sums.add("a", 1)
    sums.add("b", 2)
    sums.save()
    sums.keep_only({"a", "b", "c"}.__contains__)
    assert not sums.save()
    sums.keep_only({"b"}.__contains__)
    assert dict(sums) == {"b": 2}
    assert sums.save()
    assert dict(stored(folder)) == {"b": 2}


def test_a_stretch_of_new_values_is_saved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STRETCH", 2)
    sums = stored(folder)
    for name, known in (("a", 0), ("b", 2), ("c", 2), ("d", 4)):
        sums.add(name, 1)
        sums.save_stretch()
        assert len(stored(folder)) == known


def test_what_the_disk_refuses_is_kept_and_written_later(folder: Path) -> None:
    folder.write_text("in the way")
    store = ProfileStore(folder)
    sums = Sums(store, KEY, ROW_COUNTS)
    sums.add("a", 1)
    assert sums.save()
    assert set(Sums(store, KEY, ROW_COUNTS)) == {"a"}
    folder.unlink()
    assert store.refusal(KEY.group.partition("/")[0]) is not None
    assert set(stored(folder)) == {"a"}
