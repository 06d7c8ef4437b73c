"""What to expect of an objective: laws by hand and simulated scores."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats
from simulation.clustered import Storms, bad_shares

from exporter.spec.sections.slo import Slo, Tier
from exporter.statistics.labels.performance import Z_95
from exporter.statistics.objectives.chances import Slices, exhaustion_chance, slices_until_fired
from exporter.statistics.objectives.laws import Number, Share

OBJECTIVE = Fraction(19, 20)
HALF = 0.01
"""Half the width of the interval of a verdict."""


def slo() -> Slo:
    return Slo.model_validate({"name": "a", "metric": "auroc", "at_least": 0.91, "objective": 0.95})


def slices(number: int = 30, overlap: int = 1, daily: float = 1, effect: float = 1, judged: float = 1) -> Slices:
    return Slices(0.0, number, overlap, daily, effect, judged)


def law(half: float, overlap: int = 1) -> Number:
    """A value whose interval has this half width over a verdict's window."""
    return Number(half / Z_95 * math.sqrt(overlap))


def chance(margin: float, budget: Fraction, period: Slices, half: float = HALF) -> float:
    return exhaustion_chance(law(half, period.overlap), margin, period, budget)


def fired_after(above: float, below: float, half: float, overlap: int, tiers: tuple[Tier, ...]) -> int | None:
    return slices_until_fired(law(half, overlap), (above, -below), slices(30, overlap), OBJECTIVE, tiers)


def test_without_noise_nothing_is_random() -> None:
    assert chance(0.01, Fraction(3, 2), slices(), half=0) == 0
    assert chance(-0.01, Fraction(3, 2), slices(), half=0) == 1


def test_independent_slices_exhaust_a_budget_by_the_binomial_law() -> None:
    # Two of thirty that are bad once in forty: 1 - 0.975^30 - 30 x 0.025 x 0.975^29.
    assert chance(0, Fraction(3, 2), slices()) == pytest.approx(1 - 0.4679 - 0.3599, rel=0.1)


@pytest.mark.parametrize("effect", [3, 7, 12])
def test_days_that_vary_more_than_their_intervals_say_are_bad_more_often(effect: float) -> None:
    """A day's value has the standard deviation root D x half / 1.96: the law of each day is normal and they differ."""
    bad = special.ndtr(-(Z_95 + Z_95 / 2) / math.sqrt(effect))
    expected = stats.binom.sf(1, 30, bad)
    assert chance(HALF / 2, Fraction(3, 2), slices(effect=effect)) == pytest.approx(expected, rel=0.1)


def test_an_interval_that_is_as_wide_as_its_days_vary_is_true_again() -> None:
    alone = chance(0, Fraction(3, 2), slices())
    assert chance(0, Fraction(3, 2), slices(effect=7, judged=7)) == pytest.approx(alone, rel=0.15)


def test_the_slices_of_a_day_are_bad_together() -> None:
    """With a day of the design effect 25, half of an hour's variance is its day's: a bad day brings several bad hours.

    So a budget of a quarter of a day is exhausted, which independent hours with as many bad ones never do.
    """
    days = slices(720, daily=24, effect=25, judged=25)
    alone = slices(720, daily=24, effect=1)
    hours = Number(HALF / Z_95)
    assert days.judged_window == 2
    assert exhaustion_chance(hours, 0.0, alone, Fraction(36)) < 0.0005
    assert exhaustion_chance(hours, 0.0, days, Fraction(36)) > 0.02


@pytest.mark.parametrize(("effect", "rolling"), [(3, False), (7, True), (12, False)])
def test_chances_are_those_of_simulated_labels(effect: float, rolling: bool) -> None:
    """Right and wrong predictions of days with a latent shock; benchmarks/slo.py has more of them."""
    window = {"over": "rolling", "window": "7d"} if rolling else {}
    objective = Slo.model_validate({"name": "a", "metric": "accuracy", "at_least": 0.9, "objective": 0.95, **window})
    bad = np.concatenate(list(bad_shares(objective, 0.915, Storms(7000, effect), 2000)))
    counted = (bad >= math.ceil(objective.budget)).mean()
    period = Slices(0.9, 30, 7 if rolling else 1, 1, effect)
    assert counted > 0.01
    assert exhaustion_chance(Share(1000), 0.915, period, objective.budget) == pytest.approx(counted, rel=0.2)


def test_slices_that_share_predictions_are_bad_together() -> None:
    """Bad slices come in runs: one is followed by others, but there are fewer runs."""
    assert chance(0, Fraction(6), slices()) < 0.001
    assert 0.02 < chance(0, Fraction(6), slices(overlap=7)) < 0.1


def test_a_drop_far_beyond_the_noise_fires_like_an_outage() -> None:
    tiers = slo().fast()
    assert fired_after(0.02, 0.3, 0.001, 1, tiers) == 2
    # 0.02 - 0.04 j / 7 is below the target from j = 4 on: the fourth and fifth verdicts are bad.
    assert fired_after(0.02, 0.02, 0.0001, 7, tiers) == 5


def test_a_drop_within_the_noise_may_never_fire() -> None:
    assert fired_after(0.02, 0.001, 0.05, 7, slo().fast()) is None
    assert fired_after(0.02, 0.3, 0.001, 1, ()) is None


def test_half_bad_slices_need_a_few_more() -> None:
    """A value as far below as half its interval is bad half of the time, and two bad ones of four fire.

    So nothing has fired where bad slices are four or more apart: 26 of 512 sequences of nine, and 36 of 1024 of ten.
    """
    assert fired_after(0.02, 0.01, 0.01, 1, slo().fast()) in {9, 10}
