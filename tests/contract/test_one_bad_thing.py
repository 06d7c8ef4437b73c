"""What is bad costs only itself: a good log with one bad thing gives the values of the good log, and one message."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.demo.simulation import INFERENCE, LABELS, REFERENCE, write_log
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from simulated_log import END, HOUR, NOW, START, WORLD, document

Changes = dict[tuple[Metric, tuple[str, ...]], tuple[float | None, float | None]]
"""By series, the value with the good log and with the bad thing; `None` where the series does not exist."""

WORK = {catalogue.SOURCE_REQUESTS_TOTAL, catalogue.SOURCE_READ_BYTES_TOTAL, catalogue.PROFILES_BUILT_TOTAL}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"id,score\n",
    "cut": lambda content: content[:-50],
    "begun": lambda content: content[: len(content) // 3],
}
SUFFIX = ".parquet"


@dataclass
class Reading:
    """The values of a log, and the messages about it."""

    gauges: dict[tuple[Metric, tuple[str, ...]], float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def read(folder: Path) -> Reading:
    spec = document(windows=["1h", "24h"])
    for section, path in (("inference", INFERENCE), ("labels", LABELS), ("reference", REFERENCE)):
        spec["spec"][section]["source"] = {"local": f"{path.removesuffix(SUFFIX)}/"}
    store = ProfileStore(folder / "store")
    reader = ModelReader(LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(spec)), store)
    result = Reading()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: result.lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("exporter").addHandler(handler)
    try:
        samples = [*reader.read(Attempt(NOW)), *reader.own_samples()]
    finally:
        logging.getLogger("exporter").removeHandler(handler)
    result.problems = dict(reader.problems)
    result.gauges = {(one.metric, one.labels): one.value for one in samples if one.metric not in WORK}
    shutil.rmtree(folder / "store")
    return result


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 54 hours, each hour a folder of one file."""
    folder = tmp_path_factory.mktemp("good")
    write_log(WORLD, folder, START, END, weeks=1, rows=2000)
    for path in list(folder.rglob(f"*{SUFFIX}")):
        path.rename(path.with_suffix(".whole"))
        path.with_suffix("").mkdir()
        path.with_suffix(".whole").rename(path.with_suffix("") / f"0{SUFFIX}")
    return folder


@pytest.fixture(scope="module")
def expected(good: Path) -> Reading:
    reading = read(good)
    assert (reading.lines, reading.problems) == ([], {})
    return reading


def changes(expected: Reading, found: Reading) -> Changes:
    names = expected.gauges.keys() | found.gauges.keys()
    pairs = {name: (expected.gauges.get(name), found.gauges.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def hour_folder(folder: Path, template: str, ago: int) -> Path:
    return folder / (END - ago * HOUR).strftime(template.removesuffix(SUFFIX))


STREAMS = {catalogue.INFERENCE: INFERENCE, "labels": LABELS, "reference": REFERENCE}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stream=st.sampled_from(sorted(STREAMS)),
    ago=st.integers(1, 50),
    damage=st.sampled_from(sorted(DAMAGES)),
    name=st.sampled_from(["-first", "last"]),
)
def test_a_bad_file(good: Path, expected: Reading, stream: str, ago: int, damage: str, name: str) -> None:  # noqa: PLR0917
    bad = hour_folder(good, STREAMS[stream], ago) / f"{name}{SUFFIX}"
    bad.write_bytes(DAMAGES[damage](bad.with_name(f"0{SUFFIX}").read_bytes()))
    try:
        found = read(good)
    finally:
        bad.unlink()
    assert changes(expected, found) == {
        (catalogue.FILES_SKIPPED, ("fraud", stream, "corrupt")): (None, 1),
        (catalogue.REFRESH_FAILURES_TOTAL, ("fraud", "read")): (0, 1),
    }
    assert list(found.problems) == [f"skipped file {bad}"]
    [line] = found.lines
    assert line.startswith(f"fraud: skipped file {bad}: ")


def rotten(path: Path, column: str) -> bytes:
    """A Parquet file with a damaged page of one column; all other columns can be read."""
    pq.write_table(pq.read_table(path), path.with_suffix(".checked"), write_page_checksum=True)
    content = bytearray(path.with_suffix(".checked").read_bytes())
    path.with_suffix(".checked").unlink()
    group = pq.ParquetFile(pa.BufferReader(bytes(content))).metadata.row_group(0)
    (chunk,) = (each for each in map(group.column, range(group.num_columns)) if each.path_in_schema == column)
    content[(chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size - 1] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("stream", "column", "alone"),
    [
        (catalogue.INFERENCE, "age", False),
        (catalogue.INFERENCE, "age", True),
        (catalogue.INFERENCE, "request_id", False),
        (catalogue.INFERENCE, "request_id", True),
        ("labels", "is_fraud", False),
        ("reference", "age", False),
    ],
)
def test_a_column_of_a_file_that_is_damaged_costs_the_file_for_every_reader(
    good: Path, expected: Reading, stream: str, column: str, *, alone: bool
) -> None:
    """Profiles and labels read other columns of the same files: both count the same rows."""
    hour = hour_folder(good, STREAMS[stream], 7)
    whole, bad = hour / f"0{SUFFIX}", hour / f"-first{SUFFIX}"
    content = whole.read_bytes()
    bad.write_bytes(rotten(whole, column))
    if alone:
        whole.unlink()
        expected = read_without(good, bad)
    try:
        found = read(good)
    finally:
        bad.unlink()
        whole.write_bytes(content)
    assert changes(expected, found) == {
        (catalogue.FILES_SKIPPED, ("fraud", stream, "corrupt")): (None, 1),
        (catalogue.REFRESH_FAILURES_TOTAL, ("fraud", "read")): (0, 1),
    }
    assert len(found.lines) == 1
    assert all("cannot be read as Parquet" in why for why in found.problems.values())


def read_without(folder: Path, file: Path) -> Reading:
    """The values of a log without a file, and without the partition if it has no other."""
    content = file.read_bytes()
    file.unlink()
    try:
        return read(folder)
    finally:
        file.write_bytes(content)


ROWS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "without_id": lambda row: row.assign(request_id=None),
    "without_prediction": lambda row: row.assign(request_id="nobody"),
    "without_value": lambda row: row.assign(is_fraud=None),
    "duplicate": lambda row: row,
}


