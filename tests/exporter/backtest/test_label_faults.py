"""Faults of labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from examples import model
from exporter.backtest.injection import LABEL_KINDS, FaultKind, Injection, InjectionRequest
from exporter.backtest.label_faults import label_injections
from exporter.errors import UsageError
from exporter.sources.source import Batch

MIDDLE = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
LABELS = {"source": {"local": "labels/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "is_fraud"}}


def _faults(text: str, **body: object) -> list[Injection]:
    return label_injections(InjectionRequest.parse(text), model(**body).spec.spec, MIDDLE)


def _applied(fault: Injection, values: list[object]) -> list[object]:
    table = pa.table({"id": [f"r{number}" for number in range(len(values))], "is_fraud": pa.array(values)})
    applied = fault.apply(Batch(table, first=True, schema=table.schema)).table
    return list(zip(applied["id"].to_pylist(), applied["is_fraud"].to_pylist(), strict=True))


def test_all_faults_fit_a_binary_classifier() -> None:
    faults = _faults("all")
    assert [fault.kind for fault in faults] == list(LABEL_KINDS)
    body = model().spec.spec
    assert body.labels is not None
    assert {fault.column for fault in faults} == {body.labels.columns.label}
    assert {fault.matures for fault in faults} == {body.labels.maturity + max(body.alert_windows)}
    assert all(fault.of_labels for fault in faults)


def test_a_request_for_a_feature_is_none_for_labels() -> None:
    assert _faults("all:age") == []
    assert _faults("shift") == []


def test_without_labels_their_faults_are_refused() -> None:
    with pytest.raises(UsageError, match="stop is a fault of labels; the model has none"):
        _faults("stop", labels=None, slos=[])
    assert _faults("all", labels=None, slos=[]) == []
    with pytest.raises(UsageError, match="flip is a fault of labels; age has none"):
        _faults("flip:age")


@pytest.mark.parametrize("values", [[1, 0, None], [True, False, None], ["1", "0", None]])
def test_flipped_labels_are_the_others(values: list[object]) -> None:
    (fault,) = _faults("flip", labels=LABELS)
    assert _applied(fault, values) == [("r0", 0.0), ("r1", 1.0), ("r2", None)]


def test_named_labels_are_flipped_to_a_positive_one_or_another() -> None:
    (fault,) = _faults("flip", labels={**LABELS, "positive": ["fraud"]})
    assert _applied(fault, ["fraud", "fine", None]) == [("r0", "not fraud"), ("r1", "fraud"), ("r2", None)]


def test_only_positive_labels_come() -> None:
    (fault,) = _faults("positives", labels=LABELS)
    assert _applied(fault, [1, 0, None, 1]) == [("r0", 1), ("r3", 1)]


def test_of_another_concept_outcomes_are_those_of_other_predictions() -> None:
    (fault,) = _faults("concept", labels=LABELS)
    assert [value for _, value in _applied(fault, [1, 0, 0, 0])] == [0, 0, 1, 0]
    assert _applied(fault, []) == []


def test_labels_that_stop_come_never_and_late_ones_when_predictions_are_mature() -> None:
    (stopped,) = _faults("stop@2026-11-20T00:00Z", labels=LABELS)
    (late,) = _faults("late@2026-11-20T00:00Z", labels={**LABELS, "maturity": "2d"})
    assert stopped.origin(MIDDLE - HOUR) == late.origin(MIDDLE - HOUR) == MIDDLE - HOUR
    assert [stopped.origin(MIDDLE + day * 24 * HOUR) for day in range(4)] == [None] * 4
    assert [late.origin(MIDDLE + day * 24 * HOUR) for day in range(4)] == [None, None, MIDDLE, MIDDLE + 24 * HOUR]


def test_labels_of_a_regression_have_no_positives() -> None:
    regression = {"task": "regression", "labels": LABELS, "slos": []}
    assert [fault.kind for fault in _faults("all", **regression)] == [
        FaultKind.STOP,
        FaultKind.LATE,
        FaultKind.CONCEPT,
    ]
    with pytest.raises(UsageError, match="flip does not fit the labels of a regression"):
        _faults("flip", **regression)
