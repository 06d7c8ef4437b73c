"""The store: what is saved comes back bit for bit or not at all, whatever happens to the disk."""

from __future__ import annotations

import logging
import math
import os
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact_profiles import assert_identical, assert_identical_partition
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.profile import empty_profile, merge_profiles
from exporter.profiles.readability import Use, Watched
from exporter.store import profiles as module
from exporter.store.profiles import Key, ProfileStore
from exporter.store.references import load_reference
from exporter.store.traffic import load_row_counts
from profiling import binning, categorical, numeric, partition, whole

CELLS = binning(numeric("x", (0.0, 0.1, 2.0), pivot=0.3), categorical("c", "a", "\0"))
KEY = Key("fraud/inference", "20261123T0900", ("data", CELLS.fingerprint, "version"))


def sample() -> PartitionProfile:
    return partition(
        CELLS,
        "v",
        x=[0.1, 0.2, -0.0, 1e308, math.nan, None, -math.inf],
        c=["a", "\0", "new", "é\0💥", None, "", '"'],
        v=["v1", "v1", None, "", "ü\0", "v1", "v1"],
    )


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "data")


class TestRoundTrip:
    def test_a_partition_comes_back_bit_for_bit(self, store: ProfileStore) -> None:
        saved = PartitionProfile(sample().groups, {"c\0": "the column is binary", "": "ü"})
        store.save_partition(KEY, saved)
        assert_identical_partition(store.load_partition(KEY), saved)

    @given(st.lists(st.floats(), min_size=1, max_size=20), st.text(), st.text())
    def test_any_values_and_names_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[float], name: str, version: str
    ) -> None:
        store = ProfileStore(tmp_path_factory.mktemp("store"))
        saved = partition(CELLS, "v", x=values, c=[name] * len(values), v=[version] * len(values))
        store.save_partition(KEY, saved)
        assert_identical_partition(store.load_partition(KEY), saved)

    def test_what_comes_back_can_be_added(self, store: ProfileStore) -> None:
        store.save_partition(KEY, sample())
        found = store.load_partition(KEY)
        assert found is not None
        assert_identical(merge_profiles(CELLS, found.groups.values()), merge_profiles(CELLS, sample().groups.values()))

    @pytest.mark.parametrize("cells", [CELLS, Binning(()), binning(categorical("c", "a"))])
    def test_profiles_without_rows_or_columns_come_back(self, store: ProfileStore, cells: Binning) -> None:
        for saved in (PartitionProfile({}, {}), PartitionProfile({Group("v"): empty_profile(cells)}, {"x": "missing"})):
            store.save_partition(KEY, saved)
            assert_identical_partition(store.load_partition(KEY), saved)

    def test_groups_come_back_with_their_roles_and_segments(self, store: ProfileStore) -> None:
        table = pa.table({"x": [0.1, 0.2, None], "c": ["a", "\0", "new"], "v": ["1", "1", None], "r": ["a", None, "b"]})
        watched = (Watched("gone", Use.TIME), Watched("c", Use.NUMBER))
        saved = profile_partition(whole(table), CELLS, Grouping("v", "r", {"c": ("a", "\0")}, watched))
        assert {tuple(profile.unreadable.values()) for profile in saved.groups.values()} == {(1, 1)}
        assert len(saved.groups) == 5
        store.save_partition(KEY, saved)
        assert_identical_partition(store.load_partition(KEY), saved)

    def test_what_was_never_saved_is_missing_without_a_warning(
        self, store: ProfileStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert store.load_partition(KEY) is None
        assert load_reference(store, KEY) is None
        assert store.prune("fraud/inference", []) == 0
        assert caplog.records == []

    def test_saving_again_replaces(self, store: ProfileStore, tmp_path: Path) -> None:
        store.save_partition(KEY, sample())
        second = PartitionProfile({}, {"x": "gone"})
        store.save_partition(KEY, second)
        assert_identical_partition(store.load_partition(KEY), second)
        assert len(files(tmp_path)) == 1

    def test_another_process_reads_the_same(self, store: ProfileStore, tmp_path: Path) -> None:
        store.save_partition(KEY, sample())
        assert_identical_partition(ProfileStore(tmp_path / "data").load_partition(KEY), sample())


class TestKeys:
    def test_anything_that_a_profile_depends_on_makes_another_key(self) -> None:
        sources = [
            ("a", "b"),
            ("b", "a"),
            ("ab",),
            ("a", "b", ""),
            ("", "a", "b"),
            ("a\0b",),
            ('a", "b',),
            ("a", "b\0"),
            (),
            ("",),
        ]
        paths = [Key("g", "n", each).path for each in sources]
        assert len(set(paths)) == len(paths)

    def test_two_binnings_never_share_a_key(self, store: ProfileStore) -> None:
        edges = [(0.0, 1.0), (0.0, 1.0, 2.0), (0.0, math.nextafter(1.0, 2.0))]
        keys = [Key("g", "n", ("data", binning(numeric("x", each)).fingerprint)) for each in edges]
        for key, rows in zip(keys, (1, 2, 3), strict=True):
            cells = binning(numeric("x"))
            store.save_partition(key, partition(cells, x=[0.5] * rows))
        assert [found.rows for key in keys if (found := store.load_partition(key))] == [1, 2, 3]
        assert all(one.path != other.path for one, other in combinations(keys, 2))

    def test_a_new_format_makes_everything_again(self, store: ProfileStore, monkeypatch: pytest.MonkeyPatch) -> None:
        store.save_partition(KEY, sample())
        monkeypatch.setattr(module, "_FORMAT", module._FORMAT + 1)
        assert store.load_partition(KEY) is None
        assert store.prune(KEY.group, [KEY]) == 1

    def test_what_is_discarded_is_gone(self, store: ProfileStore) -> None:
        store.save_partition(KEY, sample())
        for _ in range(2):
            store.discard(KEY)
            assert store.load_partition(KEY) is None

    def test_a_path_names_its_content(self) -> None:
        assert KEY.path.parent == Path("fraud/inference")
        assert KEY.path.name.startswith("20261123T0900-")
        assert KEY.path.suffix == ".arrow"


class TestDamage:
    @pytest.fixture
    def path(self, store: ProfileStore, tmp_path: Path) -> Path:
        store.save_partition(KEY, sample())
        return tmp_path / "data" / KEY.path

    def assert_made_again(self, store: ProfileStore, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        assert store.load_partition(KEY) is None
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert str(path) in caplog.text
        caplog.clear()
        assert load_reference(store, KEY) is None
        store.save_partition(KEY, sample())
        assert_identical_partition(store.load_partition(KEY), sample())

    @pytest.mark.parametrize("garbage", [b"", b"\0" * 31, b"ARROW1\0\0", b"not Arrow at all" * 100, bytes(10_000)])
    def test_garbage_counts_as_missing(
        self, store: ProfileStore, path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        path.write_bytes(garbage)
        self.assert_made_again(store, path, caplog)

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
    def test_a_truncated_file_counts_as_missing(
        self, store: ProfileStore, path: Path, share: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(share * len(data))])
        self.assert_made_again(store, path, caplog)

    def test_no_changed_byte_goes_unnoticed(self, store: ProfileStore, path: Path) -> None:
        data = path.read_bytes()
        for place in range(0, len(data), 37):
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert store.load_partition(KEY) is None

    def test_what_was_written_for_something_else_counts_as_missing(
        self, store: ProfileStore, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert load_reference(store, KEY) is None  # a partition has no binning
        assert load_row_counts(store, KEY) == {}  # and no numbers of rows
        assert "is made again" in caplog.text

    def test_a_folder_in_the_files_place_counts_as_missing(
        self, store: ProfileStore, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path.unlink()
        path.mkdir()
        assert store.load_partition(KEY) is None
        assert "is made again" in caplog.text


class Killed(BaseException):
    """An exception that no code handles, as if the process were killed."""


class TestCrash:
    @pytest.mark.parametrize("moment", ["fsync", "replace"])
    def test_a_process_that_is_killed_before_the_end_leaves_nothing(
        self, store: ProfileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os if moment == "fsync" else Path, moment, _raiser(Killed()))
            with pytest.raises(Killed):
                store.save_partition(KEY, sample())
        assert store.load_partition(KEY) is None
        assert files(tmp_path) == []

    @pytest.mark.parametrize("moment", ["fsync", "replace"])
    def test_what_the_disk_refuses_leaves_the_former_file_for_the_next_process(
        self, store: ProfileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        store.save_partition(KEY, sample())
        with monkeypatch.context() as patch:
            patch.setattr(os if moment == "fsync" else Path, moment, _raiser(OSError("no space left on device")))
            store.save_partition(KEY, PartitionProfile({}, {}))
        assert files(tmp_path / "data") == [str(KEY.path)]
        assert_identical_partition(ProfileStore(tmp_path / "data").load_partition(KEY), sample())
        assert_identical_partition(store.load_partition(KEY), PartitionProfile({}, {}))

    def test_what_a_killed_process_left_is_not_seen_and_is_pruned(
        self, store: ProfileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", _raiser(Killed()))
            patch.setattr(Path, "unlink", _raiser(Killed()))  # a killed process tidies nothing up
            with pytest.raises(Killed):
                store.save_partition(KEY, sample())
        assert len(files(tmp_path)) == 1
        assert store.load_partition(KEY) is None
        store.save_partition(KEY, sample())
        assert store.prune(KEY.group, [KEY]) == 1
        assert files(tmp_path) == [str(Path("data") / KEY.path)]
        assert_identical_partition(store.load_partition(KEY), sample())

    def test_what_the_disk_refuses_is_kept_said_and_written_later(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file where the folder should be")
        store = ProfileStore(tmp_path / "data")
        store.save_partition(KEY, sample())
        assert_identical_partition(store.load_partition(KEY), sample())
        assert isinstance(store.refusal("fraud"), NotADirectoryError | FileExistsError)
        assert store.refusal("churn") is None
        (tmp_path / "data").unlink()
        store.refusal("fraud")
        assert store.refusal("fraud") is None
        assert_identical_partition(ProfileStore(tmp_path / "data").load_partition(KEY), sample())

    def test_a_file_in_the_place_of_another_counts_as_missing(self, store: ProfileStore, tmp_path: Path) -> None:
        others = [
            Key(KEY.group, "20261123T1000", KEY.sources),
            Key(KEY.group, KEY.name, ("other data",)),
            Key("churn/inference", KEY.name, KEY.sources),
        ]
        store.save_partition(KEY, sample())
        for other in others:
            place = tmp_path / "data" / other.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((tmp_path / "data" / KEY.path).read_bytes())
            assert store.load_partition(other) is None


class TestPrune:
    def test_what_is_wanted_stays_and_the_rest_goes(self, store: ProfileStore, tmp_path: Path) -> None:
        hours = [Key("fraud/inference", f"20261123T{hour:02}00", ("data",)) for hour in range(5)]
        others = [Key("fraud/reference", "reference", ("data",)), Key("churn/inference", "20261123T0000", ("data",))]
        for key in [*hours, *others]:
            store.save_partition(key, sample())
        rewritten = Key("fraud/inference", "20261123T0400", ("new data",))
        store.save_partition(rewritten, sample())
        assert store.prune("fraud/inference", [*hours[2:4], rewritten]) == 3
        assert files(tmp_path / "data") == sorted(str(key.path) for key in [*hours[2:4], rewritten, *others])

    def test_what_is_not_the_stores_stays(self, store: ProfileStore, tmp_path: Path) -> None:
        store.save_partition(KEY, sample())
        note = tmp_path / "data" / KEY.group / "README"
        note.write_text("mine")
        assert store.prune(KEY.group, []) == 1
        assert note.exists()


def _raiser(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


class TestAlarmingWeeks:
    def test_none_are_known_before_one_is_saved(self, store: ProfileStore) -> None:
        assert store.load_alarming_weeks("fraud") == frozenset()

    def test_they_are_saved_for_their_model(self, store: ProfileStore, tmp_path: Path) -> None:
        store.save_alarming_weeks("fraud", [date(2026, 10, 5)])
        store.save_alarming_weeks("fraud", [date(2026, 11, 16), date(2026, 11, 2), date(2026, 11, 16)])
        again = ProfileStore(tmp_path / "data")
        assert again.load_alarming_weeks("fraud") == {date(2026, 11, 2), date(2026, 11, 16)}
        assert again.load_alarming_weeks("churn") == frozenset()
        assert files(tmp_path / "data") == ["fraud/alarming-weeks.copy.json", "fraud/alarming-weeks.json"]

    @pytest.mark.parametrize("content", [b"", b"{", b"7", b'["yesterday"]', b"\xff"])
    def test_what_cannot_be_read_is_none(self, store: ProfileStore, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "data" / "fraud" / "alarming-weeks.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        assert store.load_alarming_weeks("fraud") == frozenset()
        store.save_alarming_weeks("fraud", {date(2026, 11, 16)})
        assert store.load_alarming_weeks("fraud") == {date(2026, 11, 16)}


def test_a_store_that_does_not_forget_removes_nothing(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path, forgets=False)
    store.save_partition(KEY, sample())
    assert store.prune(KEY.group, []) == 0
    assert_identical_partition(store.load_partition(KEY), sample())


class TestArraysInMemory:
    """Those of a replay, which reads the same ones again and again."""

    KEYS = tuple(Key("fraud/labels", str(number), ()) for number in range(3))

    def _saved(self, folder: Path, *, forgets: bool) -> ProfileStore:
        store = ProfileStore(folder, forgets=forgets)
        for number, key in enumerate(self.KEYS):
            store.save_arrays(key, {"x": np.full(10, number)}, {"number": number})
        return store

    @pytest.mark.parametrize("forgets", [True, False])
    def test_they_are_those_on_disk(self, tmp_path: Path, *, forgets: bool) -> None:
        store = self._saved(tmp_path, forgets=forgets)
        first, _ = store.load_arrays(self.KEYS[1]), store.save_arrays(self.KEYS[1], {"x": np.ones(1)}, {})
        assert first is not None
        assert first[1] == {"number": 1}
        again = store.load_arrays(self.KEYS[1])
        assert again is not None
        assert again[0]["x"].tolist() == [1]
        store.discard(self.KEYS[1])
        assert store.load_arrays(self.KEYS[1]) is None

    def test_only_a_replay_reads_them_once(self, tmp_path: Path) -> None:
        for forgets in (True, False):
            store = self._saved(tmp_path, forgets=forgets)
            first, second = (store.load_arrays(self.KEYS[0]) for _ in range(2))
            assert (first is second) is not forgets

    def test_the_least_recently_used_are_dropped_beyond_a_size(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_RECENT", 2 * 4080)
        store = self._saved(tmp_path, forgets=False)
        loaded = {key: store.load_arrays(key) for key in (*self.KEYS[:2], self.KEYS[0], self.KEYS[2])}
        assert store.load_arrays(self.KEYS[0]) is loaded[self.KEYS[0]]
        assert store.load_arrays(self.KEYS[1]) is not loaded[self.KEYS[1]]

    def test_what_only_a_restart_needs_is_written_for_want_of_room(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_RECENT", 2 * 4080)
        for forgets, written in ((True, self.KEYS), (False, self.KEYS[:1])):
            store = ProfileStore(tmp_path / str(forgets), forgets=forgets)
            for number, key in enumerate(self.KEYS):
                store.save_arrays(key, {"x": np.full(10, number)}, {"number": number}, for_restart=True)
            assert files(tmp_path / str(forgets)) == [str(key.path) for key in written]
            loaded = [store.load_arrays(key) for key in reversed(self.KEYS)]
            assert [each[1]["number"] for each in loaded if each is not None] == [2, 1, 0]

    def test_a_group_is_removed_from_disk_and_memory(self, tmp_path: Path) -> None:
        store = self._saved(tmp_path, forgets=False)
        store.load_arrays(self.KEYS[0])
        store.remove_group("fraud/labels")
        store.save_arrays(self.KEYS[0], {"x": np.ones(1)}, {}, for_restart=True)
        store.remove_group("fraud/others")
        assert store.load_arrays(self.KEYS[0]) is not None
        store.remove_group("fraud/labels")
        assert [store.load_arrays(key) for key in self.KEYS] == [None] * 3