@pytest.mark.parametrize("reason", ROWS)
def test_a_bad_row_of_labels(good: Path, expected: Reading, reason: str) -> None:
    path = hour_folder(good, LABELS, 7) / f"0{SUFFIX}"
    bad = path.with_name(f"bad{SUFFIX}")
    ROWS[reason](pd.read_parquet(path)[:1]).to_parquet(bad)
    try:
        found = read(good)
    finally:
        bad.unlink()
    unlike = changes(expected, found)
    assert unlike.pop((catalogue.LABEL_ODD_ROWS, ("fraud", reason))) == (0, 1)
    # The share of usable rows is of all rows, so each row counts in it.
    assert {metric for metric, _ in unlike} <= {catalogue.LOG_USABLE_RATIO}
    assert (found.lines, found.problems) == ([], {})


def test_columns_that_the_spec_does_not_name(good: Path, expected: Reading) -> None:
    path = hour_folder(good, INFERENCE, 3) / f"0{SUFFIX}"
    before, rows = path.read_bytes(), pq.read_table(path)
    for name, value in (("nulls", None), ("nested", {"a": [1]}), ("bytes", b"\xff")):
        rows = rows.append_column(name, pa.array([value] * rows.num_rows))
    pq.write_table(rows, path)
    try:
        found = read(good)
    finally:
        path.write_bytes(before)
    assert changes(expected, found) == {}
    assert (found.lines, found.problems) == ([], {})


@pytest.mark.parametrize("stream", [catalogue.INFERENCE, "labels"])
def test_a_file_with_ids_of_another_type(good: Path, expected: Reading, stream: str) -> None:
    """Its rows are not joined. Those of its neighbour in the same partition are."""
    whole = hour_folder(good, STREAMS[stream], 7) / f"0{SUFFIX}"
    bad, rows = whole.with_name(f"bad{SUFFIX}"), pq.read_table(whole)[:5]
    place = rows.column_names.index("request_id")
    pq.write_table(rows.set_column(place, "request_id", pa.array([[1]] * 5)), bad)
    try:
        found = read(good)
    finally:
        bad.unlink()
    unlike = changes(expected, found)
    assert unlike.pop((catalogue.REFRESH_FAILURES_TOTAL, ("fraud", "column"))) == (0, 1)
    performance = {catalogue.LABEL_ROWS, catalogue.AUROC, catalogue.ACCURACY, catalogue.LABEL_COVERAGE_RATIO}
    assert not {metric for metric, _ in unlike} & performance
    assert {labels[1:] for metric, labels in unlike if metric is catalogue.LOG_USABLE_RATIO} == {(stream, "24h")}
    [line] = found.lines
    assert line.endswith(": column request_id: the column is list<element: int64>, a category was expected")


def test_a_watched_column_of_another_type(good: Path, expected: Reading) -> None:
    path = hour_folder(good, INFERENCE, 3) / f"0{SUFFIX}"
    before, rows = path.read_bytes(), pq.read_table(path)
    place = rows.column_names.index("age")
    pq.write_table(rows.set_column(place, "age", pa.array(["old"] * rows.num_rows)), path)
    try:
        found = read(good)
    finally:
        path.write_bytes(before)
    unlike = changes(expected, found)
    features = [dict(zip(metric.labels, labels, strict=True)).get(catalogue.FEATURE) for metric, labels in unlike]
    assert set(features) == {"age", None}
    others = {metric for metric, _ in unlike if catalogue.FEATURE not in metric.labels}
    assert others <= {
        catalogue.COLUMN_READABLE_RATIO,
        catalogue.DATA_READABLE_RATIO,
        catalogue.DATA_DRIFT_SHARE,
        catalogue.REFRESH_FAILURES_TOTAL,
    }
    assert len(found.lines) == len(found.problems) == 1
