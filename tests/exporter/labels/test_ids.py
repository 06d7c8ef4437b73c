"""Ids as hashes: the same however they are stored."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from exporter.labels.ids import hashed, last_of_each
from exporter.profiles.columns import ColumnMismatch


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
