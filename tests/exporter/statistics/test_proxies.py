"""The usual ratio: numbers by hand, known laws, and simulated counts without drift."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from exporter.profiles.proxies import MOMENTS, Moment
from exporter.statistics.proxies import Direction, UsualRatio, deviation, deviation_noise, usual_ratio

Values = npt.NDArray[np.float64]

WEEK = 168
NO_CHANCE = (Moment.NUMERATOR_SQUARES, Moment.PRODUCTS, Moment.DENOMINATOR_SQUARES)

POWERS_OF_TWO = st.integers(-7, 7).map(lambda exponent: 2.0**exponent)
"""Units that scale without rounding, which may decide whether a week has data for exactly half of a window."""


def cells(slots: int) -> npt.NDArray[np.int64]:
    return np.arange(slots) % WEEK


def counted(successes: Values, rows: Values) -> Values:
    """The sums of zeros and ones over rows."""
    return np.stack([rows, successes, rows, successes, successes, rows], axis=1).astype(float)


def values_only(values: Values) -> Values:
    """Values that are not counts; NaN where there is none."""
    sums = np.zeros((len(values), MOMENTS))
    sums[:, Moment.DENOMINATOR] = sums[:, Moment.ROWS] = np.isfinite(values)
    sums[:, Moment.NUMERATOR] = np.nan_to_num(values)
    return sums


def steady(weeks: int = 8, length: int = 1, rate: float = 0.2, rows: float = 100) -> Values:
    every = np.full(weeks * WEEK + length, rows)
    return counted(rate * every, every)


def of(slots: Values, length: int = 1) -> UsualRatio:
    return usual_ratio(slots, cells(len(slots)), length, WEEK)


class TestUsual:
    def test_a_constant_share_is_the_usual_ratio(self) -> None:
        known = of(steady())
        # 0.2 * 0.8 / 100 of the window, and pi / 2 / 8 of as much for the median of eight weeks
        assert known.ratio == pytest.approx(0.2)
        assert known.variance == pytest.approx(0.0016 * (1 + math.pi / 16))
        assert known.spread == 0

    def test_is_weighted_by_the_windows_own_denominators(self) -> None:
        rows = np.full(8 * WEEK + 2, 100.0)
        rows[-1] = 300
        hour = cells(len(rows)) % 2
        known = of(counted(np.where(hour == 0, 0.1, 0.3) * rows, rows), 2)
        assert known.ratio == pytest.approx((100 * 0.1 + 300 * 0.3) / 400)

    def test_does_not_change_after_a_week_of_outage(self) -> None:
        slots = steady()
        out = slice(3 * WEEK, 4 * WEEK)
        slots[out, Moment.NUMERATOR] = slots[out, Moment.NUMERATOR_SQUARES] = slots[out, Moment.PRODUCTS] = 0
        known = of(slots)
        assert known.ratio == pytest.approx(0.2)
        assert known.spread == 0

    def test_does_not_use_the_windows_own_numerators(self) -> None:
        slots = steady()
        changed = slots.copy()
        changed[-1, Moment.NUMERATOR] = 0
        assert of(slots) == of(changed)

    def test_contains_the_differences_between_weeks(self) -> None:
        # Weeks at 0.9 and 1.1 in turn: each is compared with seven others, of which four are of the other kind.
        week = np.arange(8 * WEEK + 1)[::-1] // WEEK
        known = of(values_only(np.where(week % 2, 1.1, 0.9)))
        least, most = (shift / special.ndtri(0.75) for shift in (1 - 0.9 / 1.1, 1.1 / 0.9 - 1))
        assert known.ratio == pytest.approx(1.0)
        assert known.variance == 0
        assert math.sqrt((least**2 + most**2) / 2) - 1e-9 <= known.spread <= most + 1e-9

    @pytest.mark.parametrize(("weeks", "known"), [(2, False), (3, True)])
    def test_needs_three_weeks(self, weeks: int, known: bool) -> None:
        assert math.isfinite(of(steady(weeks)).ratio) == known

    def test_uses_weeks_with_data_for_half_of_the_window(self) -> None:
        slots = steady(4, 24)
        slots[-24 - WEEK : -WEEK - 12] = 0  # half of one of four weeks
        assert of(slots, 24).ratio == pytest.approx(0.2)
        slots[-24 - WEEK : -WEEK - 11] = 0
        slots[-24 - 2 * WEEK : -2 * WEEK] = 0
        assert math.isnan(of(slots, 24).ratio)

    def test_fills_the_hours_that_a_week_lacks_from_the_others(self) -> None:
        rows = np.full(8 * WEEK + 4, 100.0)
        rate = np.where(cells(len(rows)) < 2, 0.1, 0.3)
        slots = counted(rate * rows, rows)
        for week in range(1, 8, 2):
            slots[week * WEEK : week * WEEK + 2] = 0
        assert of(slots, 4).ratio == pytest.approx(0.2)

    def test_without_data_is_unknown(self) -> None:
        assert all(map(math.isnan, vars_of(of(np.zeros((8 * WEEK + 1, MOMENTS))))))
        assert all(map(math.isnan, vars_of(of(steady(0)))))

    def test_of_a_window_without_a_denominator_is_unknown(self) -> None:
        slots = steady()
        slots[-1] = 0
        assert math.isnan(of(slots).ratio)

    @settings(max_examples=25)
    @given(st.integers(0, 10**6), POWERS_OF_TWO, POWERS_OF_TWO, st.sampled_from([1, 5, 24]))
    def test_does_not_depend_on_units(self, seed: int, numerator: float, denominator: float, length: int) -> None:
        slots = simulated(seed, rows=60, length=length)
        powers = np.array([[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]])
        scaled = slots * numerator ** powers[:, 0] * denominator ** powers[:, 1]
        left, right = of(slots, length), of(scaled, length)
        ratio = numerator / denominator
        assert vars_of(right) == pytest.approx((left.ratio * ratio, left.variance * ratio**2, left.spread), rel=1e-6)


def vars_of(known: UsualRatio) -> tuple[float, float, float]:
    return known.ratio, known.variance, known.spread


class TestDeviation:
    @pytest.mark.parametrize(
        ("direction", "fallen", "risen"), [("both", 0.25, 0.5), ("down", 0.25, 0.0), ("up", 0.0, 0.5)]
    )
    def test_is_relative_and_in_the_given_direction(self, direction: Direction, fallen: float, risen: float) -> None:
        assert deviation(0.3, 0.4, direction) == pytest.approx(fallen)
        assert deviation(0.6, 0.4, direction) == pytest.approx(risen)

    @pytest.mark.parametrize("expected", [0.0, -1.0, math.nan])
    def test_from_0_is_unknown(self, expected: float) -> None:
        assert math.isnan(deviation(0.3, expected, "both"))


class TestNoise:
    @pytest.mark.parametrize(("direction", "tail"), [("both", 0.005), ("down", 0.01), ("up", 0.01)])
    def test_of_many_events_is_that_of_the_normal_law(self, direction: Direction, tail: float) -> None:
        z = float(-special.ndtri(tail))
        known = UsualRatio(0.5, 0.25 / 1e6, 0.003)
        assert deviation_noise(known, 0.01, direction) == pytest.approx(z * math.hypot(0.001, 0.003), rel=0.01)

    def test_of_few_events_is_that_of_a_count(self) -> None:
        # 8 expected events; downwards, where a count's tail is short, the many others reach farther
        known = UsualRatio(8e-6, 8e-12, 0)
        law = stats.poisson(8)
        fewest, most = law.ppf(0.001), law.ppf(0.999)
        assert deviation_noise(known, 0.001, "down") >= 1 - fewest / 8
        assert deviation_noise(known, 0.001, "up") == pytest.approx(most / 8 - 1)

    def test_of_a_high_share_is_that_of_the_rare_other_events(self) -> None:
        rows, rate = 50, 0.95
        known = UsualRatio(rate, rate * (1 - rate) / rows, 0)
        fewest = stats.binom(rows, rate).ppf(0.001)
        assert deviation_noise(known, 0.001, "down") >= 1 - fewest / (rows * rate)

    def test_without_sampling_noise_is_that_of_the_spread(self) -> None:
        assert deviation_noise(UsualRatio(3.0, 0, 0.1), 0.01, "up") == pytest.approx(0.1 * float(-special.ndtri(0.01)))

    @pytest.mark.parametrize(
        "known", [UsualRatio(0.2, 0.1, math.nan), UsualRatio(math.nan, 0.1, 0.1), UsualRatio(0.0, 0.1, 0.1)]
    )
    def test_of_an_unknown_ratio_is_unknown(self, known: UsualRatio) -> None:
        assert math.isnan(deviation_noise(known, 0.01, "both"))


# ------------------------------------------------------------------------------------------------ in simulation


def simulated(
    seed: int, *, rows: float = 500, rate: float = 0.05, length: int = 1, between: float = 0.0, shift: float = 1.0
) -> Values:
    """Counts that follow the hour of the week; `between` is how much each day's rate differs, `shift` the window's."""
    random = np.random.default_rng(seed)
    slots = 8 * WEEK + length
    season = 1 + 0.4 * np.sin(cells(slots) * 2 * np.pi / 24)
    days = np.exp(between * random.standard_normal(slots // 24 + 1))[np.arange(slots) // 24]
    many = random.poisson(rows * season).astype(float)
    rates = np.minimum(rate * season[::-1] * days, 1)
    rates[-length:] *= shift
    return counted(random.binomial(many.astype(int), rates).astype(float), many)


def alarms(q: float, direction: Direction, runs: int, length: int = 1, **world: float) -> int:
    found = 0
    for seed in range(runs):
        slots = simulated(seed, length=length, **world)
        known = of(slots, length)
        value = slots[-length:, Moment.NUMERATOR].sum() / slots[-length:, Moment.DENOMINATOR].sum()
        found += deviation(value, known.ratio, direction) > deviation_noise(known, q, direction)
    return found


@pytest.mark.parametrize(
    ("direction", "length", "world"),
    [
        ("both", 1, {"rows": 100}),
        ("down", 1, {"rate": 0.6}),
        ("both", 24, {"between": 0.1}),
    ],
    ids=["few", "often", "restless"],
)
def test_counts_without_drift_have_at_most_the_false_alarm_rate(
    direction: Direction, length: int, world: dict[str, float]
) -> None:
    runs, q = 100, 0.02
    assert alarms(q, direction, runs, length, **world) <= stats.binom(runs, q).ppf(0.999)


def test_a_fall_by_two_fifths_exceeds_the_noise() -> None:
    assert alarms(0.0005, "down", 20, 24, shift=0.6) == 20
