"""The files that a source leaves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceUnavailable
from exporter.sources.skipping import FileError, SkippedFiles, corrupt_partition, unreadable_partition
from exporter.sources.source import Partition, StoredObject
from exporter.sources.stores.local import Local

GOOD, CORRUPT, DENIED = (StoredObject(name, 1, "tag") for name in ("good", "corrupt", "denied"))
NOON = Partition("noon", (CORRUPT, DENIED, GOOD))
ERRORS: dict[StoredObject, FileError] = {
    CORRUPT: FileUnreadable("corrupt: odd"),
    DENIED: FileUnavailable("denied: no"),
}


@pytest.fixture
def skipped() -> SkippedFiles:
    files = SkippedFiles()
    files.update(NOON, ERRORS)
    return files


def checks(*still: StoredObject) -> Callable[[Collection[StoredObject]], Mapping[StoredObject, FileError]]:
    """A check in which only these still fail."""
    return lambda items: {item: ERRORS[item] for item in items if item in still}


def test_a_partition_has_the_fingerprint_of_the_files_that_are_read(skipped: SkippedFiles) -> None:
    assert skipped.without_skipped(NOON) == replace(NOON, objects=(GOOD,))
    assert skipped.without_skipped(NOON).fingerprint == Partition("noon", (GOOD,)).fingerprint != NOON.fingerprint
    assert skipped.counts == {SkipReason.CORRUPT: 1, SkipReason.DENIED: 1}


def test_each_try_is_reported_once(skipped: SkippedFiles) -> None:
    assert skipped.take_new() == {"corrupt": "corrupt: odd", "denied": "denied: no"}
    assert skipped.take_new() == {}
    assert skipped.problems == {"corrupt": "corrupt: odd", "denied": "denied: no"}
    skipped.retry(checks(DENIED))
    assert skipped.take_new() == {"denied": "denied: no"}


def test_a_refused_file_is_read_again_when_it_is_allowed_and_a_corrupt_one_is_not(skipped: SkippedFiles) -> None:
    skipped.retry(checks())
    assert skipped.without_skipped(NOON).objects == (DENIED, GOOD)
    assert skipped.counts == {SkipReason.CORRUPT: 1}


def test_a_file_that_has_changed_is_read_again(skipped: SkippedFiles) -> None:
    rewritten = replace(CORRUPT, tag="other")
    partition = replace(NOON, objects=(rewritten, GOOD))
    assert skipped.without_skipped(partition) == partition


def test_files_of_partitions_that_nobody_needs_are_forgotten(skipped: SkippedFiles) -> None:
    skipped.retry(checks(DENIED))
    skipped.without_skipped(replace(NOON, objects=(CORRUPT, GOOD)))
    skipped.finish()
    assert skipped.counts == {SkipReason.CORRUPT: 1}


def test_a_refresh_that_fails_forgets_nothing(skipped: SkippedFiles) -> None:
    def silent(_: Collection[StoredObject]) -> Mapping[StoredObject, FileError]:
        raise SourceUnavailable("no answer")

    with pytest.raises(SourceUnavailable):
        skipped.retry(silent)
    assert skipped.counts == {SkipReason.CORRUPT: 1, SkipReason.DENIED: 1}


def test_a_partition_without_any_good_file_is_kept_whole_and_reported_by_its_reader() -> None:
    whole = replace(NOON, objects=(CORRUPT, DENIED))
    skipped = SkippedFiles()
    skipped.update(whole, ERRORS)
    assert skipped.without_skipped(whole) == whole
    assert (skipped.take_new(), skipped.problems) == ({}, {})
    assert skipped.counts == {SkipReason.CORRUPT: 1, SkipReason.DENIED: 1}
    skipped.retry(lambda items: pytest.fail(f"{items} are tried with their partition"))
    skipped.update(whole, {CORRUPT: ERRORS[CORRUPT]})
    assert skipped.take_new() == {"corrupt": "corrupt: odd"}


def test_a_corrupt_file_stays_so_for_readers_of_other_columns(skipped: SkippedFiles) -> None:
    assert skipped.corrupt(NOON) == {CORRUPT: ERRORS[CORRUPT]}
    skipped.take_new()
    skipped.update(NOON, {})
    assert skipped.without_skipped(NOON).objects == (DENIED, GOOD)
    assert (skipped.take_new(), skipped.counts) == ({}, {SkipReason.CORRUPT: 1})


def test_a_file_that_was_deleted_is_tried_again_when_it_is_listed_again(skipped: SkippedFiles) -> None:
    gone: dict[StoredObject, FileError] = {GOOD: FileUnreadable("gone", SkipReason.CHANGED)}
    skipped.update(NOON, gone)
    assert skipped.corrupt(NOON) == {CORRUPT: ERRORS[CORRUPT]}


def test_the_error_of_a_partition_of_which_every_file_is_corrupt(tmp_path: Path) -> None:
    source = Local("*.parquet", tmp_path)
    source.skipped.update(NOON, ERRORS)
    assert corrupt_partition(source, NOON) is unreadable_partition(source, NOON) is None
    assert corrupt_partition(source, replace(NOON, objects=(CORRUPT, DENIED))) is None
    assert unreadable_partition(source, replace(NOON, objects=(DENIED, CORRUPT))) is ERRORS[DENIED]
    assert corrupt_partition(source, replace(NOON, objects=(CORRUPT,))) is ERRORS[CORRUPT]
