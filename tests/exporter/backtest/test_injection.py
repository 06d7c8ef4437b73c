"""Faults that are injected into a log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from exporter.backtest.injection import (
    FaultKind,
    Injection,
    InjectionRequest,
    damage,
    fitting_kinds,
    injections,
    is_unseen,
)
from exporter.errors import UsageError
from exporter.profiles.group import Group
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import empty_profile, merge_profiles
from exporter.reference.reference import Reference, build_binning
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import Calendar, Level

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
ROWS = 1000
CELL = Calendar("UTC", frozenset(), 0).cell
COUNTRIES = ["US"] * 700 + ["CA"] * 300


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Ages 0 to 999, whole counts, a constant score, two countries."""
    table = pa.table(
        {
            "age": np.arange(ROWS, dtype=np.float64),
            "count": np.arange(ROWS) % 10,
            "score": np.linspace(0, 1, ROWS),
            "country": pa.array(COUNTRIES).dictionary_encode(),
        }
    )
    selection = Selection((), ("age", "count", "score"), ("country",))
    binning, _ = build_binning([_batch(table)], selection, 10)
    return Reference.whole(binning, profile_partition([_batch(table)], binning).groups[Group("unknown")])


def _batch(table: pa.Table) -> Batch:
    return Batch(table, first=True, schema=table.schema)


def _damaged(kind: FaultKind, column: str, values: pa.Array, reference: Reference) -> pa.ChunkedArray:
    batch = _batch(pa.table({"id": range(len(values)), column: values}))
    damaged = Injection(kind, column, START, damage(kind, column, reference, 0)).apply(batch)
    assert damaged.table.column_names == ["id", column]
    assert damaged.table["id"].equals(batch.table["id"])
    return damaged.table[column]


@pytest.mark.parametrize(
    ("values", "unseen"),
    [
        ([3.0] * 50, {FaultKind.FREEZE, FaultKind.SHIFT}),
        ([0.0] * 50, {FaultKind.FREEZE, FaultKind.SHIFT, FaultKind.UNIT}),
        ([3.0] * 49 + [None], set()),
        ([3.0] * 49 + [4.0], set()),
        (["US"] * 50, {FaultKind.FREEZE}),
        (["US"] * 49 + [None], set()),
        (["US"] * 49 + ["CA"], set()),
    ],
)
def test_what_changes_nothing_of_a_constant_cannot_be_seen(values: list[object], unseen: set[FaultKind]) -> None:
    table, text = pa.table({"x": values}), isinstance(values[0], str)
    selection = Selection((), (), ("x",)) if text else Selection((), ("x",), ())
    binning, _ = build_binning([_batch(table)], selection, 10)
    constant = Reference.whole(binning, profile_partition([_batch(table)], binning).groups[Group("unknown")])
    kinds = fitting_kinds(binning.by_name["x"], score=False)
    assert {kind for kind in kinds if is_unseen(kind, "x", constant)} == unseen


def test_nulls(reference: Reference) -> None:
    assert _damaged(FaultKind.NULLS, "age", pa.array([1.0, 2.0]), reference).to_pylist() == [None, None]
    assert _damaged(FaultKind.NULLS, "country", pa.array(["US"]).dictionary_encode(), reference).null_count == 1


def test_a_change_of_unit(reference: Reference) -> None:
    assert _damaged(FaultKind.UNIT, "age", pa.array([1, None, 3]), reference).to_pylist() == [100.0, None, 300.0]


def test_a_shift_is_of_three_tenths_of_the_standard_deviation(reference: Reference) -> None:
    deviation = float(np.arange(ROWS).std())
    shifted = _damaged(FaultKind.SHIFT, "age", pa.array([5.0, 6.0]), reference).to_numpy()
    assert shifted == pytest.approx(np.array([5.0, 6.0]) + 0.3 * deviation)


