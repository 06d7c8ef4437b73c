"""A result written by hand, and its profile."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.sql.groups import ROW, GroupBy, Key
from exporter.sql.result import RowGroup, profiles_of_results
from exporter.sql.statement import KNOWN, NAMED, NAMELESS, NULL, profile_query

BINNING = Binning(
    (NumericBins("age", np.array([1.0, 2.0]), np.array([1]), 0.0), CategoricalBins("country", ("DE", "FR")))
)
TYPES = {"age": "FLOAT64", "country": "STRING"}
NOTHING = {"name": None, "total": None, "squares": None, "low": None, "high": None}


def _row(feature: int, cell: int, n: int, **measures: object) -> dict[str, object]:
    return {**NOTHING, "feature": feature, "cell": cell, "n": n, **measures}


def test_cells_are_spread_over_the_profile() -> None:
    query = profile_query(TYPES, BINNING, GroupBy())
    # three bins, then null, NaN, -inf, +inf: the middle bin has no row
    result = [
        _row(ROW, 0, 10),
        _row(0, 0, 2, total=1.5, squares=1.25, low=-0.0, high=1.0),
        _row(0, 2, 1, total=np.inf, squares=7.75, low=5.0, high=5.0),
        _row(0, 3, 4),
        _row(0, 6, 3),
        _row(1, NULL, 1),
        *(_row(1, KNOWN, 2, name="FR"), _row(1, NAMED, 3, name="IT"), _row(1, NAMED, 1, name="ES")),
        _row(1, NAMELESS, 3),
    ]
    ((group, profile),) = profiles_of_results([pa.Table.from_pylist(result)], query).items()
    assert (group, profile.rows) == (RowGroup(), 10)
    np.testing.assert_array_equal(profile.counts, [2, 0, 1, 4, 0, 0, 3, 0, 2, 7, 1])
    np.testing.assert_array_equal(profile.sums[:3], [1.5, 0, np.inf])
    assert (profile.squares.tolist(), profile.lows.tolist(), profile.highs.tolist()) == ([9.0], [0.0], [5.0])
    assert not np.signbit(profile.lows[0])
    assert profile.novel == {"country": {"IT": 3, "ES": 1}}


def test_rows_are_counted_by_the_first_of_several_statements() -> None:
    query = profile_query(TYPES, BINNING, GroupBy(), fits=lambda statement: False)
    assert len(query.statements) == 2
    results = [[_row(ROW, 0, 2), _row(0, 3, 2)], [_row(ROW, 0, 2), _row(1, NULL, 2)]]
    (profile,) = profiles_of_results(map(pa.Table.from_pylist, results), query).values()
    assert (profile.rows, profile.counts.tolist()) == (2, [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2])


def test_a_column_without_a_finite_value_has_no_extremes() -> None:
    result = pa.Table.from_pylist([_row(0, 3, 4)])
    (profile,) = profiles_of_results([result], profile_query(TYPES, BINNING, GroupBy())).values()
    assert (profile.lows.tolist(), profile.highs.tolist()) == ([np.inf], [-np.inf])


def test_groups_with_equal_names_are_one() -> None:
    key = Key("age", "`age`", lambda text: str(int(float(text))), missing="unknown", most=9)
    query = profile_query(TYPES, BINNING, GroupBy((key,)))
    result = [{"key0": text, **_row(ROW, 0, 2)} for text in ("7", "7.0", "unknown", "other")]
    profiles = profiles_of_results([pa.Table.from_pylist(result)], query)
    assert {group: profile.rows for group, profile in profiles.items()} == {
        RowGroup(("7",)): 4,
        RowGroup(("unknown",)): 2,
        RowGroup(("other",)): 2,
    }


def test_without_rows_there_is_no_group() -> None:
    assert profiles_of_results([pa.table({})], profile_query(TYPES, BINNING, GroupBy())) == {}
