from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from exporter.spec.loading import load
from exporter.validation.gathering import gather
from exporter.validation.sample import IdSample
from fraud_log import FraudLog, labelled_spec_document
from sampled import NOW


def ids_of(folder: Path, maturity: str = "4d") -> IdSample:
    document = labelled_spec_document()
    document["spec"]["labels"]["maturity"] = maturity
    (folder / "fraud.yaml").write_text(json.dumps(document))
    samples = gather(load(folder / "fraud.yaml"), NOW, lambda name: None)
    assert samples.ids is not None
    return samples.ids


def test_ids_are_sought_over_the_whole_maturity(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(hours=100)
    log.put_labels(90)  # these came in the newest hour, four days late
    sample = ids_of(tmp_path)
    assert sample.share == pytest.approx(24 / 120)
    firsts = [column[0].as_py() for column in sample.predictions]  # the seed of an hour is 1000 and how long ago it was
    assert [1000 + hours for hours in (5, 4, 3, 2, 1, 0)] == [int(each.partition("-")[0]) for each in firsts[-6:]]
    assert len(firsts) == 21  # of 24 partitions; the log is 100 hours old, and 120 are the look-back


def test_ids_of_labels_come_from_more_partitions_where_the_newest_has_few(tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(hours=6)
    for hours_ago in range(6):
        ids = pa.array([f"{1000 + hours_ago}-{row}" for row in range(400 if hours_ago else 3)])
        labels = pa.table({"request_id": ids, "is_fraud": [True] * len(ids)})
        log.put(f"labels/{log.key(hours_ago).removeprefix('inference/')}", labels)
    assert [len(column) for column in ids_of(tmp_path).labels] == [3, 400, 400, 400]
