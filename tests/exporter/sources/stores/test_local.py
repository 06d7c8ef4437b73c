from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.source import ROWS_ONLY, Batch, Selection, StoredObject
from exporter.sources.stores.local import Local

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOURS = tuple(NOON + index * timedelta(hours=1) for index in range(4))
AGES = Selection(keys=(), numeric=("age",), categorical=())


def parquet(*ages: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"age": pa.array(ages, pa.int64())}), buffer)
    return buffer.getvalue()


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ages(batches: Iterator[Batch]) -> list[int]:
    return [age for batch in batches for age in batch.table["age"].to_pylist()]


def names(source: Local) -> list[str]:
    return [Path(item.path).name for partition in source.partitions(HOURS).values() for item in partition.objects]


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A folder that any user may enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def closed_to_us(path: Path) -> Iterator[None]:
    """Nobody may read `path`. Root may read anything, so step down for a while if that is who runs the tests."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


def test_partitions_are_the_files_of_the_hours(tmp_path: Path) -> None:
    write(tmp_path / "log/2026-11-22T12.parquet", b"abc")
    write(tmp_path / "log/2026-11-22T14.parquet")
    write(tmp_path / "log/2026-11-21T12.parquet")
    found = Local("log/%Y-%m-%dT%H.parquet", tmp_path).partitions(HOURS)
    assert list(found) == [HOURS[0], HOURS[2]]
    (item,) = found[HOURS[0]].objects
    assert (item.path, item.size) == (f"{tmp_path}/log/2026-11-22T12.parquet", 3)


@pytest.mark.parametrize("folder", [Path("/"), Path("/somewhere/else")])
def test_an_absolute_template_ignores_the_folder(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "12.parquet")
    assert names(Local(f"{tmp_path}//%H.parquet", folder)) == ["12.parquet"]


def test_a_relative_template_begins_at_the_folder_with_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100%d {x} [*]"
    write(folder / "data/12.parquet")
    assert names(Local("data/%H.parquet", folder)) == ["12.parquet"]
    assert names(Local("../100%%d*/%H.parquet", folder)) == []
    monkeypatch.chdir(folder)
    assert names(Local("./data/%H.parquet", Path())) == ["12.parquet"]


def test_a_folder_is_read_once_for_many_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 31)]
    for start in starts:
        (tmp_path / f"{start:%Y-%m-%d}.parquet").touch()
    (tmp_path / "2026-11-01.parquet.tmp").touch()
    scanned: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: scanned.append(folder) or scan(folder))
    assert list(Local("%Y-%m-%d.parquet", tmp_path).partitions(starts)) == starts
    assert len(scanned) == 1


def test_a_missing_folder_has_no_partitions(tmp_path: Path) -> None:
    write(tmp_path / "file")
    assert Local("none/%H.parquet", tmp_path).partitions(HOURS) == {}
    assert Local("file/%H.parquet", tmp_path).partitions(HOURS) == {}
    assert Local("none/{version}/", tmp_path).dataset(version="v3") is None


def test_folders_are_partitions_without_unfinished_files(tmp_path: Path) -> None:
    for name in (
        "a.parquet",
        "sub/b.parquet",
        "_SUCCESS",
        ".c.parquet",
        "_temporary/d.parquet",
        "e.parquet.tmp",
        "f.txt",
    ):
        write(tmp_path / "12" / name)
    (tmp_path / "12/folder.parquet").mkdir()
    assert names(Local("%H/", tmp_path)) == ["a.parquet", "b.parquet"]
    assert names(Local("%H/*.parquet", tmp_path)) == ["a.parquet"]


def test_only_folders_that_can_hold_a_partition_are_entered(public_path: Path) -> None:
    write(public_path / "12.parquet")
    write(public_path / "deep/12.parquet")
    with closed_to_us(public_path / "deep"):
        assert names(Local("*%H.parquet", public_path)) == ["12.parquet"]


def test_a_folder_without_permission_is_unavailable(public_path: Path) -> None:
    write(public_path / "log/12.parquet")
    expected = rf"^{public_path}/log/: Permission denied; let the exporter's user read it"
    with closed_to_us(public_path / "log"), pytest.raises(SourceUnavailable, match=expected):
        Local("log/%H.parquet", public_path).partitions(HOURS)


def test_a_file_without_permission_is_unavailable(public_path: Path) -> None:
    path = write(public_path / "12.parquet", parquet(1))
    source = Local("%H.parquet", public_path)
    partition = source.partitions(HOURS)[NOON]
    expected = rf"^{path}: Permission denied; let the exporter's user read it"
    with closed_to_us(path), pytest.raises(SourceUnavailable, match=expected):
        source.profile(partition, AGES, ages)


class TestLinks:
    def test_links_are_followed(self, tmp_path: Path) -> None:
        write(tmp_path / "real/x.parquet", b"abc")
        (tmp_path / "log").symlink_to("real")
        (tmp_path / "log/12.parquet").symlink_to("x.parquet")
        (item,) = Local("log/%H.parquet", tmp_path).partitions(HOURS)[NOON].objects
        assert item == StoredObject(
            f"{tmp_path}/log/12.parquet", 3, str((tmp_path / "real/x.parquet").stat().st_mtime_ns)
        )

    def test_a_circular_link_is_entered_once(self, tmp_path: Path) -> None:
        write(tmp_path / "12/a.parquet")
        (tmp_path / "12/again").symlink_to(tmp_path / "12")
        (tmp_path / "12/sub").mkdir()
        (tmp_path / "12/sub/up").symlink_to("..")
        assert names(Local("%H/", tmp_path)) == ["a.parquet"]

    def test_broken_links_are_ignored(self, tmp_path: Path) -> None:
        write(tmp_path / "12/a.parquet")
        (tmp_path / "12/gone.parquet").symlink_to("nowhere")
        (tmp_path / "12/self.parquet").symlink_to("self.parquet")
        assert names(Local("%H/", tmp_path)) == ["a.parquet"]


class TestFingerprint:
    def test_it_changes_with_size_with_time_and_with_the_set_of_files(self, tmp_path: Path) -> None:
        source = Local("%H/*.parquet", tmp_path)
        path = write(tmp_path / "12/a.parquet", b"one")
        seen = [source.partitions(HOURS)[NOON].fingerprint]
        write(path, b"three")
        os.utime(path, ns=(0, 0))
        seen.append(source.partitions(HOURS)[NOON].fingerprint)
        os.utime(path, ns=(0, 1))
        seen.append(source.partitions(HOURS)[NOON].fingerprint)
        write(tmp_path / "12/b.parquet")
        seen.append(source.partitions(HOURS)[NOON].fingerprint)
        assert len(set(seen)) == len(seen)

    def test_it_stays_when_nothing_changes(self, tmp_path: Path) -> None:
        write(tmp_path / "12.parquet")
        prints = {Local("%H.parquet", tmp_path).partitions(HOURS)[NOON].fingerprint for _ in range(2)}
        assert len(prints) == 1


class TestProfile:
    def test_the_kernel_sees_all_rows_of_all_files(self, tmp_path: Path) -> None:
        write(tmp_path / "12/a.parquet", parquet(1, 2))
        write(tmp_path / "12/b.parquet", parquet(3))
        source = Local("%H/", tmp_path)
        assert source.profile(source.partitions(HOURS)[NOON], AGES, ages) == [1, 2, 3]

    def test_errors_of_the_kernel_are_not_translated(self, tmp_path: Path) -> None:
        write(tmp_path / "12.parquet", parquet(1))
        source = Local("%H.parquet", tmp_path)

        def failing(batches: Iterator[Batch]) -> None:
            next(batches)
            raise OSError("of the kernel")

        with pytest.raises(OSError, match=r"^of the kernel$"):
            source.profile(source.partitions(HOURS)[NOON], AGES, failing)

    def test_one_bad_file_is_skipped_and_named(self, tmp_path: Path) -> None:
        write(tmp_path / "12/a.parquet", parquet(1))
        bad = write(tmp_path / "12/b.parquet", b"not parquet")
        source = Local("%H/", tmp_path)
        assert source.profile(source.partitions(HOURS)[NOON], AGES, ages) == [1]
        ((path, why),) = source.skipped.problems.items()
        assert path == str(bad)
        assert why.startswith(f"{bad}: cannot be read as Parquet")

    def test_a_file_that_nobody_may_read_is_skipped_until_it_is_allowed(self, public_path: Path) -> None:
        write(public_path / "12/a.parquet", parquet(1))
        closed = write(public_path / "12/b.parquet", parquet(2))
        source = Local("%H/", public_path)
        partition = source.partitions(HOURS)[NOON]
        with closed_to_us(closed):
            assert source.profile(partition, AGES, ages) == [1]
            assert source.skipped.counts == {"denied": 1}
            source.retry_skipped()
            assert source.skipped.without_skipped(partition) != partition
        source.retry_skipped()
        assert source.skipped.without_skipped(partition) == partition

    def test_a_deleted_or_changed_file_is_unreadable(self, tmp_path: Path) -> None:
        path = write(tmp_path / "12.parquet", parquet(1))
        source = Local("%H.parquet", tmp_path)
        partition = source.partitions(HOURS)[NOON]
        write(path, parquet(*range(100)))
        with pytest.raises(PartitionUnreadable, match=rf"^{path}: changed while it was read"):
            source.profile(partition, AGES, ages)
        path.unlink()
        with pytest.raises(PartitionUnreadable, match=rf"^{path}: was deleted after it was listed"):
            source.profile(partition, AGES, ages)
        path.mkdir()
        with pytest.raises(PartitionUnreadable, match=rf"^{path}: cannot be read"):
            source.profile(partition, AGES, ages)

    def test_a_name_that_is_not_unicode_can_be_read(self, tmp_path: Path) -> None:
        with open(os.fsencode(tmp_path) + b"/12-\xff.parquet", "wb") as file:  # noqa: PTH123 - a Path has no such name
            file.write(parquet(1))
        source = Local("%H-*.parquet", tmp_path)
        partition = source.partitions(HOURS)[NOON]
        assert len(partition.fingerprint) == 16
        assert source.profile(partition, AGES, ages) == [1]


def test_a_dataset_has_all_objects_of_its_path(tmp_path: Path) -> None:
    write(tmp_path / "ref/v3/train.parquet", parquet(1))
    source = Local("ref/{version}/train.parquet", tmp_path)
    partition = source.dataset(version="v3")
    assert partition is not None
    assert partition.name == f"{tmp_path}/ref/v3/train.parquet"
    assert source.profile(partition, AGES, ages) == [1]
    assert source.dataset(version="../ref/v3") is None


def test_traffic_counts_listings_files_and_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "12.parquet", parquet(1))
    source = Local("%H.parquet", tmp_path)
    source.profile(source.partitions([NOON])[NOON], AGES, ages)
    assert (source.traffic.requests, source.traffic.bytes_read) == (2, path.stat().st_size)


def test_only_the_footer_is_read_for_the_number_of_rows(tmp_path: Path) -> None:
    content = parquet(*range(100_000))
    write(tmp_path / "12.parquet", content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    source = Local("%H.parquet", tmp_path)
    found = source.partitions([NOON])[NOON]
    assert source.profile(found, ROWS_ONLY, lambda rows: sum(batch.table.num_rows for batch in rows)) == 100_000
    assert (source.traffic.requests, source.traffic.bytes_read) == (2, 0)


def test_a_folder_is_browsed_or_the_nearest_one_above_it(tmp_path: Path) -> None:
    write(tmp_path / "log" / "2026.parquet")
    write(tmp_path / "log" / "2025.parquet")
    write(tmp_path / "log" / "a" / "b.csv")
    matching = (f"{tmp_path}/log/2025.parquet", f"{tmp_path}/log/2026.parquet")
    names = ("2025.parquet", "2026.parquet", "a/")
    assert Local("log/%Y.parquet", tmp_path).browse(3) == (f"{tmp_path}/log/", names, matching)
    assert Local("log/%Y.parquet", tmp_path).browse(1) == (f"{tmp_path}/log/", names[:1], matching[:1])
    assert Local("log/b/c/%Y.parquet", tmp_path).browse(3) == (f"{tmp_path}/log/", names, ())
    assert Local("log/2025.parquet/%Y.parquet", tmp_path).browse(3).place == f"{tmp_path}/log/"


class TestHivePaths:
    def test_hours_without_leading_zeros_are_all_found(self, tmp_path: Path) -> None:
        day = [datetime(2026, 1, 5, hour, tzinfo=UTC) for hour in range(24)]
        for start in day:
            write(tmp_path / start.strftime("year=%Y/month=%-m/day=%-d/hour=%-H/part-0.parquet"), parquet(start.hour))
        for template in ("year=%Y/month=%m/day=%d/hour=%H/", "year=%Y/month=%-m/day=%-d/hour=%-H/*.parquet"):
            source = Local(template, tmp_path)
            found = {start: source.profile(each, AGES, ages) for start, each in source.partitions(day).items()}
            assert found == {start: [start.hour] for start in day}

    def test_keys_of_the_path_are_columns(self, tmp_path: Path) -> None:
        for version, country in (("v1", "de"), ("v2", "__HIVE_DEFAULT_PARTITION__")):
            write(tmp_path / f"version={version}/floor=2/country={country}/x.parquet", parquet(7))
        source = Local("version=*/floor=*/country=*/*.parquet", tmp_path)
        data = source.dataset()
        assert data is not None
        selection = Selection(("version",), ("age", "floor"), ("country",))
        found = source.profile(data, selection, lambda batches: [each.table.to_pylist()[0] for each in batches])
        assert found == [
            {"age": 7, "version": "v1", "floor": 2, "country": "de"},
            {"age": 7, "version": "v2", "floor": 2, "country": None},
        ]


class TestFilesOfTables:
    def test_a_path_under_a_delta_table_is_refused(self, tmp_path: Path) -> None:
        at = pa.array([NOON, NOON], pa.timestamp("us", "UTC"))
        rows = pa.table({"at": at, "age": [1, 2], "hour": [12, 13]})
        write_deltalake(tmp_path / "t/log", rows, partition_by=["hour"])
        DeltaTable(tmp_path / "t/log").delete("age = 1")
        for template in ("t/log/", "t/log/hour=12/", "t/log/hour=*/*.parquet"):
            source = Local(template, tmp_path)
            for _ in range(2):
                with pytest.raises(SourceError, match=r'is a Delta table, .*; write `source: \{delta: "t/log"\}`'):
                    source.dataset()
        with pytest.raises(SourceError, match="is a Delta table"):
            Local("t/log/hour=%H/", tmp_path).partitions(HOURS)
