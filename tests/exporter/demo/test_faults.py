"""Faults of features."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd
import pytest

from exporter.demo.faults import Damage, Fault, freeze, new_category, nulls, rename_category, rescale, shift
from exporter.demo.population import SPREAD

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
ROWS = pd.DataFrame(
    {
        "event_time": pd.DatetimeIndex([START + timedelta(minutes=15 * index) for index in range(4)]).as_unit("us"),
        "age": [20, 30, 40, 50],
        "credit_balance": [1.0, 2.5, 3.0, 400.25],
        "txn_count_7d": [0, 1, 2, 30],
        "country_code": pd.array(["US", "GB", "GB", "BR"], dtype="str"),
    }
)


def damaged(damage: Damage, rows: pd.DataFrame = ROWS) -> pd.DataFrame:
    return damage(rows, np.random.default_rng(0))


def test_a_shift_adds_deviations_and_keeps_counts_integers() -> None:
    by = round(2 * SPREAD["txn_count_7d"])
    moved = damaged(partial(shift, feature="txn_count_7d", deviations=2.0))

    assert moved["txn_count_7d"].tolist() == [by, 1 + by, 2 + by, 30 + by]
    assert moved["txn_count_7d"].dtype == np.int64


def test_a_shift_down_stops_at_zero() -> None:
    assert damaged(partial(shift, feature="txn_count_7d", deviations=-3.0))["txn_count_7d"].tolist() == [0, 0, 0, 15]


def test_a_change_of_unit_multiplies() -> None:
    assert damaged(partial(rescale, feature="credit_balance"))["credit_balance"].tolist() == [100, 250, 300, 40025]


@pytest.mark.parametrize("feature", ["age", "credit_balance", "country_code"])
def test_nulls_have_their_share_and_other_values_stay(feature: str) -> None:
    many = pd.concat([ROWS] * 1000, ignore_index=True)
    after = damaged(partial(nulls, feature=feature, share=0.25), many)[feature]

    assert after.isna().mean() == pytest.approx(0.25, abs=0.03)  # four standard errors of 4,000 rows
    assert (after.dropna().to_numpy() == many.loc[after.notna(), feature].to_numpy()).all()


def test_all_values_of_a_feature_may_be_null() -> None:
    assert damaged(partial(nulls, feature="age", share=1.0))["age"].isna().all()


def test_a_renamed_category_is_renamed_in_all_rows() -> None:
    after = damaged(partial(rename_category, feature="country_code", old="GB", new="UK"))

    assert after["country_code"].tolist() == ["US", "UK", "UK", "BR"]


def test_a_new_category_has_its_share() -> None:
    many = pd.concat([ROWS] * 1000, ignore_index=True)
    after = damaged(partial(new_category, feature="country_code", category="ZZ", share=0.1), many)["country_code"]

    assert (after == "ZZ").mean() == pytest.approx(0.1, abs=0.02)
    assert set(after) == {"US", "GB", "BR", "ZZ"}


@pytest.mark.parametrize(("feature", "value"), [("age", 35), ("credit_balance", 0.0), ("country_code", "US")])
def test_a_frozen_feature_has_one_value_of_the_same_type(feature: str, value: float | str) -> None:
    after = damaged(partial(freeze, feature=feature, value=value))[feature]

    assert after.tolist() == [value] * 4
    assert after.dtype == ROWS[feature].dtype


EVERY_KIND = [
    partial(shift, feature="age", deviations=1.0),
    partial(rescale, feature="age"),
    partial(nulls, feature="age", share=0.5),
    partial(freeze, feature="age", value=1),
    partial(rename_category, feature="country_code", old="GB", new="UK"),
    partial(new_category, feature="country_code", category="ZZ", share=1.0),
]


@pytest.mark.parametrize("damage", EVERY_KIND, ids=lambda damage: damage.func.__name__)
def test_a_fault_changes_only_its_column_and_rows_and_not_its_input(damage: partial[pd.DataFrame]) -> None:
    before, column = ROWS.copy(deep=True), damage.keywords["feature"]
    fault = Fault(START + timedelta(minutes=10), damage, START + timedelta(minutes=45))
    after = fault.apply(ROWS, np.random.default_rng(0))

    pd.testing.assert_frame_equal(ROWS, before)
    pd.testing.assert_frame_equal(after.drop(columns=column), ROWS.drop(columns=column))
    assert after.loc[[0, 3], column].tolist() == ROWS.loc[[0, 3], column].tolist()


@pytest.mark.parametrize(
    ("start", "end", "hit"),
    [
        (timedelta(0), None, [True] * 4),
        (timedelta(minutes=15), None, [False, True, True, True]),  # the instant itself is hit
        (timedelta(0), timedelta(minutes=30), [True, True, False, False]),  # the end is not
        (timedelta(hours=1), None, [False] * 4),
        (timedelta(hours=-2), timedelta(hours=-1), [False] * 4),
    ],
)
def test_a_fault_lasts_from_its_start_to_before_its_end(
    start: timedelta, end: timedelta | None, hit: list[bool]
) -> None:
    fault = Fault(START + start, partial(freeze, feature="age", value=99), START + end if end is not None else None)

    assert (fault.apply(ROWS, np.random.default_rng(0))["age"] == 99).tolist() == hit


def test_no_rows_stay_no_rows() -> None:
    assert Fault(START, EVERY_KIND[0]).apply(ROWS[:0], np.random.default_rng(0)).empty
