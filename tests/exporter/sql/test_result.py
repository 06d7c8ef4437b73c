"""A result written by hand, and its profile."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.sql.groups import ROW, GroupBy, Key
from exporter.sql.result import RowGroup, profiles_of_result
from exporter.sql.statement import KNOWN, NAMED, NAMELESS, NULL, profile_query

BINNING = Binning(
    (NumericBins("age", np.array([1.0, 2.0]), np.array([1]), 0.0), CategoricalBins("country", ("DE", "FR")))
)
TYPES = {"age": "FLOAT64", "country": "STRING"}
NOTHING = {"totals": None, "names": "null", "squares": None, "low": None, "high": None}


def test_cells_are_spread_over_the_profile() -> None:
    query = profile_query(TYPES, BINNING, GroupBy())
    # three bins, then null, NaN, -inf, +inf: the middle bin has no row
    age = {"feature": 0, "cells": "[0,2,3,6]", "counts": "[2,1,4,3]", "totals": '[1.5,"Infinity"]'}
    country = {"feature": 1, "cells": f"[{NULL},{KNOWN},{NAMED},{NAMED},{NAMELESS}]", "counts": "[1,2,3,1,3]"}
    result = [
        {"feature": ROW, "cells": "[0]", "counts": "[10]", **NOTHING},
        {**NOTHING, **age, "squares": 9.0, "low": -0.0, "high": 5.0},
        {**NOTHING, **country, "names": '["FR","IT","ES"]'},
    ]
    ((group, profile),) = profiles_of_result(pa.Table.from_pylist(result), query).items()
    assert (group, profile.rows) == (RowGroup(), 10)
    np.testing.assert_array_equal(profile.counts, [2, 0, 1, 4, 0, 0, 3, 0, 2, 7, 1])
    np.testing.assert_array_equal(profile.sums[:3], [1.5, 0, np.inf])
    assert (profile.squares.tolist(), profile.lows.tolist(), profile.highs.tolist()) == ([9.0], [0.0], [5.0])
    assert not np.signbit(profile.lows[0])
    assert profile.novel == {"country": {"IT": 3, "ES": 1}}


def test_a_column_without_a_finite_value_has_no_extremes() -> None:
    result = [{"feature": 0, "cells": "[3]", "counts": "[4]", **NOTHING}]
    (profile,) = profiles_of_result(pa.Table.from_pylist(result), profile_query(TYPES, BINNING, GroupBy())).values()
    assert (profile.lows.tolist(), profile.highs.tolist()) == ([np.inf], [-np.inf])


def test_groups_with_equal_names_are_one() -> None:
    key = Key("age", "`age`", lambda text: str(int(float(text))), missing="unknown", most=9)
    query = profile_query(TYPES, BINNING, GroupBy((key,)))
    result = [
        {"key0": text, "feature": ROW, "cells": "[0]", "counts": "[2]", **NOTHING}
        for text in ("7", "7.0", "unknown", "other")
    ]
    profiles = profiles_of_result(pa.Table.from_pylist(result), query)
    assert {group: profile.rows for group, profile in profiles.items()} == {
        RowGroup(("7",)): 4,
        RowGroup(("unknown",)): 2,
        RowGroup(("other",)): 2,
    }


def test_without_rows_there_is_no_group() -> None:
    assert profiles_of_result(pa.table({}), profile_query(TYPES, BINNING, GroupBy())) == {}
