"""Labels of a log that cannot be read, or not at once: each failure costs only itself."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter import catalogue
from exporter.demo.simulation import inference_hour
from exporter.errors import SourceUnavailable
from exporter.service.attempt import Attempt
from exporter.service.labels import reading as label_reading
from exporter.store.profiles import ProfileStore
from simulated_log import (
    DAY,
    END,
    HOUR,
    MATURITY,
    NOW,
    START,
    WORLD,
    label_gauges,
    label_hour,
    put_labels,
    reader,
)


@pytest.mark.parametrize("broken", ["labels", "inference"])
def test_a_file_that_cannot_be_read_costs_only_its_own_labels(folder: Path, broken: str) -> None:
    path = folder / (END - MATURITY - 10 * HOUR).strftime(f"{broken}/%Y-%m-%dT%H.parquet")
    path.write_bytes(b"PAR1 no more")
    one = reader(folder)
    for _ in range(2):
        found = label_gauges(one.read(Attempt(NOW)))
        assert found[catalogue.LABEL_ROWS, ("v3", "24h")] > 0
    assert one.record.failures == {"read": 1 if broken == "labels" else 2}, "of predictions the traffic tells too"
    assert f"partition {path.stem}:00Z of {'labels' if broken == 'labels' else 'predictions'}" in one.problems


def test_labels_of_another_type_fail_like_any_column(folder: Path) -> None:
    hour = END - 5 * HOUR
    rows = label_hour(folder, hour)
    put_labels(folder, hour, rows.assign(is_fraud=[[True]] * len(rows)))
    one = reader(folder)
    assert label_gauges(one.read(Attempt(NOW)))
    assert one.record.failures == {"column": 1}
    assert "a category was expected" in next(iter(one.problems.values()))


def test_a_label_log_that_does_not_answer_costs_only_the_metrics_of_labels(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(written, tmp_path / "log", ignore=shutil.ignore_patterns("store"))
    expected = reader(tmp_path / "log").read(Attempt(NOW))
    shutil.rmtree(tmp_path / "log" / "store")
    one = reader(tmp_path / "log")
    assert one._labels is not None

    def refuse(*_: Any) -> Any:
        raise SourceUnavailable("busy")

    with monkeypatch.context() as patch:
        patch.setattr(one._labels.source, "partitions", refuse)
        samples = one.read(Attempt(NOW))
    assert label_gauges(samples) == {}
    ours = {metric for metric, _ in label_gauges(expected)}
    assert samples == [sample for sample in expected if sample.metric not in ours]
    assert one.problems == {"labels": "busy"}
    assert one.read(Attempt(NOW)) == expected, "the next refresh tries again"
    with monkeypatch.context() as patch:
        patch.setattr(one._labels.source, "partitions", refuse)
        assert label_gauges(one.read(Attempt(NOW))) == label_gauges(expected), "what is known stays"


def test_there_are_no_label_metrics_before_all_that_has_arrived_is_joined(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = label_gauges(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    monkeypatch.setattr(label_reading, "MOST_PARTITIONS", 20)
    one = reader(folder)
    assert [bool(label_gauges(one.read(Attempt(NOW)))) for _ in range(3)] == [False, False, True]
    assert label_gauges(one.read(Attempt(NOW))) == expected


def test_when_the_time_is_over_the_next_refresh_goes_on(folder: Path) -> None:
    expected = label_gauges(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    one = reader(folder)
    one.read(Attempt(NOW - DAY))
    for patience in (30, 60, 90, 120, 160, 10_000):
        asked = iter(range(patience))
        found = label_gauges(one.read(Attempt(NOW, lambda asked=asked: next(asked, None) is None)))  # type: ignore[misc]
    assert found == expected


def test_the_store_has_only_the_look_back_and_repairs_missing_files(folder: Path) -> None:
    def kept(group: str) -> list[Path]:
        return sorted((folder / "store" / "fraud" / group).glob("*.arrow"))

    one = reader(folder)
    expected = label_gauges(one.read(Attempt(NOW)))
    arrived = pd.concat(label_hour(folder, START + hour * HOUR) for hour in range(54))["request_id"]
    labelled = sum(inference_hour(WORLD, START + hour * HOUR)["request_id"].isin(arrived).any() for hour in range(54))
    numbers = {"predictions": 54, "labels": 54, "answers": labelled + 1}
    for group, number in numbers.items():
        assert len(kept(group)) == number, "and one that says which labels belong to none of an hour's predictions"
        for path in kept(group)[40:43]:
            path.unlink()
    assert label_gauges(reader(folder).read(Attempt(NOW))) == expected
    one.read(Attempt(NOW + 2 * DAY))
    assert [len(kept(group)) for group in numbers] == [25, 25, 25 - (54 - labelled) + 1]


def test_a_store_that_refuses_is_reported_and_costs_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(ProfileStore, "save_arrays", full)
    one = reader(folder)
    assert label_gauges(one.read(Attempt(NOW))) == {}
    assert one.record.failures == {"store": 1}


def uuids(path: Path, hours: range) -> None:
    """Rewrite hours of a log with ids of sixteen bytes."""
    for hour in hours:
        file = path / f"{END - hour * HOUR:%Y-%m-%dT%H}.parquet"
        table = pq.read_table(file)
        ids = pa.array([text.encode()[:16].ljust(16) for text in table["request_id"].to_pylist()], pa.binary(16))
        pq.write_table(table.set_column(table.column_names.index("request_id"), "request_id", ids), file)


@pytest.mark.parametrize(("log", "stream"), [("inference", catalogue.INFERENCE), ("labels", catalogue.LABEL_LOG)])
def test_ids_of_an_unusable_type_lower_the_share_of_usable_rows(folder: Path, log: str, stream: str) -> None:
    def shares(now: datetime) -> dict[str, float]:
        samples = [one for one in reader(folder).read(Attempt(now)) if one.metric is catalogue.LOG_USABLE_RATIO]
        return {window: one.value for one in samples for _, at, window in [one.labels] if at == stream}

    assert shares(NOW) == {"1h": 1.0, "24h": 1.0}
    uuids(folder / log, range(1, 13))
    files = [folder / log / f"{END - hour * HOUR:%Y-%m-%dT%H}.parquet" for hour in range(1, 25)]
    rows = [pq.read_metadata(file).num_rows for file in files]
    assert shares(NOW) == {"1h": 0.0, "24h": sum(rows[12:]) / sum(rows)}
