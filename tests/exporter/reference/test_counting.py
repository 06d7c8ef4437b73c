"""A reference counted by an engine equals the reference of its rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from athena_server import AthenaServer
from engines import Engine
from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import CategoricalBins, NumericBins
from exporter.reference import counting
from exporter.reference.counting import count_binning, count_by_hour, rows_by_hour
from exporter.reference.history import ANY_TIME, TimeRule, counting_rows
from exporter.reference.outliers import HourRange
from exporter.reference.reference import build_binning, count_rows_by_hour, profile_by_hour
from exporter.sources.engine import CountingSource
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import Calendar

ROWS = 400
SELECTION = Selection(("at",), ("amount", "word", "void"), ("country", "gone"))


def _rows() -> pa.Table:
    random = np.random.default_rng(3)
    start = datetime(2026, 10, 20, 3, 30, tzinfo=UTC)  # a week with the change to winter time, and a gap
    times = [start + row * timedelta(minutes=31) + (row > 200) * timedelta(days=9) for row in range(ROWS)]
    amount = [
        None if row % 50 == 0 else np.inf if row % 50 == 1 else float(x)
        for row, x in enumerate(random.normal(9, 2, ROWS))
    ]
    return pa.table(
        {
            "at": pa.array(
                [None if row % 97 == 0 else each for row, each in enumerate(times)], pa.timestamp("us", "UTC")
            ),
            "amount": pa.array(amount, pa.float64()),
            "word": pa.array(["x"] * ROWS),
            "void": pa.array([None] * ROWS, pa.int64()),
            "country": pa.array([("DE", "FR", "DE", None, "IT")[row % 5] for row in range(ROWS)]),
        }
    )


def _source(engine: Engine, rows: pa.Table) -> CountingSource:
    return engine.table("train", rows)


def test_extremes_means_and_categories_are_exact_and_edges_are_near(engine: Engine) -> None:
    rows = _rows()
    source = _source(engine, rows)
    partition = source.dataset()
    assert partition is not None
    counted, problems = count_binning(source, partition, SELECTION, 2)
    batch = Batch(rows, first=True, schema=rows.schema)
    read, expected = build_binning(counting_rows([batch], SELECTION, ANY_TIME), SELECTION, 2)
    assert problems.keys() == expected.keys() == {"word", "void", "gone"}
    assert problems["word"] == "in the reference the column is STRING, a number was expected"
    assert counted.by_name["country"] == read.by_name["country"] == CategoricalBins("country", ("DE", "FR"))
    one, other = counted.by_name["amount"], read.by_name["amount"]
    assert isinstance(one, NumericBins)
    assert isinstance(other, NumericBins)
    assert (one.edges[0], one.edges[-1]) == (other.edges[0], other.edges[-1])
    assert one.pivot == pytest.approx(other.pivot, rel=1e-12)
    timed = rows.filter(rows["at"].is_valid())["amount"].to_pylist()
    values = np.sort(np.array([x for x in timed if x is not None and np.isfinite(x)]))
    at_deciles = np.searchsorted(values, one.edges[one.deciles]) / len(values)
    assert np.abs(at_deciles - np.searchsorted(values, other.edges[other.deciles]) / len(values)).max() <= 0.01


def test_edges_of_many_rows_are_those_of_a_sample(athena_server: AthenaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,000 uniform ranks a sample of about 1,000 has its deciles within 0.07, four times their standard error."""
    monkeypatch.setattr(counting, "SAMPLE", 1000)
    monkeypatch.setattr(counting, "POINTS", 100)
    rows = pa.table({"amount": pa.array(np.random.default_rng(5).permutation(2000) / 2000)})
    source = _source(Engine(athena_server), rows)
    partition = source.dataset()
    assert partition is not None
    counted, _ = count_binning(source, partition, Selection((), ("amount",), ()), 2)
    bins = counted.by_name["amount"]
    assert isinstance(bins, NumericBins)
    np.testing.assert_allclose(bins.edges[bins.deciles], np.arange(1, 10) / 10, atol=0.07)
    assert bins.edges[0] < 0
    assert bins.edges[-1] > 1999 / 2000, "extremes are those of all rows"
    assert "RAND() < 0.500000000" in athena_server.sent_queries[-1]


