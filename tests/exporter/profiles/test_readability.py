"""Which columns are watched, and from which files they can be read: exactly those from which the kernel counts them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.readability import Use, Watched, unreadable_columns, watched_columns
from exporter.profiles.times import instants
from exporter.spec.model import ModelSpec
from fraud_log import local_spec_document

COLUMNS = {
    "float": pa.array([1.5]),
    "half": pa.array([1.5], pa.float32()),
    "integer": pa.array([1]),
    "decimal": pa.array([Decimal("1.5")]),
    "boolean": pa.array([True]),
    "null": pa.nulls(1),
    "text": pa.array(["2026-01-02T00:00:00Z"]),
    "large text": pa.array(["2026-01-02T00:00:00Z"], pa.large_string()),
    "text view": pa.array(["2026-01-02T00:00:00Z"], pa.string_view()),
    "dictionary": pa.array(["2026-01-02T00:00:00Z"]).dictionary_encode(),
    "numbers by dictionary": pa.array([1.5]).dictionary_encode(),
    "date": pa.array([date(2026, 1, 2)]),
    "timestamp": pa.array([datetime(2026, 1, 2, tzinfo=UTC)]),
    "time": pa.array([time(1)]),
    "bytes": pa.array([b"\xff"]),
    "uuid": pa.array([bytes(16)], pa.binary(16)),
    "list": pa.array([[1.0]]),
    "struct": pa.array([{"a": 1.0}]),
}
READ: dict[Use, Callable[[pa.ChunkedArray], object]] = {
    Use.NUMBER: numeric_values,
    Use.CATEGORY: category_codes,
    Use.TIME: instants,
}


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
def test_a_type_is_readable_when_its_values_can_be_read(column: pa.Array, use: Use) -> None:
    try:
        READ[use](pa.chunked_array([column]))
        expected: list[str] = []
    except ColumnMismatch:
        expected = ["x"]
    assert unreadable_columns(pa.schema({"x": column.type}), [Watched("x", use)]) == expected


def test_an_extension_type_is_not_readable() -> None:
    schema = pa.schema({"id": pa.uuid()})
    assert unreadable_columns(schema, [Watched("id", Use.CATEGORY)]) == ["id"]


def test_a_missing_a_repeated_and_a_twofold_column_are_not_readable_and_named_once() -> None:
    schema = pa.schema([("x", pa.int64()), ("twice", pa.int64()), ("twice", pa.int64()), ("text", pa.string())])
    watched = [
        Watched("x", Use.NUMBER),
        Watched("x", Use.CATEGORY),
        Watched("twice", Use.NUMBER),
        Watched("gone", Use.NUMBER),
        Watched("gone", Use.CATEGORY),
        Watched("text", Use.CATEGORY),
        Watched("text", Use.NUMBER),
    ]
    assert unreadable_columns(schema, watched) == ["twice", "gone", "text"]


def test_every_column_that_the_spec_names_is_watched() -> None:
    document = local_spec_document(
        features=[{"name": "age", "type": "numeric"}, {"name": "country", "type": "categorical"}], segments=["country"]
    )
    document["spec"]["inference"]["columns"] = {
        "timestamp": "at",
        "prediction_id": "id",
        "model_version": "version",
        "score": "score",
        "prediction": "decision",
        "role": "role",
    }
    assert watched_columns(ModelSpec.model_validate(document).spec) == (
        Watched("age", Use.NUMBER),
        Watched("country", Use.CATEGORY),
        Watched("score", Use.NUMBER),
        Watched("decision", Use.CATEGORY),
        Watched("version", Use.CATEGORY),
        Watched("role", Use.CATEGORY),
        Watched("id", Use.CATEGORY),
        Watched("at", Use.TIME),
    )


def test_the_columns_of_proxies_are_watched() -> None:
    ratios = [
        {"name": "clicks", "ratio": {"numerator": "clicks", "denominator": "shown"}},
        {"name": "reviews", "ratio": {"numerator": "decision", "equals": "review"}},
    ]
    document = local_spec_document(proxies=ratios)
    assert watched_columns(ModelSpec.model_validate(document).spec)[-3:] == (
        Watched("clicks", Use.NUMBER),
        Watched("shown", Use.NUMBER),
        Watched("decision", Use.CATEGORY),
    )


def test_the_scores_of_classes_and_the_lists_of_a_ranking_are_watched() -> None:
    document = local_spec_document(task="multiclass_classification")
    document["spec"]["inference"]["columns"] = {"scores": {"a": "p_a", "b": "p_b"}}
    scores = watched_columns(ModelSpec.model_validate(document).spec)[-2:]
    assert scores == (Watched("p_a", Use.NUMBER), Watched("p_b", Use.NUMBER))
    document = local_spec_document(task="ranking")
    document["spec"]["inference"]["columns"] = {"score": "score", "query": "list"}
    assert watched_columns(ModelSpec.model_validate(document).spec)[-1] == Watched("list", Use.CATEGORY)
