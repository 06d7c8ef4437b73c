"""Slices, budget and burn rate: numbers by hand, the textbook, and simulated periods."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.sections.slo import Slo, Tier
from exporter.statistics.labels.performance import Estimate
from exporter.statistics.objectives.slo import (
    Tally,
    Verdict,
    budget_remaining,
    burn_rate,
    firing,
    slice_tally,
    slices_to_fire,
    verdict,
)

GOOD, BAD, UNKNOWN = (slice_tally(each) for each in (Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN))
OBJECTIVE = Fraction(19, 20)
NAN = math.nan


def slo(**changes: Any) -> Slo:
    return Slo.model_validate({"name": "a", "metric": "auroc", "at_least": 0.91, "objective": 0.95, **changes})


class TestVerdict:
    @pytest.mark.parametrize(
        ("estimate", "expected"),
        [
            (Estimate(0.93, 0.92, 0.94), Verdict.GOOD),
            (Estimate(0.90, 0.89, 0.92), Verdict.GOOD),  # below the target, as chance may have it
            (Estimate(0.90, 0.89, 0.91), Verdict.GOOD),
            (Estimate(0.90, 0.89, 0.909), Verdict.BAD),
            (Estimate(NAN, NAN, NAN), Verdict.UNKNOWN),
            (Estimate(0.5, NAN, NAN), Verdict.UNKNOWN),
        ],
    )
    def test_is_bad_only_when_even_the_upper_end_misses(self, estimate: Estimate, expected: Verdict) -> None:
        assert verdict(estimate, 0.91, at_least=True) is expected

    def test_for_an_error_the_lower_end_counts(self) -> None:
        assert verdict(Estimate(3, 1, 5), 2, at_least=False) is Verdict.GOOD
        assert verdict(Estimate(3, 2.1, 5), 2, at_least=False) is Verdict.BAD


class TestBurn:
    def test_is_the_bad_share_over_the_allowed_share(self) -> None:
        assert burn_rate([BAD, GOOD], OBJECTIVE) == 10
        assert burn_rate([BAD] * 3, OBJECTIVE) == 20, "1 / (1 - objective) is the most there is"
        assert burn_rate([GOOD] * 3, OBJECTIVE) == 0

    def test_at_exactly_the_budget_is_exactly_one(self) -> None:
        assert burn_rate([BAD] + [GOOD] * 19, OBJECTIVE) == 1, "and not 1.0000000000000002"

    def test_an_unknown_slice_is_not_bad_and_does_not_shorten_a_window(self) -> None:
        assert burn_rate([BAD, UNKNOWN], OBJECTIVE) == 10

    def test_without_known_slices_there_is_no_burn_rate(self) -> None:
        assert burn_rate([UNKNOWN] * 4, OBJECTIVE) is None
        assert burn_rate([], OBJECTIVE) is None
        assert budget_remaining([UNKNOWN], OBJECTIVE) is None

    def test_counts_events_by_their_number(self) -> None:
        tallies = [Tally(900, 9, known=True), Tally(100, 41, known=True), Tally(0, 0, known=False)]
        assert burn_rate(tallies, Fraction(99, 100)) == 5
        assert budget_remaining(tallies, Fraction(99, 100)) == -4

    @given(st.lists(st.sampled_from([GOOD, BAD, UNKNOWN]), min_size=1), st.integers(1, 99))
    def test_stays_within_its_bounds(self, tallies: list[Tally], percent: int) -> None:
        objective = Fraction(percent, 100)
        burnt = burn_rate(tallies, objective)
        assert burnt is None or 0 <= burnt <= 1 / (1 - objective)


def test_the_budget_of_a_month_of_days() -> None:
    assert budget_remaining([GOOD] * 30, OBJECTIVE) == 1
    assert budget_remaining([BAD] + [GOOD] * 29, OBJECTIVE) == Fraction(1, 3)
    assert budget_remaining([BAD] * 2 + [GOOD] * 28, OBJECTIVE) == Fraction(-1, 3)


class TestTiers:
    def test_short_slices_fire_as_in_the_textbook(self) -> None:
        """Minutes of an outage until each tier fires at 95 %: 14.4 x 60 x 0.05 = 43.2, then 108, 216 and 216."""
        given = slo(slice="1m")
        tiers = (*given.fast(), *given.slow())
        assert [slices_to_fire(tier, given.ratio) for tier in tiers] == [44, 109, 217, 217]

    def test_each_tier_spends_the_textbook_s_share_of_the_budget(self) -> None:
        """2 % of 30 days in an hour, 5 % in six, 10 % in a day, 10 % in three."""
        given = slo(slice="1m", objective=0.98)
        shares = [tier.factor * tier.long / given.slices for tier in (*given.fast(), *given.slow())]
        assert shares == [Fraction(2, 100), Fraction(5, 100), Fraction(10, 100), Fraction(10, 100)]

    def test_at_twice_the_budget_s_rate_only_the_slowest_fires(self) -> None:
        """Half of its three days: more than 2 % of 4,320 minutes are 87, of which one comes every 25 minutes."""
        given = slo(slice="1m", objective=0.98)
        times = [slices_to_fire(tier, given.ratio, Fraction(2)) for tier in (*given.fast(), *given.slow())]
        assert times[:3] == [None, None, None]
        assert times[3] == 87 * 25

    def test_a_tier_that_is_never_reached_never_fires(self) -> None:
        assert slices_to_fire(Tier(Fraction(20), 2, 1), OBJECTIVE) is None

    @given(st.sampled_from(["0.9", "0.95", "0.97", "0.98"]), st.integers(0, 5))
    def test_alerts_fire_after_the_predicted_slices(self, objective: str, before: int) -> None:
        given = slo(objective=float(objective), period="90d")
        past = [GOOD] * (given.slices - before) + [UNKNOWN] * before
        for tiers in filter(None, (given.fast(), given.slow())):
            predicted = min(slices_to_fire(tier, given.ratio) or 99 for tier in tiers)
            assert not firing(past + [BAD] * (predicted - 1), given.ratio, tiers)
            assert firing(past + [BAD] * predicted, given.ratio, tiers)
            assert not firing(past + [BAD] * predicted + [GOOD] * max(one.short for one in tiers), given.ratio, tiers)

    def test_a_steady_burn_fires_in_the_predicted_time(self) -> None:
        given = slo(objective=0.98, slice="1h")
        [tier] = [one for one in given.slow() if one.factor == 1]
        predicted = slices_to_fire(tier, given.ratio, Fraction(2))
        assert predicted is not None
        every = [GOOD] * 24 + [BAD]  # 4 % are bad, of which 2 % may be
        lost = [GOOD] * given.slices + every * 40
        fired = [firing(lost[: given.slices + count], given.ratio, [tier]) for count in range(1, predicted + 1)]
        assert any(fired)
        assert not any(fired[: tier.long // 2 - 1])
