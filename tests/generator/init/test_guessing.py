from __future__ import annotations

from generator.init.data_sets import DataSet, Found
from generator.init.guessing import guess, has_word, is_usable
from generator.init.log_columns import Column, Kind

LOG = (
    Column("score", Kind.NUMBER, "double", 1000, 990, 0.01, 0.99),
    Column("decision", Kind.TEXT, "string", 1000, 3),
)
LABELS = (Column("request_id", Kind.TEXT, "string", 9, 9), Column("is_fraud", Kind.TEXT, "bool", 9, 2))


def test_labels_of_two_values_are_of_two_classes_however_many_decisions_there_are() -> None:
    log, labels = DataSet(("log.parquet",), LOG), DataSet(("labels.parquet",), LABELS)
    assert guess(Found(log)).task == "multiclass_classification"
    assert guess(Found(log, labels)).task == "binary_classification"
    assert guess(Found(log, None, DataSet(("train.parquet",), LABELS))).task == "binary_classification"


def test_a_label_log_needs_an_id_and_another_column() -> None:
    log = DataSet(("log.parquet",), LOG)
    assert guess(Found(log, DataSet(("l.parquet",), LABELS[:1]))).labels == {}
    assert guess(Found(log, DataSet(("l.parquet",), LABELS[1:]))).labels == {}
    assert guess(Found(log, DataSet(("l.parquet",), LABELS))).labels == {
        "prediction_id": "request_id",
        "label": "is_fraud",
    }


def test_words_and_names() -> None:
    assert has_word("model_ver", "version|ver")
    assert not has_word("verdict", "version|ver")
    assert [is_usable(name) for name in ("a", "", "a\n", "a\u2028", "x" * 1001)] == [True, *[False] * 4]
