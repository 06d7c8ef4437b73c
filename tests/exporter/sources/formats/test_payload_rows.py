from __future__ import annotations

import base64
from typing import Any

import pytest

from exporter.sources.formats.payload_rows import (
    PayloadMismatch,
    captured_values,
    one_value_a_row,
    record_row,
    record_rows,
    tensor_rows,
)


def test_a_row_is_an_object_a_list_or_a_value() -> None:
    assert record_row({"b": 1}, "request", ("a",)) == {"b": 1}
    assert record_row([1, 2], "request", ("a", "b")) == {"a": 1, "b": 2}
    assert record_row(1, "request", ("a",)) == {"a": 1}
    assert record_rows([[1], 2], "response", ()) == [{"response[0]": 1}, {"response[0]": 2}]


def test_another_number_of_values_than_names_is_refused() -> None:
    with pytest.raises(PayloadMismatch, match=r"^a row of its request has 1 values, and the spec names 2$"):
        record_rows([[1, 2], [1]], "request", ("a", "b"))


def test_tensors_have_their_own_names_or_those_of_the_spec() -> None:
    tensors = [{"name": "x", "shape": [2, 2], "data": [1, 2, 3, 4]}, {"name": "y", "shape": [2], "data": [5, 6]}]
    assert tensor_rows(tensors, "request", ())[1] == {"x[0]": 3, "x[1]": 4, "y": 6}
    assert tensor_rows(tensors, "request", ("a", "b", "c"))[1] == {"a": 3, "b": 4, "c": 6}
    with pytest.raises(PayloadMismatch, match=r"^a row of its request has 3 values, and the spec names 1$"):
        tensor_rows(tensors, "request", ("a",))


@pytest.mark.parametrize(
    ("data", "kind", "encoding", "values"),
    [
        ("1,a\n,b\n", "text/csv", "CSV", [["1", "a"], [None, "b"]]),
        ('"1,5",a', "", "CSV", [["1,5", "a"]]),
        (base64.b64encode(b"1,a").decode(), "text/csv", "BASE64", [["1", "a"]]),
        ('{"instances": [[1], [2]]}', "application/json", "JSON", [[1], [2]]),
        ('{"age": 1}', "application/json", "JSON", [{"age": 1}]),
        ("[1, 2]", "application/json", "JSON", [[1, 2]]),
        ("[[1], [2]]", "application/json", "JSON", [[1], [2]]),
        ("[1]\n[2]\n", "application/jsonlines", "JSON", [[1], [2]]),
        ("0.5", "application/json", "JSON", [0.5]),
    ],
)
def test_a_captured_text_is_rows(data: str, kind: str, encoding: str, values: list[Any]) -> None:
    assert captured_values({"data": data, "observedContentType": kind, "encoding": encoding}) == values


def test_what_was_not_captured_is_none_and_what_is_no_text_is_refused() -> None:
    assert captured_values(None) is None
    with pytest.raises(ValueError, match="Expecting value"):
        captured_values({"data": "x", "encoding": "JSON"})


def test_values_of_one_line_are_rows_if_there_are_as_many() -> None:
    assert one_value_a_row([1, 2], 2) == [[1], [2]]
    assert one_value_a_row([1, 2], 3) == [[1, 2]]
    assert one_value_a_row(1, 1) == [1]
