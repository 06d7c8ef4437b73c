"""Samples of proxies: comparison with the same hours of the local week, holidays, grains and absent values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.profiles.proxies import MOMENTS, Moment
from exporter.samples.proxies import ProxyHistory, proxy_samples
from exporter.samples.traffic import LOOK_BACK
from exporter.spec.model import ModelSpec
from exporter.statistics import proxies, thresholds
from fraud_log import local_spec_document

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(2026, 9, 21, tzinfo=UTC)
ROWS = 1000
CTR = {"name": "ctr", "ratio": {"numerator": "clicks", "denominator": "shown"}}
QUERIED = {"name": "queried", "promql": "sum(orders)"}

Rate = Callable[[datetime], float]
Found = dict[tuple[str, str], float]


def spec(*given: dict[str, Any], **body: Any) -> ModelSpec:
    return ModelSpec.model_validate(
        local_spec_document(**{"proxies": list(given or (CTR,)), "windows": ["1h"], **body})
    )


def history(model: ModelSpec, rate: Rate, rows: Callable[[datetime], float] = lambda _: ROWS) -> ProxyHistory:
    """Zeros and ones over rows, hour by hour; or values, for a proxy from a query."""
    start = MONDAY - LOOK_BACK - WEEK
    hours = [start + place * HOUR for place in range((MONDAY - start) // HOUR)]
    x, n = np.array([rate(hour) for hour in hours]), np.array([rows(hour) for hour in hours], float)
    (proxy,) = model.spec.proxies
    if proxy.promql:
        sums = np.zeros((len(x), MOMENTS))
        sums[:, Moment.ROWS] = sums[:, Moment.DENOMINATOR] = n > 0
        sums[:, Moment.NUMERATOR] = np.where(n > 0, x, 0)
        return ProxyHistory(proxy, start, HOUR, sums)
    return ProxyHistory(proxy, start, HOUR, np.stack([n, x * n, n, x * n, x * n, n], axis=1))


def samples(model: ModelSpec, *histories: ProxyHistory) -> Found:
    return {(one.metric.key, one.labels[-1]): one.value for one in proxy_samples(model, histories)}


def gauges(
    rate: Rate, *given: dict[str, Any], rows: Callable[[datetime], float] = lambda _: ROWS, **body: Any
) -> Found:
    model = spec(*given, **body)
    return samples(model, history(model, rate, rows))


def fallen(start: datetime) -> float:
    return 0.1 if start >= MONDAY - HOUR else 0.2


def test_a_window_has_its_expected_value_and_band() -> None:
    found = gauges(fallen)
    known = proxies.UsualRatio(0.2, 0.16 / ROWS * (1 + np.pi / 16), 0)
    level = proxies.deviation_noise(known, 0.0005, "both")
    assert level > 0.1
    assert found == {
        (catalogue.PROXY_VALUE.key, "1h"): pytest.approx(0.1),
        (catalogue.PROXY_EXPECTED.key, "1h"): pytest.approx(0.2),
        (catalogue.PROXY_DEVIATION.key, "1h"): pytest.approx(0.5),
        (catalogue.PROXY_DEVIATION_THRESHOLD.key, "1h"): pytest.approx(level),
        (catalogue.PROXY_EXPECTED_LOWER.key, "1h"): pytest.approx(0.2 * (1 - level)),
        (catalogue.PROXY_EXPECTED_UPPER.key, "1h"): pytest.approx(0.2 * (1 + level)),
    }


def test_a_floor_above_the_noise_is_the_threshold_of_its_weekday() -> None:
    floor = {"floor": 0.7, "weekdays": {"sunday": 0.9}}
    found = gauges(fallen, {**CTR, "floor": floor})
    assert found[catalogue.PROXY_DEVIATION_THRESHOLD.key, "1h"] == 0.9  # the window's last moment is Sunday's


@pytest.mark.parametrize(
    ("direction", "deviation", "absent"),
    [("down", 0.5, catalogue.PROXY_EXPECTED_UPPER), ("up", 0.0, catalogue.PROXY_EXPECTED_LOWER)],
)
def test_a_direction_has_one_side_of_the_band(direction: str, deviation: float, absent: catalogue.Metric) -> None:
    found = gauges(fallen, {**CTR, "direction": direction})
    assert found[catalogue.PROXY_DEVIATION.key, "1h"] == pytest.approx(deviation)
    assert (absent.key, "1h") not in found
    assert len(found) == 5


def test_the_false_positive_rate_is_shared_between_proxies() -> None:
    model = spec({**CTR, "floor": 0}, {**CTR, "name": "other"})
    first = history(spec({**CTR, "floor": 0}), fallen)
    rate = thresholds.per_comparison(0.0005, 2)
    known = proxies.UsualRatio(0.2, 0.16 / ROWS * (1 + np.pi / 16), 0)
    expected = pytest.approx(proxies.deviation_noise(known, rate, "both"))
    assert samples(model, first)[catalogue.PROXY_DEVIATION_THRESHOLD.key, "1h"] == expected


def test_hours_are_compared_with_the_same_hours_of_the_week() -> None:
    found = gauges(lambda start: 0.1 + 0.005 * start.hour + 0.01 * start.weekday(), windows=["1h", "24h", "7d"])
    for window in ("1h", "24h", "7d"):
        assert found[catalogue.PROXY_DEVIATION.key, window] == pytest.approx(0, abs=1e-9)


def test_a_holiday_is_compared_with_the_day_that_it_counts_as() -> None:
    def rate(start: datetime) -> float:
        return 0.1 if start.weekday() == 5 or start >= MONDAY - DAY else 0.3

    plain = gauges(rate, windows=["24h"])
    dates = {"holidays": {"dates": ["2026-09-20"], "like": "saturday"}}
    named = gauges(rate, windows=["24h"], seasonality=dates)
    assert plain[catalogue.PROXY_DEVIATION.key, "24h"] == pytest.approx(2 / 3)
    assert named[catalogue.PROXY_DEVIATION.key, "24h"] == pytest.approx(0, abs=1e-9)


def test_a_young_log_has_a_value_and_no_band() -> None:
    found = gauges(fallen, rows=lambda start: ROWS if start >= MONDAY - 2 * WEEK - HOUR else 0)
    assert found == {(catalogue.PROXY_VALUE.key, "1h"): pytest.approx(0.1)}


def test_too_few_rows_have_no_samples() -> None:
    assert gauges(fallen, rows=lambda start: 29 if start >= MONDAY - HOUR else ROWS) == {}


def test_a_usual_value_of_0_leaves_only_the_value() -> None:
    assert gauges(lambda _: 0.0) == {(catalogue.PROXY_VALUE.key, "1h"): 0}


@pytest.mark.parametrize(("missing", "known"), [(12, True), (13, False)])
def test_a_queried_value_must_be_known_in_half_of_the_hours(missing: int, known: bool) -> None:
    found = gauges(lambda _: 3.0, QUERIED, rows=lambda start: start < MONDAY - missing * HOUR, windows=["24h"])
    assert found.get((catalogue.PROXY_VALUE.key, "24h")) == (3.0 if known else None)


def test_constant_values_have_the_floor_as_their_threshold() -> None:
    found = gauges(lambda start: 2.0 if start >= MONDAY - HOUR else 3.0, QUERIED)
    assert found[catalogue.PROXY_DEVIATION_THRESHOLD.key, "1h"] == 0.1
    assert found[catalogue.PROXY_DEVIATION.key, "1h"] == pytest.approx(1 / 3)
