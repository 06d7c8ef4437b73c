"""The laws of a slice's value: known numbers, the intervals of the exporter, and the variance that is asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from exporter.statistics.labels.performance import auroc, share
from exporter.statistics.objectives.laws import Area, Law, Number, Share

LAWS = [Share(50), Area(50), Number(0.03)]


def test_a_share_is_bad_where_wilsons_interval_is_below_the_target() -> None:
    rows = 900
    limit = Share(300).limit(0.9, 3, 1)
    assert limit == pytest.approx(0.9 - 1.96 * 0.01, rel=1e-4)
    for right in range(700, rows):
        assert (share(right, np.array([rows])).upper < 0.9) == (right / rows < limit)


def test_an_auroc_is_bad_where_its_interval_is_below_the_target() -> None:
    """Histograms of normal scores whose AUROC is just at the limit, and a little above."""
    ends = np.concatenate([[-math.inf], np.linspace(-5, 7, 400), [math.inf]])
    limit = Area(40).limit(0.91, 7, 1)

    def upper(area: float) -> float:
        shift = math.sqrt(2) * float(special.ndtri(area))
        return auroc(280 * np.diff(special.ndtr(ends - shift)), 28_000_000 * np.diff(special.ndtr(ends))).upper

    assert upper(limit) == pytest.approx(0.91, abs=2e-4)
    assert upper(limit + 0.003) > 0.91


def test_the_variance_of_an_auroc_is_that_of_simulated_scores() -> None:
    random = np.random.default_rng(4)
    shift = 2.0871  # of normal scores, for an area of 0.93
    negatives = np.sort(random.standard_normal(200_000))
    areas = [np.searchsorted(negatives, random.normal(shift, 1, 280)).mean() / len(negatives) for _ in range(2000)]
    assert np.mean(areas) == pytest.approx(0.93, abs=0.001)
    assert math.sqrt(Area(280).variance(0.93)) == pytest.approx(np.std(areas), rel=0.05)


def test_a_number_is_bad_beyond_its_normal_interval() -> None:
    assert Number(3).limit(100, 9, 1) == pytest.approx(100 - 1.96, rel=1e-4)
    assert Number(3).limit(100, 9, 4) == pytest.approx(100 - 2 * 1.96, rel=1e-4)


@pytest.mark.parametrize("law", LAWS)
def test_days_have_the_mean_and_the_variance_that_are_asked_for(law: Law) -> None:
    [days] = law.days(np.array([0.8]), 0.01, 100_000, np.random.default_rng(1)).T
    assert days.mean() == pytest.approx(0.8, abs=0.002)
    assert days.var() == pytest.approx(0.01, rel=0.03)


@pytest.mark.parametrize("law", LAWS)
def test_slices_vary_around_their_day_as_independent_labels_do(law: Law) -> None:
    days = np.full((50_000, 1), 0.8)
    sums, weights = law.sums(days, np.array([0, 0]), np.random.default_rng(2))
    values = sums / weights
    assert values.mean() == pytest.approx(0.8, abs=0.002)
    assert values[:, 0].var() == pytest.approx(law.variance(0.8), rel=0.05)
    assert np.corrcoef(values.T)[0, 1] == pytest.approx(0, abs=0.02)


def test_a_slice_may_have_less_than_a_label() -> None:
    sums, rows = Share(0.4).sums(np.ones((1, 1)), np.zeros(10, np.int64), np.random.default_rng(3))
    assert rows.tolist() == sums[0].tolist()
    assert rows.sum() == 4