def test_each_hour_has_the_profile_of_the_kernel(engine: Engine) -> None:
    rows = _rows()
    batch = Batch(rows, first=True, schema=rows.schema)
    binning, _ = build_binning([batch], Selection((), ("amount",), ("country",)), 2)
    calendar = Calendar("America/New_York", frozenset({date(2026, 10, 21)}), 6)
    source = _source(engine, rows)
    partition = source.dataset()
    assert partition is not None
    segments = {"country": ("DE", "IT", "gone")}
    counted = count_by_hour(source, partition, SELECTION, binning, calendar, segments=segments)
    read = profile_by_hour([batch], binning, "at", calendar, segments)
    assert list(counted.segments) == list(read.segments)
    for segment, parts in read.segments.items():
        assert counted.segments[segment].weeks == parts.weeks
        assert counted.segments[segment].by_cell.keys() == parts.by_cell.keys()
        for cell, profile in parts.by_cell.items():
            assert counted.segments[segment].by_cell[cell].rows == profile.rows
            np.testing.assert_array_equal(counted.segments[segment].by_cell[cell].counts, profile.counts)
    history, expected = counted.history, read.history
    assert counted.by_cell.keys() == read.by_cell.keys()
    for cell, profile in read.by_cell.items():
        assert counted.by_cell[cell].rows == profile.rows
        np.testing.assert_array_equal(counted.by_cell[cell].counts, profile.counts)
        np.testing.assert_allclose(counted.by_cell[cell].sums, profile.sums, rtol=1e-9)
    assert history is not None
    assert expected is not None
    np.testing.assert_array_equal(history.hours, expected.hours)
    np.testing.assert_array_equal(history.rows, expected.rows)
    for name, column in expected.columns.items():
        np.testing.assert_array_equal(history.columns[name].cells, column.cells)
        np.testing.assert_array_equal(history.columns[name].finite, column.finite)
        np.testing.assert_allclose(history.columns[name].sums, column.sums, atol=1e-9)
        np.testing.assert_allclose(history.columns[name].squares, column.squares, atol=1e-9)


def _with_wrong_clocks(right: pa.Table) -> pa.Table:
    """Rows with three more at times that cannot be right, whose amount is the highest and whose country is new."""
    wrong = right.slice(1, 3).set_column(
        0, "at", pa.array([datetime(year, 1, 1, tzinfo=UTC) for year in (1960, 2000, 2042)], right["at"].type)
    )
    wrong = wrong.set_column(1, "amount", pa.array([1e6] * 3)).set_column(4, "country", pa.array(["XX"] * 3))
    return pa.concat_tables([right, wrong])


def test_hours_that_do_not_count_are_left_out_by_the_engine_too(engine: Engine) -> None:
    right = _rows()
    rows = _with_wrong_clocks(right)
    times = [each for each in right["at"].to_pylist() if each is not None]
    source, calendar = _source(engine, rows), Calendar("UTC", frozenset(), 6)
    partition = source.dataset()
    assert partition is not None
    counted = rows_by_hour(source, partition, "at")
    assert counted == count_rows_by_hour([Batch(rows, first=True, schema=rows.schema)], "at")
    first, last = (int(each.timestamp()) // 3600 for each in (min(times), max(times)))
    rule = TimeRule(None, HourRange(first, last + 1))
    assert rule.hours.outside(counted) == ROWS - len(times) + 3
    timed = right.filter(right["at"].is_valid())
    binning, _ = count_binning(source, partition, SELECTION, 9, rule)
    expected, _ = build_binning([Batch(timed, first=True, schema=timed.schema)], SELECTION, 9)
    assert binning.by_name["country"] == expected.by_name["country"], "without XX"
    for bins, other in zip(binning.columns, expected.columns, strict=True):
        if isinstance(bins, NumericBins) and isinstance(other, NumericBins):
            np.testing.assert_array_equal(bins.edges, other.edges, "without the wrong clocks' 1e6")
    segments = {"country": ("DE",)}
    found = count_by_hour(source, partition, SELECTION, binning, calendar, segments=segments, rule=rule)
    read = profile_by_hour([Batch(right, first=True, schema=right.schema)], binning, "at", calendar, segments)
    assert {cell: each.rows for cell, each in found.by_cell.items()} == {
        cell: each.rows for cell, each in read.by_cell.items()
    }
    assert {key: each.weeks for key, each in found.segments.items()} == {
        key: each.weeks for key, each in read.segments.items()
    }
    assert found.history is not None
    assert read.history is not None
    np.testing.assert_array_equal(found.history.hours, read.history.hours)
    np.testing.assert_array_equal(found.history.rows, read.history.rows)


def test_rows_are_read_where_times_are_texts(engine: Engine) -> None:
    plain = _rows()
    texts = pa.array([None if each is None else each.isoformat() for each in plain["at"].to_pylist()])
    rows = plain.set_column(0, "at", texts)
    source = _source(engine, rows)
    partition = source.dataset()
    assert partition is not None
    selection = Selection(("at",), ("amount",), ())
    binning, _ = count_binning(source, partition, selection, 2)
    kept = counting_rows([Batch(rows, first=True, schema=rows.schema)], selection, ANY_TIME)
    expected, _ = build_binning(kept, selection, 2)
    np.testing.assert_array_equal(binning.columns[0].edges, expected.columns[0].edges)
    calendar = Calendar("UTC", frozenset(), 6)
    counted = count_by_hour(source, partition, selection, binning, calendar, segments={})
    read = profile_by_hour([Batch(rows, first=True, schema=rows.schema)], binning, "at", calendar)
    assert {cell: each.rows for cell, each in counted.by_cell.items()} == {
        cell: each.rows for cell, each in read.by_cell.items()
    }


def test_a_table_without_a_feature_is_unusable(engine: Engine) -> None:
    source = _source(engine, pa.table({"other": pa.array([1])}))
    partition = source.dataset()
    assert partition is not None
    with pytest.raises(ReferenceUnusable, match=r"the reference has no such column \(amount\)"):
        count_binning(source, partition, Selection((), ("amount",), ()), 2)
