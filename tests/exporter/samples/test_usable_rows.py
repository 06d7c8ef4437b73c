"""The share of the rows of a log that can be joined, in the newest windows."""

from __future__ import annotations

from datetime import timedelta

from exporter import catalogue
from exporter.samples.usable_rows import UsableRows, usable_rows, usable_samples
from window_samples import END, make_spec

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RATIO, LEVEL = catalogue.LOG_USABLE_RATIO, catalogue.LOG_USABLE_RATIO_THRESHOLD


def test_repeated_predictions_and_old_labels_are_usable() -> None:
    left_out = {"prediction_repeated": 2, "prediction_without_id": 3, "prediction_without_score": 5}
    assert usable_rows(10, left_out) == UsableRows(12, 20)
    assert usable_rows(1, {"older_than_look_back": 4, "without_id": 2, "without_value": 3}) == UsableRows(5, 10)
    assert usable_rows(0, {"unusable_column": 7}) == UsableRows(0, 7)
    assert usable_rows(0, {}) == UsableRows(0, 0)


def shares(rows: dict[int, UsableRows], grain: timedelta = HOUR) -> dict[tuple[catalogue.Metric, str], float]:
    """The values by window; rows by the hours before the end at which their partition starts."""
    spec = make_spec(min_rows=10, windows=["1h", "24h"])
    partitions = {END - hours * HOUR: each for hours, each in rows.items()}
    samples = list(usable_samples(spec, "labels", partitions, grain, END))
    assert {sample.labels[:2] for sample in samples} <= {(spec.name, "labels")}
    return {(sample.metric, sample.labels[2]): sample.value for sample in samples}


def test_a_window_has_the_rows_of_its_partitions() -> None:
    rows = {25: UsableRows(0, 100), 24: UsableRows(10, 30), 1: UsableRows(5, 10), 0: UsableRows(0, 100)}
    assert shares(rows) == {
        (RATIO, "1h"): 0.5,
        (LEVEL, "1h"): 0.8,
        (RATIO, "24h"): 0.375,
        (LEVEL, "24h"): 0.8,
    }


def test_a_window_shorter_than_a_partition_has_the_newest() -> None:
    assert shares({24: UsableRows(5, 20), 48: UsableRows(0, 20)}, DAY)[RATIO, "1h"] == 0.25


def test_few_rows_have_no_threshold_and_no_rows_no_share() -> None:
    assert shares({1: UsableRows(0, 9)}) == {(RATIO, "1h"): 0.0, (RATIO, "24h"): 0.0}
    assert shares({1: UsableRows(0, 0)}) == shares({}) == {}
