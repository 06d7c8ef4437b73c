"""Ids as hashes: the same however they are stored."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.labels.ids import Ids, hashed, last_of_each, without_any
from exporter.profiles.columns import ColumnMismatch

ids_in_reach = st.sampled_from([0, 1, 2, 2**40, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1])
"""Ids of which some differ in their last bits alone."""


def test_an_id_is_the_same_however_it_is_stored() -> None:
    columns = [
        pa.array([7, 8]),
        pa.array([7.0, 8.0]),
        pa.array(["7", "8"]),
        pa.array([Decimal(7), Decimal("8.0")]),
        pa.array(["7", "8"]).dictionary_encode(),
    ]
    hashes = {tuple(hashed(pa.chunked_array([column]))[0].tolist()) for column in columns}
    assert hashes == {(12279063648271707605, 5746360389677295931)}, "they are kept on disk: they may not change"


def test_a_null_has_no_id_and_an_empty_text_has_one() -> None:
    assert hashed(pa.chunked_array([["a", None, ""]]))[1].tolist() == [True, False, True]


def test_nested_values_are_no_ids() -> None:
    with pytest.raises(ColumnMismatch, match="a category was expected"):
        hashed(pa.chunked_array([[[1]]]))


def test_the_last_row_of_each_id_in_the_order_of_the_ids() -> None:
    assert last_of_each(np.array([7, 3, 7, 5, 3], np.uint64)).tolist() == [4, 3, 2]
    assert last_of_each(np.array([], np.uint64)).tolist() == []


@settings(max_examples=30)
@given(st.lists(st.sets(ids_in_reach, max_size=6), max_size=5), st.sets(ids_in_reach, max_size=6))
def test_parts_without_any_of_some_ids_are_those_with_no_id_in_common(parts: list[set[int]], ids: set[int]) -> None:
    def increasing(numbers: set[int]) -> Ids:
        return np.array(sorted(numbers), np.uint64)

    found = without_any(((place, increasing(part)) for place, part in enumerate(parts)), increasing(ids))
    assert found == {place for place, part in enumerate(parts) if not part & ids}
