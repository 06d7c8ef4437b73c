"""The customers of a simulated fraud model: their features, their traffic and their risk.

As in real traffic, everything depends on the local hour and on the weekend. At the weekend customers are younger and
use phones more often; balances follow the working day; countries have their peak in their own daytime. The features
are correlated through a common Gaussian: older customers have a higher balance and pay less often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

NUMERIC: Final = ("age", "credit_balance", "txn_count_7d")
CATEGORICAL: Final = ("country_code", "device_type")

SPREAD: Final = {"age": 13.0, "credit_balance": 2600.0, "txn_count_7d": 5.0}
"""The standard deviation of each numeric feature over a week of normal traffic."""

_CORRELATION: Final = np.array([[1.0, 0.45, -0.30], [0.45, 1.0, -0.15], [-0.30, -0.15, 1.0]])
_MIXING: Final = np.linalg.cholesky(_CORRELATION).T

_COUNTRIES: Final = {
    # code: (share, local hour of its peak, risk)
    "US": (0.46, 15, 0.0),
    "CA": (0.12, 15, -0.2),
    "GB": (0.10, 10, 0.0),
    "DE": (0.08, 9, -0.3),
    "FR": (0.07, 9, 0.0),
    "MX": (0.06, 16, 0.5),
    "BR": (0.05, 13, 1.0),
    "IN": (0.04, 5, 0.4),
    "JP": (0.02, 1, -0.4),
}
_SHARES, _PEAK_HOURS, _ = (np.array(column, np.float64) for column in zip(*_COUNTRIES.values(), strict=True))
_CODES: Final = np.array(list(_COUNTRIES))
_COUNTRY_RISK: Final = {code: risk for code, (_, _, risk) in _COUNTRIES.items()}

_DEVICES: Final = np.array(["mobile", "tablet", "desktop"])
_DEVICE_RISK: Final = {"mobile": 0.4, "tablet": 0.1, "desktop": 0.0}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The place of some hours in the local week: hour of day (0 to 24) and weekend (0 or 1), shape (n,)."""

    hour: Floats
    weekend: Floats

    def take(self, positions: npt.NDArray[np.int64]) -> Calendar:
        """Return the calendar of the hours at `positions`, which may repeat."""
        return Calendar(self.hour[positions], self.weekend[positions])

    def wave(self, peak: float | Floats) -> Floats:
        """Return a daily wave between -1 and 1 with its maximum at the hour `peak`; its mean over a day is 0."""
        return np.cos(2 * np.pi * (self.hour - peak) / 24)


def calendar(starts: Sequence[datetime], timezone: str) -> Calendar:
    """Return the calendar of the hours that begin at `starts` (aware) in a time zone, with daylight saving."""
    zone = ZoneInfo(timezone)
    local = [start.astimezone(zone) for start in starts]
    hours = [moment.hour + moment.minute / 60 for moment in local]
    weekend = [moment.weekday() >= 5 for moment in local]
    return Calendar(np.array(hours, np.float64), np.array(weekend, np.float64))


def traffic(when: Calendar, season: float) -> Floats:
    """Return the traffic of each hour relative to the mean of the week: less at night and at the weekend."""
    return _busy(when, season) / _mean_busy(season)


def _busy(when: Calendar, season: float) -> Floats:
    weekday, weekend = 0.8 * when.wave(15), 0.6 * when.wave(17) - 0.35
    return np.exp(season * np.where(when.weekend > 0, weekend, weekday))


@cache
def _mean_busy(season: float) -> float:
    hours = np.arange(168)
    week = Calendar((hours % 24).astype(np.float64), (hours >= 120).astype(np.float64))
    return float(_busy(week, season).mean())


def features(random: np.random.Generator, rows: int, when: Calendar, season: float) -> pd.DataFrame:
    """Draw customers.

    Args:
        random: the random generator.
        rows: the number of customers.
        when: the calendar of each row, or of one hour for all rows.
        season: the strength of the seasons; 0 is a world without seasons.

    Returns:
        One row per customer: age (years, 18 to 95), credit_balance (positive), txn_count_7d (a count), country_code,
        device_type.
    """
    first, second, third = (random.standard_normal((rows, 3)) @ _MIXING).T
    weekend = season * when.weekend
    age = np.clip(np.rint(42 + 13 * first - 7 * weekend - 3 * season * when.wave(1)), 18, 95)
    balance = np.exp(7.0 + second + season * 0.35 * when.wave(11) - 0.2 * weekend)
    payments = random.poisson(np.exp(1.9 + 0.5 * third - 0.15 * weekend + season * 0.12 * when.wave(13)))
    return pd.DataFrame(
        {
            "age": age.astype(np.int64),
            "credit_balance": np.round(balance, 2),
            "txn_count_7d": payments.astype(np.int64),
            "country_code": pd.array(_country(random, rows, when, season), dtype="str"),
            "device_type": pd.array(_device(random, age, when, season), dtype="str"),
        }
    )


def _country(random: np.random.Generator, rows: int, when: Calendar, season: float) -> npt.NDArray[np.str_]:
    weights = _SHARES * np.exp(season * 0.5 * Calendar(when.hour[:, None], when.weekend).wave(_PEAK_HOURS))
    ends = np.cumsum(weights, axis=1)
    draws = random.random((rows, 1)) * ends[:, -1:]
    chosen: npt.NDArray[np.str_] = _CODES[(draws >= ends[:, :-1]).sum(axis=1)]
    return chosen


def _device(random: np.random.Generator, age: Floats, when: Calendar, season: float) -> npt.NDArray[np.str_]:
    preference = 0.4 - 0.045 * (age - 42) + season * (0.8 * when.weekend + 0.4 * when.wave(21))
    mobile = _logistic(preference)
    draws = random.random(len(age))
    tablet = mobile + 0.2 * (1 - mobile)
    return _DEVICES[(draws >= mobile).astype(np.int64) + (draws >= tablet)]


def risk(rows: pd.DataFrame) -> Floats:
    """Return the model's probability of fraud, shape (n,), strictly between 0 and 1.

    A null is scored as the value of the usual customer, an unknown category as one without additional risk.
    """
    age = _numbers(rows["age"], 42)
    balance = np.log1p(np.maximum(_numbers(rows["credit_balance"], 1100), 0))
    payments = np.log1p(np.maximum(_numbers(rows["txn_count_7d"], 6), 0))
    known = -6.7 - 0.07 * (age - 42) - 0.9 * (balance - 7) + 3.2 * (payments - 2)
    country = _numbers(rows["country_code"].map(_COUNTRY_RISK), 0)
    device = _numbers(rows["device_type"].map(_DEVICE_RISK), 0)
    return _logistic(np.clip(known + country + device, -30, 30))


def _numbers(column: pd.Series[Any], missing: float) -> Floats:
    values = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(values), missing, values)


def _logistic(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-values))
