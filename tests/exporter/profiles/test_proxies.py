"""The sums from which ratios of columns are computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.proxies import ratio_selection, sum_moments
from exporter.sources.source import Batch
from exporter.spec.sections.proxies import ColumnRatio
from exporter.store.profiles import Key, ProfileStore
from exporter.store.proxies import load_sums, save_sums

CLICKS = ColumnRatio(numerator="clicks", denominator="shown")
RATE = ColumnRatio(numerator="clicks")
REVIEWS = ColumnRatio(numerator="decision", equals="review")


def batch(**columns: Any) -> Batch:
    table = pa.table(columns)
    return Batch(table, first=True, schema=table.schema)


def test_a_ratio_is_six_sums() -> None:
    sums, problems = sum_moments([batch(clicks=[1, 0, 2], shown=[4, 5, 6])], [CLICKS])
    assert sums.tolist() == [[3, 3, 15, 5, 1 * 4 + 2 * 6, 16 + 25 + 36]]
    assert problems == {}


def test_without_a_denominator_rows_divide() -> None:
    assert sum_moments([batch(clicks=[True, False, True])], [RATE])[0].tolist() == [[3, 2, 3, 2, 2, 3]]


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_rows_of_a_value_are_counted_and_nulls_are_not(kind: pa.DataType) -> None:
    decision = pa.array(["review", None, "approve", "review"], pa.string()).cast(kind)
    assert sum_moments([batch(decision=decision)], [REVIEWS])[0].tolist() == [[3, 2, 3, 2, 2, 3]]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ([True, False, None, True], "True"),
        ([1, 2, None, 1], "1.0"),
        ([1.0, 2.0, None, 1.0], "1"),
        (["1.0", "2", None, "true"], "1"),
        ([True, False, None, True], "1"),
    ],
)
def test_values_are_compared_and_not_texts(column: list[object], value: str) -> None:
    ratio = ColumnRatio(numerator="decision", equals=value)
    assert sum_moments([batch(decision=column)], [ratio])[0].tolist() == [[3, 2, 3, 2, 2, 3]]


def test_a_value_may_be_a_number() -> None:
    codes = ColumnRatio(numerator="code", equals="7", denominator="weight")
    assert sum_moments([batch(code=[7, 8, 7], weight=[2.0, 2.0, 1.0])], [codes])[0][0, :3].tolist() == [3, 2, 5]


def test_rows_without_numerator_or_denominator_are_left_out() -> None:
    rows = batch(clicks=[1.0, None, np.nan, 1.0, np.inf], shown=[2, 3, 4, None, 5])
    assert sum_moments([rows], [CLICKS])[0].tolist() == [[1, 1, 2, 1, 2, 4]]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (batch(clicks=[1]), "the column shown is missing"),
        (batch(clicks=["many"], shown=[1]), "the column is string, a number was expected"),
        (batch(clicks=[1], shown=[[1]]), "the column is list<item: int64>, a number was expected"),
    ],
)
def test_an_unusable_column_affects_only_its_own_ratios(rows: Batch, why: str) -> None:
    bad, other = batch(decision=["review"], **columns(rows)), batch(clicks=[1], shown=[1], decision=["review"])
    sums, problems = sum_moments([bad], [CLICKS, REVIEWS])
    assert np.isnan(sums[0]).all()
    assert (sums[1].tolist(), problems) == ([1, 1, 1, 1, 1, 1], {0: why})
    for batches in ([bad, other], [other, bad]):  # a file costs only its own rows
        sums, problems = sum_moments(batches, [CLICKS, REVIEWS])
        assert (sums.tolist(), problems) == ([[1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2]], {0: why})


def columns(rows: Batch) -> dict[str, Any]:
    return {name: rows.table.column(name) for name in rows.table.column_names}


def test_without_rows_all_sums_are_zero() -> None:
    assert sum_moments([], [CLICKS])[0].tolist() == [[0] * 6]


def test_columns_are_read_together_and_once() -> None:
    wanted = ratio_selection([CLICKS, RATE, REVIEWS])
    assert wanted.keys == ("clicks", "shown", "decision")
    assert wanted.numbers == {"clicks", "shown"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=40), st.integers(0, 40))
def test_it_does_not_matter_how_rows_are_cut(rows: list[tuple[int, int]], at: int) -> None:
    x, y = map(list, zip(*rows, strict=True))
    whole, _ = sum_moments([batch(clicks=x, shown=y)], [CLICKS])
    parts, _ = sum_moments([batch(clicks=x[cut], shown=y[cut]) for cut in (slice(at), slice(at, None))], [CLICKS])
    assert whole.tolist() == parts.tolist()


def test_sums_are_saved_exactly(tmp_path: Path) -> None:
    store, key = ProfileStore(tmp_path), Key("fraud/proxy-columns", "sums", ("x",))
    sums = {"b": np.arange(12.0).reshape(2, 6), "a": np.full((2, 6), np.nan)}
    assert load_sums(store, key, 2) == {}
    save_sums(store, key, sums)
    kept = load_sums(store, key, 2)
    assert kept.keys() == sums.keys()
    for name, values in sums.items():
        np.testing.assert_array_equal(kept[name], values)
