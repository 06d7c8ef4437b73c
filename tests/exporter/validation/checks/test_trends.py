"""Trends of a reference are named, by week; seasons, noise and what is too short are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.spec.seasons import Calendar
from exporter.validation.checks.times import TimeColumn
from exporter.validation.checks.trends import trend_findings
from exporter.validation.finding import Finding
from sampled import START, brief, rows_of, spec, texts

ROWS = 20_000
SPEC = spec()
RANDOM = np.random.default_rng(4)


def times_of(weeks: float, rows: int = ROWS) -> pa.Array:
    microseconds = np.sort(RANDOM.uniform(0, weeks * 168 * 3.6e9, rows)).astype(np.int64)
    return pa.array(int(START.timestamp()) * 1_000_000 + microseconds).cast(pa.timestamp("us", "UTC"))


def share(times: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where each row lies between the first, 0, and the last, 1."""
    numbers = times.cast(pa.int64()).to_numpy().astype(np.float64)
    return np.asarray((numbers - numbers.min()) / np.ptp(numbers))


def found(times: pa.Array, **columns: Any) -> list[Finding]:
    rows = rows_of(pa.table({"time": times, **columns}))
    return list(
        trend_findings(SPEC, "reference", rows, TimeColumn(rows.column("time")), Calendar.of(SPEC.spec.seasonality))
    )


def test_a_number_that_rises_is_named_with_its_size_by_week() -> None:
    """1.8 deviations of its own noise in 12 weeks; of all rows the deviation is sqrt(1 + 1.8^2 / 12) = 1.127."""
    times = times_of(12)
    (finding,) = found(times, age=40 + 5 * (1.8 * share(times) + RANDOM.normal(size=ROWS)))
    assert brief([finding]) == ["warning reference_trend age"]
    assert "age trends in the reference: by +0.13 standard deviations a week, +1.6 in the 12 weeks" in finding.message
    assert "reference.trailing" in finding.advice


def test_a_small_trend_is_a_note() -> None:
    times = times_of(12)
    assert brief(found(times, age=RANDOM.normal(size=ROWS) - 0.35 * share(times))) == ["note reference_trend age"]


def test_a_share_that_rises_is_named_with_its_category() -> None:
    times = times_of(8)
    names = np.where(RANDOM.random(ROWS) < 0.2 + 0.4 * share(times), "phone", "desk")
    findings = found(times, device_type=names)
    assert brief(findings) == ["warning reference_trend device_type"]
    assert "in device_type trends in the reference: by " in texts(findings)


def test_the_unit_and_outliers_do_not_matter() -> None:
    times = times_of(8)
    values = np.exp(3 * (share(times) + RANDOM.normal(size=ROWS)))
    values[::1000] = 1e300
    assert brief(found(times, age=values)) == ["warning reference_trend age"]


@pytest.mark.parametrize("weeks", [4, 12])
def test_the_seasons_of_a_week_are_no_trend(weeks: int) -> None:
    times = times_of(weeks)
    hours = times.cast(pa.int64()).to_numpy() / 3.6e9
    season = np.sin(2 * np.pi * hours / 24) + (hours // 24 % 7 < 2)
    names = np.where(RANDOM.random(ROWS) < 0.5 + 0.3 * np.sin(2 * np.pi * hours / 168), "phone", "desk")
    assert found(times, age=season + RANDOM.normal(size=ROWS), device_type=names) == []


def test_weeks_that_move_to_and_fro_are_no_trend() -> None:
    """Each week as a whole by 0.3 deviations: 20 references of 10 weeks."""
    named = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        times = times_of(10, rows=2000)
        week = np.minimum(share(times) * 10, 9).astype(np.int64)
        named += len(found(times, age=0.3 * random.normal(size=10)[week] + random.normal(size=2000)))
    assert named <= 1


def test_less_than_three_weeks_show_no_trend() -> None:
    times = times_of(2.9)
    assert found(times, age=share(times)) == []


def test_all_rows_at_one_hour_of_each_half_show_no_trend() -> None:
    """A morning and an evening five weeks later: hours explain all of it."""
    hours = np.concatenate([np.full(1000, 8.0), np.full(1000, 5 * 168 + 20.0)])
    times = pa.array([START + timedelta(hours=each) for each in hours.tolist()], pa.timestamp("us", "UTC"))
    assert found(times, age=np.repeat([0.0, 1.0], 1000) + RANDOM.normal(size=2000)) == []


def test_what_cannot_be_read_costs_only_itself() -> None:
    times = times_of(8)
    rising = share(times) + 0.1 * RANDOM.normal(size=ROWS)
    missing = pa.array([None] * ROWS, pa.float64())
    columns = {"age": rising, "credit_balance": missing, "device_type": pa.array([None] * ROWS, pa.string())}
    assert brief(found(times, **columns)) == ["warning reference_trend age"]
    assert found(pa.array(["no time"] * ROWS), age=rising) == []
    assert found(pa.array([[1]] * ROWS), age=rising) == []
    assert found(times, age=pa.array(["a text"] * ROWS)) == []


def test_rows_without_a_time_are_left_out() -> None:
    times = times_of(8)
    rising = share(times) + 0.1 * RANDOM.normal(size=ROWS)
    holes = pa.array([None if place % 3 == 0 else each for place, each in enumerate(times.to_pylist())], times.type)
    assert brief(found(holes, age=rising)) == ["warning reference_trend age"]
