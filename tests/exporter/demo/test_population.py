"""The simulated customers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.demo.population import NUMERIC, SPREAD, Calendar, calendar, features, risk, traffic

TUESDAY_NOON = Calendar(np.array([12.0]), np.array([0.0]))
SATURDAY_NOON = Calendar(np.array([12.0]), np.array([1.0]))
WEEK = Calendar(np.arange(168) % 24.0, np.repeat([0.0, 1.0], [120, 48]))


def draw(when: Calendar, season: float = 1.0, rows: int = 20_000) -> pd.DataFrame:
    return features(np.random.default_rng(7), rows, when, season)


@pytest.mark.parametrize(
    ("instant", "hour", "weekend"),
    [
        (datetime(2026, 11, 21, 17, tzinfo=UTC), 12, 1),  # a Saturday, five hours behind
        (datetime(2026, 7, 4, 17, tzinfo=UTC), 13, 1),  # a Saturday, four hours behind
        (datetime(2026, 11, 23, 3, tzinfo=UTC), 22, 1),  # Monday in UTC, still Sunday in New York
        (datetime(2026, 11, 24, 17, tzinfo=UTC), 12, 0),
    ],
)
def test_the_calendar_is_that_of_the_time_zone(instant: datetime, hour: float, weekend: float) -> None:
    when = calendar([instant], "America/New_York")

    assert (when.hour[0], when.weekend[0]) == (hour, weekend)


def test_a_time_zone_with_half_hours() -> None:
    assert calendar([datetime(2026, 11, 24, 6, tzinfo=UTC)], "Asia/Kolkata").hour[0] == 11.5


def test_a_wave_is_one_at_its_peak_minus_one_half_a_day_later_and_zero_over_a_day() -> None:
    wave = Calendar(np.arange(24.0), np.zeros(24)).wave(15)

    assert wave[15] == pytest.approx(1)
    assert wave[3] == pytest.approx(-1)
    assert wave.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("season", [0.0, 0.5, 1.0])
def test_traffic_has_the_mean_one_over_a_week(season: float) -> None:
    assert traffic(WEEK, season).mean() == pytest.approx(1)


def test_traffic_is_quieter_at_night_and_at_the_weekend() -> None:
    busy = traffic(WEEK, 1.0)
    days = busy.reshape(7, 24).sum(axis=1)

    assert busy[15] == busy.max()
    assert busy[3] < busy[15] / 4
    assert days[5] == days[6] < days[0] == days[4]


def test_without_seasons_all_hours_are_equal() -> None:
    assert np.all(traffic(WEEK, 0.0) == 1)
    pd.testing.assert_frame_equal(draw(TUESDAY_NOON, season=0.0), draw(SATURDAY_NOON, season=0.0))


def test_weekend_customers_are_younger_more_mobile_and_pay_less_often() -> None:
    tuesday, saturday = draw(TUESDAY_NOON), draw(SATURDAY_NOON)

    # An effect of 7 years, cut a little by the least age of 18; the standard error is 13 / sqrt(20,000) = 0.1 years.
    assert 6 < tuesday["age"].mean() - saturday["age"].mean() < 7.5
    assert (saturday["device_type"] == "mobile").mean() > (tuesday["device_type"] == "mobile").mean() + 0.15
    # exp(-0.15) = 0.861 of the payments, exp(-0.2) = 0.819 of the balance.
    assert saturday["txn_count_7d"].mean() / tuesday["txn_count_7d"].mean() == pytest.approx(0.861, abs=0.02)
    assert saturday["credit_balance"].median() / tuesday["credit_balance"].median() == pytest.approx(0.819, abs=0.03)


def test_countries_have_their_peak_hour() -> None:
    night, day = (draw(Calendar(np.array([hour]), np.array([0.0]))) for hour in (1.0, 15.0))

    assert (night["country_code"] == "JP").mean() > 1.5 * (day["country_code"] == "JP").mean()


def test_every_row_can_have_its_own_hour() -> None:
    both = features(np.random.default_rng(7), 20_000, WEEK.take(np.repeat([12, 132], 10_000)), 1.0)
    weekday, weekend = both[:10_000], both[10_000:]

    assert 6 < weekday["age"].mean() - weekend["age"].mean() < 7.5


def test_features_are_correlated() -> None:
    rows = draw(TUESDAY_NOON)
    ranks = rows[list(NUMERIC)].rank().corr()

    # Spearman's coefficient of a Gaussian copula is 6/pi asin(r/2): 0.43 for r = 0.45; counts have ties and noise.
    assert ranks.loc["age", "credit_balance"] == pytest.approx(0.43, abs=0.02)
    assert -0.30 < ranks.loc["age", "txn_count_7d"] < -0.20
    assert rows.loc[rows["device_type"] == "mobile", "age"].mean() < rows["age"].mean() - 3


def test_the_spread_is_the_standard_deviation_of_a_week() -> None:
    hours = np.random.default_rng(3).choice(168, 200_000, p=traffic(WEEK, 1.0) / 168)
    rows = features(np.random.default_rng(4), 200_000, WEEK.take(hours), 1.0)

    assert rows[list(NUMERIC)].std().to_dict() == pytest.approx(SPREAD, rel=0.05)


def test_values_are_in_their_ranges() -> None:
    rows = draw(SATURDAY_NOON)

    assert rows["age"].between(18, 95).all()
    assert (rows["credit_balance"] > 0).all()
    assert (rows["txn_count_7d"] >= 0).all()
    assert list(map(str, rows.dtypes)) == ["int64", "float64", "int64", "str", "str"]


def customer(**changes: object) -> pd.DataFrame:
    usual = {"age": 42.0, "credit_balance": 1100.0, "txn_count_7d": 6.0, "country_code": "US", "device_type": "desktop"}
    return pd.DataFrame({name: [value] for name, value in (usual | changes).items()})


@pytest.mark.parametrize("feature", NUMERIC)
def test_a_null_is_scored_as_the_usual_customer(feature: str) -> None:
    assert risk(customer(**{feature: np.nan})) == risk(customer())


def test_an_unknown_category_has_no_additional_risk() -> None:
    assert risk(customer(country_code="ZZ", device_type="watch")) == risk(customer())


@given(
    age=st.integers(18, 94),
    balance=st.floats(0, 1e9),
    payments=st.integers(0, 10_000),
    country=st.sampled_from(["US", "BR", "JP"]),
)
def test_the_risk_is_a_probability_and_depends_on_the_features(
    age: int, balance: float, payments: int, country: str
) -> None:
    at = {"age": age, "credit_balance": balance, "txn_count_7d": payments, "country_code": country}
    here = risk(customer(**at))[0]

    assert 0 < here < 1
    assert risk(customer(**at | {"txn_count_7d": payments + 1}))[0] >= here
    assert risk(customer(**at | {"age": age + 1}))[0] <= here
    assert risk(customer(**at | {"device_type": "mobile"}))[0] >= here


def test_repeated_hours_differ_only_in_utc() -> None:
    first = datetime(2026, 11, 1, 5, tzinfo=UTC)  # 01:00 in New York comes twice that night
    when = calendar([first, first + timedelta(hours=1)], "America/New_York")

    assert when.hour.tolist() == [1.0, 1.0]
