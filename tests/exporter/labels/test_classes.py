"""Classes as numbers: the same for the same class, however and wherever it is stored."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.labels.classes import MAX_CLASSES, class_keys, classes, frequent_names
from exporter.profiles.values import value_of


@pytest.mark.parametrize(
    "column",
    [[7, 8], [7.0, 8.0], ["7", "8"], [Decimal(7), Decimal("8.0")], ["7.0", "8.00"]],
    ids=["whole", "float", "text", "decimal", "float as text"],
)
def test_a_class_is_the_same_however_it_is_stored(column: list[object]) -> None:
    keys, rows = classes(pa.chunked_array([pa.array(column)]))
    hashes = (12279063648271707605, 5746360389677295931)  # those of ids, in test_predictions.py
    assert keys.tolist() == [hash_ % 2**53 for hash_ in hashes], "they are kept on disk: they may not change"
    assert set(map(value_of, rows)) == {"7", "8"}


def test_a_truth_is_a_class_of_0_and_1() -> None:
    columns = [[True, False], ["True", "false"], [1, 0], ["1.0", "0"]]
    assert {tuple(classes(pa.chunked_array([column]))[0]) for column in columns} == {tuple(class_keys(["1", "0"]))}


def test_a_row_without_a_class_has_no_key() -> None:
    keys, rows = classes(pa.chunked_array([pa.array(["dog", None, "dog"])]))
    assert np.isnan(keys).tolist() == [False, True, False]
    assert rows == {"dog": 2}


@given(st.lists(st.text(), unique=True))
def test_keys_are_whole_numbers_and_distinct(names: list[str]) -> None:
    keys = class_keys(names).tolist()
    assert len(set(keys)) == len({value_of(name) for name in names})
    assert all(0 <= key < 2**53 and key.is_integer() for key in keys)


def test_the_most_frequent_are_named() -> None:
    assert frequent_names([{"b": 1}, {"a": 2, "b": 2}]) == ("a", "b")
    many = {f"c{place:04}": place for place in range(MAX_CLASSES + 5)}
    assert frequent_names([many]) == tuple(sorted(many))[5:]
