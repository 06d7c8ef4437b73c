"""What breaks, breaks alone: one bad file among good ones, as a whole model reports it."""

from __future__ import annotations

import io
import logging
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.model_state import ModelState
from exporter.service.reading import ModelReader
from exporter.service.web import status_page
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import ROWS, FraudLog, local_spec_document, spec_document
from s3_server import Refuse, Request, S3Server, always

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
TEMPLATE = "inference/%Y-%m-%dT%H/"


@dataclass
class Log:
    """Two hours of a log of several files an hour, in a folder."""

    folder: Path
    log: FraudLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = FraudLog.in_folder(self.folder, NOW)
        self.log.put_all(0)
        for hour in (0, 1):
            for part in range(3):
                self.put(hour, part)

    def path(self, hour: int, name: str) -> Path:
        return self.folder / self.log.key(hour).removesuffix(".parquet") / name

    def put(self, hour: int, part: int) -> Path:
        path = self.path(hour, f"{part}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.log.rows(10 * hour + part), path)
        return path

    def reader(self, store: str = "store") -> ModelReader:
        document = local_spec_document(windows=["1h", "2h"])
        document["spec"]["inference"]["source"] = {"local": TEMPLATE}
        spec = ModelSpec.model_validate(document)
        return ModelReader(LoadedSpec(self.folder / "fraud.yaml", spec), ProfileStore(self.folder / store))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def skipped(reader: ModelReader) -> dict[tuple[str, ...], float]:
    return {each.labels: each.value for each in reader.own_samples() if each.metric is catalogue.FILES_SKIPPED}


def rows(samples: list[Sample], window: str) -> float:
    return next(each.value for each in samples if each.metric is catalogue.WINDOW_ROWS and each.labels[-1] == window)


def checked(table: pa.Table) -> bytes:
    """A file with checksums, which tell a rotten page from another value."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    return buffer.getvalue()


def damaged(content: bytes, how: str) -> bytes:
    middle = len(content) // 3
    return {
        "empty": b"",
        "text": b"not parquet at all",
        "cut": content[:-50],
        "begun": content[:middle],
        "rotten": content[:middle] + bytes(range(256)) + content[middle + 256 :],
    }[how]


@settings(max_examples=5)
@given(hour=st.integers(0, 1), how=st.sampled_from(["empty", "text", "cut", "begun", "rotten"]), first=st.booleans())
def test_a_bad_file_changes_nothing_and_exactly_one_thing_is_said(hour: int, how: str, first: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        log = Log(Path(name))
        expected = log.reader("one").read(Attempt(NOW))
        content = checked(log.log.rows(99))
        bad = log.path(hour, "-first.parquet" if first else "last.parquet")
        bad.write_bytes(damaged(content, how))
        reader = log.reader("two")
        lines: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("exporter").addHandler(handler)
        try:
            assert reader.read(Attempt(NOW)) == expected
            assert reader.read(Attempt(NOW)) == expected
        finally:
            logging.getLogger("exporter").removeHandler(handler)
        assert skipped(reader) == {("fraud", catalogue.INFERENCE, "corrupt"): 1}
        assert list(reader.problems) == [f"skipped file {bad}"]
        (line,) = lines
        assert line.startswith(f"fraud: skipped file {bad}: cannot be read as Parquet: ")
        assert reader.record.failures == {"read": 1}


def test_a_bad_file_that_is_rewritten_or_deleted_is_forgotten(log: Log) -> None:
    bad = log.path(0, "last.parquet")
    bad.write_bytes(b"")
    reader = log.reader()
    assert rows(reader.read(Attempt(NOW)), "1h") == 3 * ROWS
    pq.write_table(log.log.rows(99), bad)
    assert rows(reader.read(Attempt(NOW)), "1h") == 4 * ROWS
    assert (skipped(reader), reader.problems) == ({}, {})
    bad.write_bytes(b"")
    reader.read(Attempt(NOW))
    assert skipped(reader) != {}
    bad.unlink()
    assert rows(reader.read(Attempt(NOW)), "1h") == 3 * ROWS
    assert (skipped(reader), reader.problems) == ({}, {})


def test_a_restart_gives_the_same_values(log: Log) -> None:
    log.path(0, "last.parquet").write_bytes(b"")
    expected = log.reader().read(Attempt(NOW))
    again = log.reader()
    assert again.read(Attempt(NOW)) == expected
    assert skipped(again) == {("fraud", catalogue.INFERENCE, "corrupt"): 1}


def test_the_status_page_names_the_file(log: Log) -> None:
    bad = log.path(0, "last.parquet")
    bad.write_bytes(b"<b>")
    reader = log.reader()
    reader.read(Attempt(NOW))
    page = status_page.render({"fraud": ModelState(reader.loaded, reader, succeeded=True)})
    assert f"skipped file {bad}" in page


def test_a_bad_file_of_the_reference_costs_itself(log: Log) -> None:
    folder = log.folder / "train"
    folder.mkdir()
    for part in range(3):
        pq.write_table(log.log.rows(500 + part), folder / f"{part}.parquet")
    document = local_spec_document(windows=["1h"], reference={"source": {"local": "train/"}})
    document["spec"]["inference"]["source"] = {"local": TEMPLATE}
    loaded = LoadedSpec(log.folder / "fraud.yaml", ModelSpec.model_validate(document))
    expected = ModelReader(loaded, ProfileStore(log.folder / "one")).read(Attempt(NOW))
    (folder / "bad.parquet").write_bytes(b"PAR1")
    reader = ModelReader(loaded, ProfileStore(log.folder / "two"))
    for _ in range(2):
        assert reader.read(Attempt(NOW)) == expected
    assert skipped(reader) == {("fraud", "reference", "corrupt"): 1}
    built = [each.value for each in reader.own_samples() if each.metric is catalogue.PROFILES_BUILT_TOTAL]
    assert built == [1, 1]


class TestRefused:
    """Files of a bucket that the store refuses."""

    @pytest.fixture
    def server(self, s3_server: S3Server) -> S3Server:
        log = FraudLog.on_s3(s3_server)
        log.now = NOW
        log.put_all(0)
        for part in range(3):
            key = log.key(0).removesuffix(".parquet")
            log.put(f"{key}/{part}.parquet", log.rows(part))
        log.put(log.key(1).removesuffix(".parquet") + "/0.parquet", log.rows(7))
        return s3_server

    def reader(self, folder: Path) -> ModelReader:
        document = spec_document(windows=["1h", "2h"])
        source = document["spec"]["inference"]["source"]["s3"]
        document["spec"]["inference"]["source"] = {"s3": source.rpartition("/")[0] + "/%Y-%m-%dT%H/"}
        return ModelReader(LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document)), ProfileStore(folder))

    def test_one_refused_file_costs_itself_until_it_is_allowed(
        self, server: S3Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        reader = self.reader(tmp_path)
        server.faults = always(Refuse(403, "AccessDenied"), lambda request: request.path.endswith("1.parquet"))
        for refresh in (1, 2):
            assert rows(reader.read(Attempt(NOW)), "1h") == 2 * ROWS
            named = [line for line in caplog.messages if "skipped file" in line]
            assert len(named) == refresh, "it is logged once per refresh"
            assert named[-1].endswith("; allow s3:GetObject on the object")
        assert skipped(reader) == {("fraud", catalogue.INFERENCE, "denied"): 1}
        server.faults = None
        assert rows(reader.read(Attempt(NOW)), "1h") == 3 * ROWS
        assert (skipped(reader), reader.problems) == ({}, {})

    def test_a_partition_that_is_refused_costs_itself_until_it_is_allowed(
        self, server: S3Server, tmp_path: Path
    ) -> None:
        reader = self.reader(tmp_path)

        def older(request: Request) -> bool:
            return "T08" in request.path

        server.faults = always(Refuse(403, "AccessDenied"), older)
        for _ in range(2):
            assert rows(reader.read(Attempt(NOW)), "2h") == 3 * ROWS
            assert list(reader.problems) == ["partition 2026-11-22T08:00Z"]
        assert skipped(reader) == {("fraud", catalogue.INFERENCE, "denied"): 1}
        server.faults = None
        assert rows(reader.read(Attempt(NOW)), "2h") == 4 * ROWS
        assert (skipped(reader), reader.problems) == ({}, {})

    def test_a_log_that_is_refused_as_a_whole_fails_the_refresh(self, server: S3Server, tmp_path: Path) -> None:
        server.faults = always(Refuse(403, "AccessDenied"), lambda request: "/inference/" in request.path)
        with pytest.raises(RefreshFailed, match="AccessDenied") as caught:
            self.reader(tmp_path).read(Attempt(NOW))
        assert caught.value.stage == "read"
