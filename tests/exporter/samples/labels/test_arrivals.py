from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from exporter import catalogue
from exporter.samples.labels.arrivals import Silence, arrival_samples, silence
from exporter.spec.model import ModelSpec
from fraud_log import labelled_spec_document

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, tzinfo=UTC)


def at(*hours: int, rows: int = 7) -> dict[datetime, int]:
    return {START + hour * HOUR: rows for hour in hours}


def test_silence_is_counted_from_the_newest_partition_with_rows() -> None:
    rows = at(0, 1, 5, 6) | at(7, 8, rows=0)
    assert silence(rows, HOUR, START + 9 * HOUR, None) == Silence(2 * HOUR, 3 * HOUR)


def test_labels_in_the_newest_partition_are_no_silence() -> None:
    assert silence(at(0), HOUR, START + HOUR, None) == Silence(timedelta(), timedelta())


def test_without_labels_silence_is_counted_from_when_they_are_due() -> None:
    assert silence({}, HOUR, START + 9 * HOUR, START + 4 * HOUR) == Silence(5 * HOUR, timedelta())
    assert silence({}, HOUR, START + 9 * HOUR, START + 10 * HOUR) is None
    assert silence(at(3, rows=0), HOUR, START + 9 * HOUR, None) is None


@pytest.mark.parametrize(
    ("longest", "floor", "level"),
    [(timedelta(), {}, 24 * HOUR), (60 * HOUR, {}, 120 * HOUR), (HOUR, {"label_silence": "3h"}, 3 * HOUR)],
    ids=["a day", "twice the longest", "the spec's"],
)
def test_the_threshold_is_the_floor_or_twice_the_longest_silence(
    longest: timedelta, floor: dict[str, str], level: timedelta
) -> None:
    spec = ModelSpec.model_validate(labelled_spec_document(thresholds=floor))
    found = {one.metric: one.value for one in arrival_samples(spec, Silence(5 * HOUR, longest))}
    assert found == {
        catalogue.LABEL_SILENCE_SECONDS: 5 * 3600,
        catalogue.LABEL_SILENCE_SECONDS_THRESHOLD: level.total_seconds(),
    }


def test_an_unknown_silence_has_no_samples() -> None:
    spec = ModelSpec.model_validate(labelled_spec_document())
    assert list(arrival_samples(spec, None)) == []
