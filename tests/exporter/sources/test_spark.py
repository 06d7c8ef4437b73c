"""Spark as users run it: its own scheduler and two workers, started from the environment."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import pyarrow.parquet as pq
import pytest

from edge_case_rows import SELECTION, START, edge_case_binning, edge_case_rows, put_files
from exporter.errors import PartitionUnreadable, ReferenceUnusable, SourceError, SourceUnavailable
from exporter.profiles.group import Segment, unsegmented
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.readability import Use, Watched
from exporter.profiles.times import instants
from exporter.reference.counting import count_binning, count_by_hour
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.sources import spark
from exporter.sources.reducing import Portion, Reduction
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection
from exporter.sources.spark import Spark
from exporter.sources.stores.local import Local
from exporter.sources.stores.s3 import S3
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.sections.seasonality import Seasonality
from exporter.sql.counting import count_partition, count_partitions
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, local_spec_document
from profile_equality import assert_same_binning, assert_same_history, assert_same_partition, assert_same_profiles
from s3_server import S3Server

HOUR = timedelta(hours=1)
WATCHED = (Watched("late", Use.NUMBER), Watched("missing", Use.TIME), Watched("country", Use.CATEGORY))
GROUPING = Grouping("version", "role", {"country": ("", "ÅÄ", "日本", "gone")}, WATCHED)
# Jobs of a second: to compile them well would take half of the time.
SUBMIT = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 "
    "--conf spark.driver.memory=512m --conf spark.log.level=ERROR --conf spark.sql.codegen.wholeStage=false "
    "--conf spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 pyspark-shell"
)


@pytest.fixture(scope="module", autouse=True)
def _session(_running_s3_server: S3Server) -> Iterator[None]:
    environment = {**_running_s3_server.environment(), "PYSPARK_SUBMIT_ARGS": SUBMIT, "SPARK_LOCAL_IP": "127.0.0.1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        session = spark.session()
        assert session.sparkContext.master == "local[2]"
        yield
        session.stop()


def test_for_the_same_rows_spark_and_arrow_give_the_same_profile(tmp_path: Path) -> None:
    put_files(tmp_path, 5)  # in 10 pieces, of which executors merge some and the exporter the rest
    local = Local("*.parquet", tmp_path)
    whole = local.dataset()
    assert whole is not None
    size = max(item.size for item in whole.objects)
    counted = count_partition(Spark(local, "rows", size - 1), whole, SELECTION, edge_case_binning(), GROUPING)
    assert counted.rows == 5 * 150
    assert_same_partition(counted, count_partition(local, whole, SELECTION, edge_case_binning(), GROUPING))
    assert counted.problems.keys() == {"missing", "absent", "country_code", "code", "late"}
    for profile in counted.groups.values():
        assert profile.unreadable["missing"] == profile.rows
    without = sum(counted.groups[group].unreadable.get("late", 0) for group in unsegmented(counted.groups))
    assert without == 150 * sum("late" not in pq.read_schema(path).names for path in tmp_path.glob("*.parquet"))
    assert 0 < without < counted.rows


def test_what_spark_writes_is_read_like_what_arrow_writes(tmp_path: Path) -> None:
    rows = edge_case_rows(150)
    pq.write_table(rows, tmp_path / "rows.parquet")
    spark.session().read.parquet(str(tmp_path / "rows.parquet")).write.parquet(str(tmp_path / "log"))
    expected, written = Local("rows.parquet", tmp_path), Local("log/", tmp_path)
    counted = [
        count_partition(each, whole(each), SELECTION, edge_case_binning(), GROUPING) for each in (written, expected)
    ]
    assert_same_partition(*counted)
    times = [each.profile(whole(each), Selection(("at",), (), ()), read_times) for each in (written, expected)]
    assert times[0] == times[1] == [value.value // 1000 for value in rows["at"].to_pandas()]


def whole(source: Local) -> Partition:
    partition = source.dataset()
    assert partition is not None
    return partition


def read_times(batches: Iterator[Batch]) -> list[int]:
    return [time for batch in batches for time in instants(batch.table["at"]).tolist()]


def test_columns_that_spark_writes_into_paths_are_read_like_those_of_files(tmp_path: Path) -> None:
    rows = edge_case_rows(150)
    pq.write_table(rows, tmp_path / "rows.parquet")
    frame = spark.session().read.parquet(str(tmp_path / "rows.parquet"))
    frame.write.partitionBy("version", "role").parquet(str(tmp_path / "log"))
    expected, written = Local("rows.parquet", tmp_path), Local("log/", tmp_path)
    sources = (expected, written, Spark(written, "rows"))
    one, *others = [count_partition(each, whole(each), SELECTION, edge_case_binning(), GROUPING) for each in sources]
    assert len({(group.version, group.role) for group in one.groups}) > 2
    for other in others:
        assert_same_partition(other, one)


def test_spark_and_arrow_give_the_same_reference(tmp_path: Path) -> None:
    for number in range(9):
        pq.write_table(edge_case_rows(100, number), tmp_path / f"{number}.parquet")
    local = Local("*.parquet", tmp_path)
    counted = Spark(local, "reference")
    whole = local.dataset()
    assert whole is not None
    columns = replace(SELECTION, keys=())
    (here, why_here), (there, why_there) = (count_binning(each, whole, columns, 50) for each in (local, counted))
    assert why_there == why_here
    assert_same_binning(there, here)
    calendar, segments = Calendar.of(Seasonality(timezone="Europe/Berlin")), {"country": ("", "日本", "gone")}
    by_time = replace(SELECTION, keys=("at", "country"))
    left, right = (count_by_hour(each, whole, by_time, here, calendar, segments=segments) for each in (counted, local))
    assert_same_profiles(left.by_cell, right.by_cell)
    assert left.segments.keys() == right.segments.keys() == {Segment("country", ""), Segment("country", "日本")}
    for segment, part in left.segments.items():
        assert part.weeks == right.segments[segment].weeks
        assert_same_profiles(part.by_cell, right.segments[segment].by_cell)
    assert_same_history(left.history, right.history)
    with pytest.raises(ReferenceUnusable, match="column flag of the reference: "):
        count_by_hour(counted, whole, replace(SELECTION, keys=("flag",)), here, calendar, segments={})


def test_partitions_are_counted_together_and_a_bad_file_costs_itself(tmp_path: Path) -> None:
    for hour in range(3):
        put_files(tmp_path / f"{10 + hour}", 2)
    for name in ("11/01", "12/00", "12/01"):
        (tmp_path / f"{name}.parquet").write_bytes(b"no Parquet")
    source = Spark(Local("%H/*.parquet", tmp_path), "log")
    partitions = source.partitions([START + hour * HOUR for hour in range(3)])
    listed = source.traffic.requests
    found = dict(count_partitions(source, partitions, SELECTION, edge_case_binning(), GROUPING))
    assert source.traffic.requests == listed + 6
    broken = found.pop(START + 2 * HOUR)
    assert isinstance(broken, PartitionUnreadable)
    assert f"{tmp_path}/12/00.parquet: cannot be read as Parquet" in str(broken)
    assert [each.rows for each in found.values() if isinstance(each, PartitionProfile)] == [300, 150]
    assert source.skipped.counts == {"corrupt": 3}
    assert list(source.skipped.problems) == [f"{tmp_path}/11/01.parquet"]
    with pytest.raises(PartitionUnreadable, match=r"00\.parquet"):
        count_partition(source, partitions[START + 2 * HOUR], SELECTION, edge_case_binning(), GROUPING)


def test_a_killed_worker_affects_only_its_own_partition(tmp_path: Path) -> None:
    put_files(tmp_path, 3)
    source = Spark(Local("*.parquet", tmp_path), "log")
    whole = source.dataset()
    assert whole is not None

    def count(rows: Iterator[Batch], _: Portion) -> str:
        if any("late" in batch.schema.names for batch in rows):  # as when a worker takes more memory than it may
            os._exit(3)
        return "counted"

    parts = {item.path: Partition(item.path, (item,)) for item in whole.objects[:2]}
    found = dict(source.reduce(parts, ROWS_ONLY, Reduction(count, "".join, str.encode, bytes.decode)))
    well, lost = found.values()
    assert well == "counted"
    assert isinstance(lost, SourceUnavailable)
    assert str(lost).startswith(f"log, from {tmp_path}/01.parquet: Spark failed: ")


def test_a_job_that_takes_too_long_is_cancelled(tmp_path: Path) -> None:
    put_files(tmp_path, 1)
    source = Spark(Local("*.parquet", tmp_path), "log", seconds=0.5)
    whole = source.dataset()
    assert whole is not None

    def count(rows: Iterator[Batch], _: Portion) -> str:
        sleep(60)  # far longer than it may, and is waited for only if it is not cancelled
        return "counted"

    ((_, found),) = source.reduce({0: whole}, ROWS_ONLY, Reduction(count, "".join, str.encode, bytes.decode))
    assert isinstance(found, SourceUnavailable)
    assert "the cluster is busy, or gave no executor" in str(found)


def test_objects_in_s3_are_read_by_the_executors(s3_server: S3Server) -> None:
    for minute in range(2):
        sink = io.BytesIO()
        pq.write_table(edge_case_rows(100, minute), sink)
        s3_server.put("lake", f"2026-11-23T10/{minute}.parquet", sink.getvalue())
    plain = S3("s3://lake/%Y-%m-%dT%H/")
    partition = plain.partitions([START])[START]
    counted = count_partition(Spark(plain, "lake"), partition, SELECTION, edge_case_binning(), GROUPING)
    assert_same_partition(counted, count_partition(plain, partition, SELECTION, edge_case_binning(), GROUPING))
    gone = Partition("gone", (replace(partition.objects[0], path="s3://lake/gone.parquet"),))
    with pytest.raises(PartitionUnreadable, match=r"s3://lake/gone\.parquet"):
        count_partition(Spark(plain, "lake"), gone, SELECTION, edge_case_binning(), GROUPING)


def test_a_model_counted_by_spark_has_the_same_gauges(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    log = FraudLog.in_folder(tmp_path, now)
    log.put_all(4)
    broken = tmp_path / log.key(2)
    broken.write_bytes(broken.read_bytes()[:-100])
    gauges, problems = [], []
    for engine in (None, "spark"):
        document = local_spec_document(windows=["1h", "4h"])
        for part in ("inference", "reference"):
            document["spec"][part]["source"]["engine"] = engine
        loaded = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
        reader = ModelReader(loaded, ProfileStore(tmp_path / f"store {engine}"))
        samples = reader.read(Attempt(now))
        gauges.append({(sample.metric.name, sample.labels): sample.value for sample in samples})
        problems.append(reader.problems)
    assert gauges[1] == pytest.approx(gauges[0], rel=1e-9, nan_ok=True)
    assert problems[1] == problems[0]
    assert list(problems[1]) == ["partition 2026-11-22T07:00Z"]


def test_without_java_spark_is_an_error_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"^log: Spark needs Java, and the PATH has none; install a JRE, 17"):
        Spark(Local("x.parquet", tmp_path), "log")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SourceError, match=rf"JAVA_HOME \({tmp_path}\) has none"):
        Spark(Local("x.parquet", tmp_path), "log")
