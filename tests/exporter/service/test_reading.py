"""One model, brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import REFERENCE_KEY, ROWS, FraudLog, local_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


PSI_OF_CLASSES = (catalogue.PREDICTION_CLASS_PSI, catalogue.PREDICTION_CLASS_PSI_THRESHOLD)


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    """Four hours of the log, and its reference."""
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(4)
    return log


def _reader(folder: Path, **body: Any) -> ModelReader:
    spec = ModelSpec.model_validate(local_spec_document(**{"windows": ["1h", "4h"], **body}))
    return ModelReader(LoadedSpec(folder / "fraud.yaml", spec), ProfileStore(folder / "store"))


def _values(samples: list[Sample], metric: catalogue.Metric) -> dict[tuple[str, ...], float]:
    return {tuple(filter(None, sample.labels)): sample.value for sample in samples if sample.metric == metric}


def _counts(reader: ModelReader, metric: catalogue.Metric) -> float:
    """A counter of the reader, of the log and the reference together."""
    return sum(_values(list(reader.own_samples()), metric).values())


def _rows(samples: list[Sample], window: str) -> float:
    return _values(samples, catalogue.WINDOW_ROWS)["fraud", catalogue.INFERENCE, window]


def test_windows_are_the_newest_whole_hours(tmp_path: Path, log: FraudLog) -> None:
    samples = _reader(tmp_path).read(Attempt(NOW))
    assert (_rows(samples, "1h"), _rows(samples, "4h")) == (ROWS, 4 * ROWS)
    ends = set(_values(samples, catalogue.WINDOW_END_TIMESTAMP_SECONDS).values())
    assert ends == {datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()}


def test_a_missing_partition_lowers_the_rows_and_is_counted_once_when_it_comes(tmp_path: Path, log: FraudLog) -> None:
    (tmp_path / log.key(2)).unlink()
    reader = _reader(tmp_path)
    assert _rows(reader.read(Attempt(NOW)), "4h") == 3 * ROWS
    log.put_hour(2)
    assert _rows(reader.read(Attempt(NOW)), "4h") == 4 * ROWS
    assert _rows(reader.read(Attempt(NOW)), "4h") == 4 * ROWS
    assert reader.record.built == 4


def test_only_what_is_new_is_read(tmp_path: Path, log: FraudLog) -> None:
    first = _reader(tmp_path)
    before = first.read(Attempt(NOW))
    second = _reader(tmp_path)
    assert second.read(Attempt(NOW)) == before
    assert (_counts(second, catalogue.PROFILES_BUILT_TOTAL), _counts(second, catalogue.PROFILES_REUSED_TOTAL)) == (0, 5)
    third = _reader(tmp_path, features=[{"name": "age", "type": "numeric"}])
    third.read(Attempt(NOW))
    assert _counts(third, catalogue.PROFILES_REUSED_TOTAL) == 0, "other columns are other profiles"


def test_a_disk_that_refuses_costs_no_value_and_is_counted_at_each_refresh(tmp_path: Path, log: FraudLog) -> None:
    expected = _reader(tmp_path).read(Attempt(NOW))
    (tmp_path / "file").touch()
    reader = ModelReader(_reader(tmp_path).loaded, ProfileStore(tmp_path / "file" / "store"))
    for refreshes in (1, 2):
        assert reader.read(Attempt(NOW)) == expected
        assert reader.record.failures == {"store": refreshes}
        assert reader.record.problems.keys() == {"files that are stored"}
    assert reader.record.built == 4


def test_what_a_reading_has_found_is_not_looked_up_again(tmp_path: Path, log: FraudLog) -> None:
    reader, known = _reader(tmp_path), {"name": "age", "type": "numeric"}
    reader.read(Attempt(NOW))
    requests = _counts(reader, catalogue.SOURCE_REQUESTS_TOTAL)
    assert reader.missing_data(NOW) == []
    assert _counts(reader, catalogue.SOURCE_REQUESTS_TOTAL) == requests
    reader = _reader(tmp_path, features=[known, {"name": "agee", "type": "numeric"}])
    reader.read(Attempt(NOW))
    (message,) = reader.missing_data(NOW)
    assert message.startswith("spec.features[1].name: no column agee in any of 4 partitions")


def _classifier(folder: Path, task: str = "binary_classification") -> ModelReader:
    columns = {"score": "predicted_score", "prediction": "decision"}
    inference = {**local_spec_document()["spec"]["inference"], "columns": columns}
    return _reader(folder, inference=inference, task=task)


@pytest.mark.parametrize(
    ("task", "ends", "sure"),
    [
        ("binary_classification", {"0.1", "0.2", "0.9", "1.0", "+Inf"}, {"0.5-0.6", "0.9-1.0"}),
        ("multiclass_classification", {"0.1", "0.2", "0.9", "1.0", "+Inf"}, {"0.0-0.5", "0.5-0.6", "0.9-1.0"}),
        ("regression", {"0.0228", "+Inf"}, set()),
        ("ranking", {"0.0228", "+Inf"}, set()),
    ],
)
def test_every_task_has_a_distribution_and_classifiers_have_classes_and_confidence(
    task: str, ends: set[str], sure: set[str], tmp_path: Path, log: FraudLog
) -> None:
    samples = _classifier(tmp_path, task).read(Attempt(NOW))
    assert {labels[-1] for labels in _values(samples, catalogue.PREDICTION_SCORE.buckets)} >= ends
    assert {labels[2] for labels in _values(samples, catalogue.PREDICTION_CONFIDENCE_RATIO)} >= sure
    metrics = {sample.metric for sample in samples}
    assert {catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_PSI} <= metrics
    for metric in (catalogue.PREDICTION_CONFIDENCE_RATIO, catalogue.PREDICTION_CLASS_RATIO, *PSI_OF_CLASSES):
        assert (metric in metrics) == bool(sure)


def test_classes_are_counted_like_features_but_are_not_part_of_the_drift_share(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0, decision=np.full(ROWS, "decline"))
    samples = _classifier(tmp_path).read(Attempt(NOW))
    shares = _values(samples, catalogue.PREDICTION_CLASS_RATIO)
    assert shares["fraud", catalogue.UNKNOWN_VERSION, "decline", "1h"] == 1
    assert 0 < shares["fraud", catalogue.UNKNOWN_VERSION, "approve", "4h"] < 1
    whole = ("fraud", catalogue.UNKNOWN_VERSION, "1h")
    index, level = (_values(samples, each)[whole] for each in PSI_OF_CLASSES)
    assert index > level
    assert _values(samples, catalogue.DATA_DRIFT_SHARE)[whole] == 0
    assert _values(samples, catalogue.SERIES_LIMITED)["fraud", catalogue.CLASS] == 0


def test_a_reference_without_classes_gives_none_and_says_so(tmp_path: Path, log: FraudLog) -> None:
    log.put(REFERENCE_KEY, log.rows(1, 40_000, decision=None))
    reader = _classifier(tmp_path)
    metrics = {sample.metric for sample in reader.read(Attempt(NOW))}
    assert not metrics & {catalogue.PREDICTION_CLASS_RATIO, *PSI_OF_CLASSES}
    assert catalogue.PREDICTION_PSI in metrics
    assert reader.problems == {"column decision of the reference": "the reference has no such column"}


def test_profiles_that_have_left_the_windows_are_removed(tmp_path: Path, log: FraudLog) -> None:
    reader = _reader(tmp_path)
    reader.read(Attempt(NOW))
    folder = tmp_path / "store" / "fraud" / catalogue.INFERENCE
    assert len(list(folder.iterdir())) == 4
    reader.read(Attempt(NOW.replace(hour=12)))
    assert len(list(folder.iterdir())) == 2


def test_a_truncated_file_costs_only_its_partition_and_is_tried_once(tmp_path: Path, log: FraudLog) -> None:
    path = tmp_path / log.key(1)
    path.write_bytes(path.read_bytes()[:-100])
    reader = _reader(tmp_path)
    for _ in range(2):
        assert _rows(reader.read(Attempt(NOW)), "4h") == 3 * ROWS
    assert reader.record.failures == {"read": 1}
    ((what, why),) = reader.problems.items()
    assert path.stem in what
    assert path.name in why
    log.put_hour(1)
    assert _rows(reader.read(Attempt(NOW)), "4h") == 4 * ROWS
    assert reader.problems == {}


def test_a_missing_column_costs_only_itself(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0, age=None)
    reader = _reader(tmp_path)
    samples = reader.read(Attempt(NOW))
    scored = {labels[2:] for labels in _values(samples, catalogue.FEATURE_PSI)}
    assert ("age", "1h") not in scored
    assert {("age", "4h"), ("credit_balance", "1h"), ("country_code", "1h")} <= scored
    rows = _values(samples, catalogue.FEATURE_ROWS)
    assert rows["fraud", "v3", "age", "4h"] == 3 * ROWS
    assert reader.record.failures == {"column": 1}
    assert any("age" in what and "missing" in why for what, why in reader.problems.items())


def test_a_retyped_column_costs_only_itself(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0, age=np.full(ROWS, "forty"))
    reader = _reader(tmp_path)
    samples = reader.read(Attempt(NOW))
    assert ("fraud", "v3", "age", "1h") not in _values(samples, catalogue.FEATURE_PSI)
    assert ("fraud", "v3", "txn_count_7d", "1h") in _values(samples, catalogue.FEATURE_PSI)
    assert any("age" in what and "string" in why for what, why in reader.problems.items())


def test_each_version_has_profiles_of_its_own(tmp_path: Path, log: FraudLog) -> None:
    versions = np.where(np.arange(ROWS) % 4 == 0, "v4", "v3")
    log.put_hour(0, model_version=versions)
    samples = _reader(tmp_path).read(Attempt(NOW))
    rows = {labels[1:]: value for labels, value in _values(samples, catalogue.VERSION_ROWS).items()}
    assert rows == {
        ("v3", "1h"): ROWS * 3 / 4,
        ("v4", "1h"): ROWS / 4,
        ("v3", "4h"): ROWS * 15 / 4,
        ("v4", "4h"): ROWS / 4,
    }


def _inference(**columns: str) -> dict[str, Any]:
    inference: dict[str, Any] = local_spec_document()["spec"]["inference"]
    return {"inference": {**inference, "columns": {**inference["columns"], **columns}}}


def test_each_role_of_a_version_has_profiles_of_its_own(tmp_path: Path, log: FraudLog) -> None:
    log.put_hour(0, role=np.where(np.arange(ROWS) % 4 == 0, "challenger", "champion"))
    samples = _reader(tmp_path, **_inference(role="role")).read(Attempt(NOW))
    rows = {labels[1:]: value for labels, value in _values(samples, catalogue.VERSION_ROWS).items()}
    assert rows["v3", "1h", "champion"] == ROWS * 3 / 4
    assert rows["v3", "1h", "challenger"] == ROWS / 4
    assert _rows(samples, "1h") == ROWS


def test_a_segment_that_drifts_alone_is_found(tmp_path: Path, log: FraudLog) -> None:
    calm = log.rows(1000)
    canadian = calm["country_code"].to_numpy(zero_copy_only=False) == "CA"
    log.put_hour(0, age=calm["age"].to_numpy() + np.where(canadian, 40, 0))
    reader = _reader(tmp_path, segments=["country_code"], limits={"segments": 3})
    samples = reader.read(Attempt(NOW))
    drifted = {
        labels[-1]: value for labels, value in _values(samples, catalogue.FEATURE_DRIFTED).items() if "age" in labels
    }
    segments = [label for label in drifted if "=" in label]
    assert len(segments) == 3
    assert drifted["country_code=CA"] == 1
    assert [drifted[segment] for segment in segments] == [segment == "country_code=CA" for segment in segments]
    assert _values(samples, catalogue.SERIES_LIMITED)["fraud", catalogue.SEGMENT] > 0
    assert reader.problems == {}
    again = _reader(tmp_path, segments=["country_code"], limits={"segments": 3})
    assert again.read(Attempt(NOW)) == samples
    assert again.record.built == 0


def test_other_segments_are_other_profiles(tmp_path: Path, log: FraudLog) -> None:
    _reader(tmp_path, segments=["country_code"]).read(Attempt(NOW))
    reader = _reader(tmp_path, segments=["country_code"], limits={"segments": 2})
    samples = reader.read(Attempt(NOW))
    assert reader.record.built == 4
    shown = {labels[-1] for labels in _values(samples, catalogue.VERSION_ROWS) if "=" in labels[-1]}
    assert len(shown) == 2


@pytest.mark.parametrize("content", [None, b"not parquet"])
def test_without_a_reference_the_refresh_fails_with_the_reason(
    tmp_path: Path, log: FraudLog, content: bytes | None
) -> None:
    path = tmp_path / REFERENCE_KEY
    path.unlink()
    if content:
        path.write_bytes(content)
    with pytest.raises(RefreshFailed, match=path.name) as failure:
        _reader(tmp_path).read(Attempt(NOW))
    assert failure.value.stage == "reference"


def test_a_reference_without_any_of_the_features_fails(tmp_path: Path, log: FraudLog) -> None:
    log.put(REFERENCE_KEY, pa.table({"height": [1.0]}))
    with pytest.raises(RefreshFailed, match="no such column"):
        _reader(tmp_path).read(Attempt(NOW))


def test_a_rewritten_reference_is_read_again(tmp_path: Path, log: FraudLog) -> None:
    reader = _reader(tmp_path)
    before = _values(reader.read(Attempt(NOW)), catalogue.PREDICTION_MEAN_REFERENCE)
    log.put(REFERENCE_KEY, log.rows(2, 5_000))
    after = _values(reader.read(Attempt(NOW)), catalogue.PREDICTION_MEAN_REFERENCE)
    assert before.keys() == after.keys()
    assert before != after


def test_after_the_timeout_finished_profiles_are_stored(tmp_path: Path, log: FraudLog) -> None:
    reader, steps = _reader(tmp_path), []
    attempt = Attempt(NOW, lambda: len(steps) >= 3, lambda done, total: steps.append((done, total)))
    with pytest.raises(RefreshFailed, match="3 of 4 partitions") as failure:
        reader.read(attempt)
    assert failure.value.stage == "read"
    assert steps == [(1, 4), (2, 4), (3, 4)]
    reader.read(Attempt(NOW))
    assert reader.record.built == 4


def test_an_empty_log_gives_no_scores_and_zero_rows(tmp_path: Path) -> None:
    FraudLog.in_folder(tmp_path, NOW).put_all(0)
    samples = _reader(tmp_path).read(Attempt(NOW))
    assert (_rows(samples, "1h"), _rows(samples, "4h")) == (0, 0)
    metrics = {sample.metric for sample in samples}
    calendar = {metric for metric in catalogue.METRICS if metric.key.startswith("calendar_")}
    window = {catalogue.WINDOW_ROWS, catalogue.WINDOW_END_TIMESTAMP_SECONDS, catalogue.WINDOW_DAY_OF_WEEK}
    assert metrics == window | calendar | {catalogue.SERIES_LIMITED, catalogue.SEASON_INFO}


def test_its_own_samples_count_profiles_and_bytes(tmp_path: Path, log: FraudLog) -> None:
    reader = _reader(tmp_path)
    reader.read(Attempt(NOW))
    samples = list(reader.own_samples())
    built = _values(samples, catalogue.PROFILES_BUILT_TOTAL)
    assert built == {("fraud", catalogue.INFERENCE): 4, ("fraud", "reference"): 1}
    size = sum((tmp_path / log.key(hours)).stat().st_size for hours in range(4))
    assert _values(samples, catalogue.SOURCE_READ_BYTES_TOTAL)["fraud", catalogue.INFERENCE] == size
