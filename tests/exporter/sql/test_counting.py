"""For the same rows, an engine gives the same profile as the kernel."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest

from engines import Engine
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins, numeric_bins
from exporter.profiles.group import Group, Segment
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.readability import Use, Watched
from exporter.sources.source import Batch, Selection
from exporter.sql.counting import count_partition
from redshift_server import RedshiftServer
from written_values import SPELLINGS

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 2)  # noqa: DTZ001 - a column without a zone
ROWS = 600


def _cycle(*values: object) -> list[object]:
    return [values[row % len(values)] for row in range(ROWS)]


def _log() -> pa.Table:
    """Rows with everything that columns bring; of three versions and none."""
    random = np.random.default_rng(1)
    amount = [
        {0: None, 1: math.nan, 2: math.inf, 3: -math.inf, 4: -0.0, 5: 1e200}.get(row % 40, float(value))
        for row, value in enumerate(random.normal(100, 50, ROWS))
    ]
    return pa.table(
        {
            "at": pa.array([START + row * timedelta(seconds=5) for row in range(ROWS)], pa.timestamp("us", "UTC")),
            "version": pa.array(_cycle("v1", "v2", "v1", None, "v3", "")),
            "role": pa.array(_cycle("champion", "challenger", "Challenger ", None, "a", "b", "c", "d", "")),
            "amount": pa.array(amount, pa.float64()),
            "items": pa.array(_cycle(1, 2, 3, None, 5, 2**60), pa.int64()),
            "price": pa.array(_cycle(Decimal("1.50"), Decimal("0.25"), None, Decimal(7)), pa.decimal128(38, 9)),
            "flag": pa.array(_cycle(True, False, None), pa.bool_()),
            "country": pa.array(_cycle("DE", "", None, "ÅÄ", "日本", 'a"b\\,c', "new", "newer", "it's")),
            "code": pa.array(_cycle(7, 8, None, 9, 10), pa.int64()),
            "ratio": pa.array(_cycle(7.0, 0.1, -0.0, 1e16, 1e-7, math.inf, math.nan, None, 0.30000000000000004)),
            "cost": pa.array(_cycle(Decimal(100), Decimal("1.50"), Decimal("0.1"), None), pa.decimal128(38, 9)),
            "known": pa.array(_cycle(True, False, None), pa.bool_()),
            "day": pa.array(_cycle(date(2026, 1, 2), None, date(2025, 12, 31)), pa.date32()),
            "seen": pa.array(
                _cycle(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678, UTC), None),
                pa.timestamp("us", "UTC"),
            ),
            "local": pa.array(_cycle(MIDNIGHT, MIDNIGHT + timedelta(minutes=184), None), pa.timestamp("us")),
            "void": pa.array([None] * ROWS, pa.string()),
        }
    )


def _binning() -> Binning:
    sample = np.random.default_rng(2).normal(100, 40, 1000)
    categories = {
        "country": ("", "ÅÄ", "gone"),
        "code": ("7", "11"),
        "ratio": ("7", "0.1", "0", "inf", "word"),
        "cost": ("100", "1.5"),
        "known": ("true",),
        "day": ("2026-01-02",),
        "seen": ("2026-01-02",),
        "local": ("2026-01-02 03:04:00.000000",),
        "void": ("a",),
        "absent": ("a",),
        "amount_text": ("a",),
    }
    return Binning(
        (
            numeric_bins("amount", sample, float(sample.min()), float(sample.max()), float(sample.mean())),
            NumericBins("items", np.array([0.5, 2.0, 3.0]), np.array([1]), 2.0),
            NumericBins("price", np.array([0.25, 1.5]), np.array([1]), 1.0),
            NumericBins("flag", np.array([0.0, 1.0]), np.array([1]), 0.5),
            NumericBins("missing", np.array([0.0, 1.0]), np.array([1]), 0.5),
            NumericBins("country_code", np.array([0.0]), np.array([0]), 0.5),
            *(CategoricalBins(name, names) for name, names in categories.items()),
        )
    )


def _counted(engine: Engine, rows: pa.Table, binning: Binning, grouping: Grouping) -> PartitionProfile:
    source = engine.table("log", rows, "at")
    partition = source.partitions([START])[START]
    return count_partition(source, partition, Selection((), (), ()), binning, grouping)


def _assert_equal(left: PartitionProfile, right: PartitionProfile) -> None:
    assert left.groups.keys() == right.groups.keys()
    for name, profile in left.groups.items():
        other = right.groups[name]
        assert profile.rows == other.rows
        np.testing.assert_array_equal(profile.counts, other.counts)
        np.testing.assert_allclose(profile.sums, other.sums, rtol=1e-9)
        np.testing.assert_allclose(profile.squares, other.squares, rtol=1e-9)
        np.testing.assert_array_equal(profile.lows, other.lows)
        np.testing.assert_array_equal(profile.highs, other.highs)
        assert profile.novel == other.novel
        assert profile.unreadable == other.unreadable


VALUES = {
    "text": pa.nulls(0, pa.string()),
    "whole": pa.array([1, 0, 3, -3, 10, 100, 90071992547409930], pa.int64()),
    "flag": pa.array([True, False, True, None]),
    "real": pa.array([1.0, 0.0, 3.0, -3.0, 10.0, 1.5, -0.0, None, math.nan]),
    "exact": pa.array([Decimal(1), Decimal("3.0"), Decimal("1.50")], pa.decimal128(38, 9)),
}
"""Columns of every type with the same values; that of texts has their spellings."""


@pytest.mark.parametrize("spelling", [0, -1], ids=["as whole numbers", "as other texts"])
def test_values_are_the_same_in_rows_and_in_sql_however_they_are_written(engine: Engine, spelling: int) -> None:
    """Each known category is one of its texts, and the row of the log another."""
    cut = isinstance(engine.server, RedshiftServer)  # it has no blanks at the end of a text
    spellings = {value: texts for value, texts in SPELLINGS.items() if not (cut and value.endswith(" "))}
    known = tuple(texts[spelling] for texts in spellings.values())
    given = {**VALUES, "text": pa.array(list(chain.from_iterable(spellings.values())), pa.string())}
    most = max(map(len, given.values()))
    columns = {name: pa.concat_arrays([each, pa.nulls(most - len(each), each.type)]) for name, each in given.items()}
    rows = pa.table({"at": pa.array([START] * most, pa.timestamp("us", "UTC")), **columns})
    binning = Binning(tuple(CategoricalBins(name, known) for name in VALUES))
    grouping = Grouping(segments=dict.fromkeys(VALUES, known))
    profile = profile_partition([Batch(rows, True, rows.schema)], binning, grouping)
    _assert_equal(_counted(engine, rows, binning, grouping), profile)
    counts = {name: profile.groups[Group("unknown", "")].counts[binning.slices[name]].tolist() for name in VALUES}
    # By hand: each text is known; numbers and truths are those that have one of these values.
    values = list(spellings)
    assert counts["text"] == [*map(len, spellings.values()), 0, 0]
    assert counts["whole"] == [
        *(int(value in {"1", "0", "3", "-3", "10", "100", "90071992547409930"}) for value in values),
        0,
        most - 7,
    ]
    assert counts["flag"] == [*({"1": 2, "0": 1}.get(value, 0) for value in values), 0, most - 3]
    assert counts["real"] == [
        *({"1": 1, "0": 2, "3": 1, "-3": 1, "10": 1}.get(value, 0) for value in values),
        1,
        most - 7,
    ]
    assert counts["exact"] == [*(int(value in {"1", "3"}) for value in values), 1, most - 3]
    of_one = {column: profile.groups[Group("unknown", "", Segment(column, known[0]))].rows for column in VALUES}
    assert of_one == {"text": 6, "whole": 1, "flag": 2, "real": 1, "exact": 1}


SEGMENTS = {"country": ("DE", "", "日本", "gone"), "ratio": ("0.1", "0"), "known": ("true", "false"), "void": ("a",)}
WATCHED = tuple(Watched(name, use) for name in (*_log().column_names, "missing") for use in Use)
GROUPINGS = {
    "watched": Grouping("version", "role", SEGMENTS, WATCHED),
    "versions": Grouping("version"),
    "floats": Grouping("ratio"),
    "whole": Grouping(),
    "roles": Grouping("version", "role"),
    "segments": Grouping("version", "role", SEGMENTS),
    "nothing to tell by": Grouping("absent", "price", {"missing": ("a",), "country": ("DE",)}),
}


@pytest.mark.parametrize("grouping", GROUPINGS.values(), ids=GROUPINGS.keys())
def test_the_engine_and_the_kernel_give_the_same_profile(engine: Engine, grouping: Grouping) -> None:
    rows, binning = _log(), _binning()
    kernel = profile_partition([Batch(rows, first=True, schema=rows.schema)], binning, grouping)
    counted = _counted(engine, rows, binning, grouping)
    _assert_equal(counted, kernel)
    assert counted.problems == kernel.problems
    assert sum("read_rows" in text for text in engine.statements) == 1, "one statement, and no rows"