def test_a_shift_uses_the_standard_deviation_of_its_season(reference: Reference) -> None:
    night, day = (reference.by_cell[0], empty_profile(reference.binning))
    quiet = merge_profiles(reference.binning, [night, night])
    wide = replace(quiet, squares=4 * quiet.squares)
    by_cell = {cell: wide if cell % 24 >= 12 else quiet for cell in range(168)} | {0: day}
    seasonal = Reference(reference.binning, by_cell, dict.fromkeys(by_cell, 2), tuple(Level), {}, {})
    moved = [
        damage(FaultKind.SHIFT, "score", seasonal, cell)(pa.chunked_array([[0.0]])).to_pylist()[0] for cell in (30, 40)
    ]
    assert moved[0] == pytest.approx(0.3 * np.linspace(0, 1, ROWS).std())
    assert moved[1] == pytest.approx(2 * moved[0])


def test_shifted_integers_stay_integers_and_their_mean_shifts(reference: Reference) -> None:
    counts = pa.array(np.arange(ROWS) % 10)
    shifted = _damaged(FaultKind.SHIFT, "count", counts, reference).to_numpy()
    assert np.array_equal(shifted, np.round(shifted))
    assert shifted.mean() - counts.to_numpy().mean() == pytest.approx(0.3 * np.std(np.arange(10)), abs=0.005)


def test_the_most_frequent_category_is_renamed(reference: Reference) -> None:
    renamed = _damaged(FaultKind.RENAME, "country", pa.array(["CA", "US", None]).dictionary_encode(), reference)
    assert renamed.to_pylist() == ["CA", "US (renamed)", None]


def test_a_frozen_column_has_one_ordinary_value(reference: Reference) -> None:
    assert _damaged(FaultKind.FREEZE, "country", pa.array(["CA", None]), reference).to_pylist() == ["US", "US"]
    values = _damaged(FaultKind.FREEZE, "age", pa.array([1.0, 900.0, 3.0]), reference).to_pylist()
    assert len(set(values)) == 1
    assert values[0] == pytest.approx(499, abs=1)


def test_a_batch_without_the_column_is_unchanged(reference: Reference) -> None:
    batch = _batch(pa.table({"id": [1]}))
    assert Injection(FaultKind.NULLS, "age", START, damage(FaultKind.NULLS, "age", reference, 0)).apply(batch) is batch


class TestRequest:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("all", InjectionRequest(None, None, None)),
            ("nulls", InjectionRequest(FaultKind.NULLS, None, None)),
            ("shift:age", InjectionRequest(FaultKind.SHIFT, "age", None)),
            ("shift:a:b@2026-11-21T10:00Z", InjectionRequest(FaultKind.SHIFT, "a:b", START)),
            ("unit@2026-11-21T11:00+01:00", InjectionRequest(FaultKind.UNIT, None, START)),
            ("unit:at@home@2026-11-21T10:00", InjectionRequest(FaultKind.UNIT, "at@home", START)),
        ],
    )
    def test_is_parsed(self, text: str, meant: InjectionRequest) -> None:
        assert InjectionRequest.parse(text) == meant

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "gremlins",
                f"gremlins cannot be injected; choose {', '.join(FaultKind)} or all",
            ),
            (":age", "nothing cannot be injected"),
            ("nulls@yesterday", "yesterday is not a time such as 2026-11-20T10:00Z"),
        ],
    )
    def test_an_invalid_one_is_refused_with_the_reason(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            InjectionRequest.parse(text)

    def test_has_all_fitting_faults(self, reference: Reference) -> None:
        found = injections(
            InjectionRequest.parse("all"), ["age", "country"], "score", reference, middle=START, cell=CELL
        )
        assert [str(fault).removesuffix("@2026-11-21T10:00Z") for fault in found] == [
            "nulls:age",
            "unit:age",
            "shift:age",
            "freeze:age",
            "nulls:country",
            "rename:country",
            "freeze:country",
            "shift:score",
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [("nulls:agee", "no column agee; it has age, country"), ("unit:country", "unit does not fit country")],
    )
    def test_without_a_fitting_fault_is_refused(self, reference: Reference, text: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            injections(InjectionRequest.parse(text), ["age", "country"], None, reference, middle=START, cell=CELL)
