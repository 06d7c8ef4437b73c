"""What to expect of an objective: laws by hand and simulated scores."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from exporter.spec.sections.slo import Slo, Tier
from exporter.statistics.slo_chances import (
    auroc_half_width,
    bad_slice_chance,
    exhaustion_chance,
    share_half_width,
    slices_until_fired,
)

OBJECTIVE = Fraction(19, 20)


def slo() -> Slo:
    return Slo.model_validate({"name": "a", "metric": "auroc", "at_least": 0.91, "objective": 0.95})


def fired_after(above: float, below: float, half: float, overlap: int, tiers: tuple[Tier, ...]) -> int | None:
    return slices_until_fired(above, below, half, overlap=overlap, objective=OBJECTIVE, tiers=tiers, horizon=30)


def test_the_interval_of_a_share() -> None:
    assert share_half_width(0.9, 900) == pytest.approx(1.96 * 0.01, rel=1e-4)


def test_the_interval_of_an_auroc_is_that_of_simulated_scores() -> None:
    random = np.random.default_rng(4)
    shift = 2.0871  # of normal scores, for an area of 0.93
    negatives = np.sort(random.standard_normal(200_000))
    areas = [np.searchsorted(negatives, random.normal(shift, 1, 280)).mean() / len(negatives) for _ in range(2000)]
    assert np.mean(areas) == pytest.approx(0.93, abs=0.001)
    assert auroc_half_width(0.93, 280) == pytest.approx(1.96 * np.std(areas), rel=0.05)


def test_chance_alone_is_bad_once_in_forty() -> None:
    assert bad_slice_chance(0, 0.01) == pytest.approx(0.025)
    assert bad_slice_chance(0.01, 0.01) == pytest.approx(4.43e-5, rel=0.01)
    assert bad_slice_chance(-0.01, 0.01) == pytest.approx(0.5)


def test_without_noise_nothing_is_random() -> None:
    assert bad_slice_chance(0.01, 0) == 0
    assert exhaustion_chance(-0.01, 0, 30, Fraction(3, 2)) == 1
    assert exhaustion_chance(0.01, 0, 30, Fraction(3, 2), overlap=7) == 0


def test_independent_slices_exhaust_a_budget_by_the_binomial_law() -> None:
    # Two of thirty: 1 - 0.975^30 - 30 x 0.025 x 0.975^29.
    assert exhaustion_chance(0, 0.01, 30, Fraction(3, 2)) == pytest.approx(1 - 0.4679 - 0.3599, abs=2e-4)


def test_slices_that_share_predictions_are_bad_together() -> None:
    """Bad slices come in runs: one is followed by others, but there are fewer runs."""
    budget = Fraction(6)
    assert exhaustion_chance(0, 0.01, 30, budget) < 0.0005
    assert 0.02 < exhaustion_chance(0, 0.01, 30, budget, overlap=7) < 0.1


def test_slices_that_share_few_predictions_are_nearly_independent() -> None:
    alone = exhaustion_chance(0, 0.01, 300, Fraction(10))
    assert exhaustion_chance(0, 0.01, 300, Fraction(10), overlap=2) == pytest.approx(alone, abs=0.05)


def test_a_drop_far_beyond_the_noise_fires_like_an_outage() -> None:
    tiers = slo().fast()
    assert fired_after(0.02, 0.3, 0.001, 1, tiers) == 2
    # 0.02 - 0.04 j / 7 is below the target from j = 4 on: the fourth and fifth verdicts are bad.
    assert fired_after(0.02, 0.02, 0.0001, 7, tiers) == 5


def test_a_drop_within_the_noise_may_never_fire() -> None:
    assert fired_after(0.02, 0.001, 0.05, 7, slo().fast()) is None
    assert fired_after(0.02, 0.3, 0.001, 1, ()) is None


def test_half_bad_slices_need_a_few_more() -> None:
    """A value as far below as half its interval is bad half of the time: two of four within eight, 19 of 20 times.

    Every slice from the fourth on has two bad ones among its last four, itself among them, with a chance of 7/16.
    """
    found = fired_after(0.02, 0.01, 0.01, 1, slo().fast())
    assert found is not None
    assert 5 <= found <= 9
