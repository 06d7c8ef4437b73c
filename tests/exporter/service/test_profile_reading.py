"""The profiles of a log's partitions: each is made once and stored, and fails alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporter import catalogue
from exporter.errors import SourceUnavailable
from exporter.profiles.binning import Binning
from exporter.service.attempt import Attempt, Record
from exporter.service.profile_reading import ProfileReader
from exporter.service.references.reading import ReferenceReader
from exporter.sources.opening import open_log
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import ROWS, FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
STARTS = [NOW.replace(minute=0) - timedelta(hours=back) for back in (4, 3, 2, 1)]


class Setting:
    """Four hours of a log, and readers that share a store."""

    def __init__(self, folder: Path) -> None:
        self.log = FraudLog.in_folder(folder, NOW)
        self.log.put_all(4)
        self.folder = folder
        spec = ModelSpec.model_validate(local_spec_document())
        self.loaded = LoadedSpec(folder / "fraud.yaml", spec)
        self.source = open_log(self.loaded, catalogue.INFERENCE)
        self.record = Record("fraud")
        self.binning: Binning = ReferenceReader(self.loaded, self._store()).read(NOW).binning

    def _store(self) -> ProfileStore:
        return ProfileStore(self.folder / "store")

    def reader(self) -> ProfileReader:
        self.record = Record("fraud")
        return ProfileReader(self.loaded.spec, self.source, self._store(), self.record)

    def read(self, reader: ProfileReader, overdue: Callable[[], bool] = lambda: False) -> list[datetime]:
        """The partitions that can be used."""
        return list(reader.read(self.source.partitions(STARTS), self.binning, Attempt(NOW, overdue)))


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_a_partition_is_profiled_once_and_stored(setting: Setting) -> None:
    reader = setting.reader()
    found = reader.read(setting.source.partitions(STARTS), setting.binning, Attempt(NOW))
    assert [sum(group.rows for group in profile.groups.values()) for profile in found.values()] == [ROWS] * 4
    assert setting.read(reader) == STARTS
    assert (setting.record.built, setting.record.reused) == (4, 0)
    assert setting.read(setting.reader()) == STARTS
    assert (setting.record.built, setting.record.reused) == (0, 4)


def test_an_unreadable_partition_is_a_failure_once_and_a_problem_until_it_changes(setting: Setting) -> None:
    (setting.folder / setting.log.key(2)).write_bytes(b"PAR1 but no more")
    reader = setting.reader()
    for _ in range(2):
        assert len(setting.read(reader)) == 3
        assert len(reader.problems) == 1
    assert setting.record.failures == {"read": 1}
    setting.log.put_all(4)
    assert setting.read(reader) == STARTS
    assert reader.problems == {}


def test_after_the_timeout_finished_profiles_are_stored(setting: Setting) -> None:
    times = iter([False, False, True])
    with pytest.raises(SourceUnavailable, match="with 2 of 4 partitions profiled"):
        setting.read(setting.reader(), lambda: next(times))
    assert setting.read(setting.reader()) == STARTS
    assert (setting.record.built, setting.record.reused) == (2, 2)
