from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.validation.checks.labels import balance_findings, class_findings, value_counts, value_findings
from exporter.validation.finding import Place
from sampled import brief, spec, texts

LABELS = {"source": {"local": "l/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "request_id", "label": "y"}}
PLACE = Place("labels", "spec.labels.columns.label", "is_fraud")


def findings(values: list[Any], *, refused: bool = False, invalid: int = 0, **body: Any) -> list[Any]:
    pieces = [pa.chunked_array([pa.array(values)])]
    return list(value_findings(spec(**body).spec, PLACE, pieces, refused=refused, invalid=invalid))


def test_the_values_are_a_note_with_their_shares() -> None:
    found = findings([True] * 3 + [False] * 97)
    assert brief(found) == ["note label_values is_fraud"]
    assert found[0].message == '100 labels: "false" (97 %), "true" (3 %)'


def test_texts_that_the_exporter_refuses_are_an_error_with_the_values() -> None:
    found = findings(["fraud"] * 10 + ["legit"] * 90, refused=True)
    assert brief(found) == ["error label_type is_fraud"]
    assert 'labels are string, with the values "legit" (90 %), "fraud" (10 %); write 0 and 1' in texts(found)


def test_labels_other_than_0_and_1_are_a_warning_however_few() -> None:
    found = findings([1] * 999 + [2], invalid=1)
    assert brief(found) == ["warning labels_invalid is_fraud"]
    assert 'less than 1 % of 1000 labels cannot be used, 0 of them null; there are "1" (99 %), "2" (less' in texts(
        found
    )
    assert brief(findings([1, 0] * 400 + [None] * 200, invalid=200)) == ["error labels_invalid is_fraud"]
    assert brief(findings([1, 0] * 499 + [None] * 2, invalid=2)) == ["note labels_invalid is_fraud"]


def test_labels_of_one_value_are_a_warning_where_there_are_enough() -> None:
    other = {"task": "regression", "labels": LABELS}
    assert brief(findings([1] * 30, **other)) == ["warning label_one_value is_fraud"]
    assert brief(findings([1] * 29, **other)) == ["note label_values is_fraud"]
    assert brief(findings([1] * 30)) == ["note label_values is_fraud"]  # it depends on the scores
    assert findings([None, None]) == []


def test_many_values_are_not_listed() -> None:
    assert findings([number / 7 for number in range(100)]) == []


def test_labels_of_classes_that_are_never_predicted_are_an_error() -> None:
    predicted = [pa.chunked_array([pa.array(["cat", "dog"] * 20)])]
    found = list(class_findings(PLACE, [pa.chunked_array([pa.array([0, 1] * 20)])], predicted))
    assert brief(found) == ["error label_classes is_fraud"]
    assert '100 % of the labels are no class that was predicted: "0", "1", while predictions are "cat", "dog"' in texts(
        found
    )
    assert list(class_findings(PLACE, predicted, predicted)) == []


@pytest.mark.parametrize(
    ("positive", "score", "found"),
    [
        (0.97, 0.03, "label_balance"),
        (0.03, 0.97, "label_balance"),
        (0.5, 0.0, "label_balance"),
        (0.03, 0.4, ""),
        (0.97, 30.0, ""),  # no probability, which is another finding
        (0, 0.101, "label_one_value"),  # 10 of 100 should be positive
        (0, 0.09, ""),
        (1, 0.899, "label_one_value"),
    ],
)
def test_labels_are_compared_with_what_scores_say(positive: float, score: float, found: str) -> None:
    labels = np.arange(100) < 100 * positive
    findings = list(balance_findings(PLACE, labels.astype(float), np.full(100, score)))
    assert brief(findings) == ([f"warning {found} is_fraud"] if found else [])
    assert list(balance_findings(PLACE, labels[:29].astype(float), np.full(100, score))) == []


def test_values_of_pieces_with_other_types_are_counted_together() -> None:
    pieces = [pa.chunked_array([pa.array([1, 2])]), pa.chunked_array([pa.array(["1"])])]
    assert value_counts(pieces) == {"1": 2, "2": 1}
    assert value_counts([pa.chunked_array([pa.array([[1]])])]) == {}
