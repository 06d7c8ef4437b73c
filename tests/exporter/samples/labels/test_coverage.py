"""The usual coverage of labels, and the threshold that follows from it, worked out by hand or simulated."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from exporter.labels.outcomes import Outcome
from exporter.profiles.group import Group
from exporter.samples.labels.coverage import UNKNOWN, UsualCoverage
from exporter.spec.model import ModelSpec
from exporter.statistics.thresholds import ratio_shortfall
from fraud_log import labelled_spec_document
from random_outcomes import END

SPEC = ModelSpec.model_validate(labelled_spec_document(windows=["24h"]))
FLOOR, Q = 0.8, 0.0005
NONE = np.zeros(0, np.int64)


def past(usual: float, spread: float, days: int = 28, role: str = "") -> UsualCoverage:
    """Hours of 40 predictions; the coverage of a day differs from the usual one by a shift."""
    random, hours = np.random.default_rng(4), {}
    for day in range(days):
        rate = float(np.clip(usual + spread * random.standard_normal(), 0, 1))
        for hour in range(24):
            known = int(random.binomial(40, rate))
            outcome = Outcome(40, known, 0, NONE, None)
            hours[END - timedelta(days=days - day, hours=-hour)] = {Group("v", role): outcome}
    return UsualCoverage.of(SPEC, hours)


def test_without_a_past_it_is_the_binomial_law() -> None:
    assert UNKNOWN.threshold(FLOOR, 1000, 24, Q) == ratio_shortfall(FLOOR, 1000, Q) == pytest.approx(0.757)
    assert past(0.97, 0, days=5) == UNKNOWN
    assert UsualCoverage.of(SPEC, {}) == UNKNOWN


def test_where_nearly_all_have_labels_the_floor_itself_counts() -> None:
    """With 0.97 as usual, 0.77 is no chance, though 1,000 rows of a process of 0.8 may have it."""
    usual = past(0.97, 0)
    assert usual.median == pytest.approx(0.97, abs=0.01)
    assert usual.threshold(FLOOR, 1000, 24, Q) == FLOOR
    assert past(1, 0).threshold(FLOOR, 30, 24, Q) == FLOOR


def test_where_coverage_is_near_the_floor_chance_is_allowed_for() -> None:
    usual = past(0.83, 0)
    assert 0.757 < usual.threshold(FLOOR, 1000, 24, Q) < FLOOR


def test_days_that_differ_lower_the_threshold() -> None:
    """A standard deviation of 0.033 is a design effect of 7: of ordinary days at 0.8 one in ten would alert."""
    calm, stormy = past(0.8, 0), past(0.8, 0.033)
    assert calm.threshold(FLOOR, 960, 24, Q) == pytest.approx(0.757, abs=0.01)
    level = stormy.threshold(FLOOR, 960, 24, Q)
    assert 0.6 < level < 0.71
    random = np.random.default_rng(1)
    days = random.binomial(960, np.clip(0.8 + 0.033 * random.standard_normal(100_000), 0, 1)) / 960
    assert (days < ratio_shortfall(FLOOR, 960, Q)).mean() > 0.1
    assert (days < level).mean() < 0.005


def test_a_quarter_less_than_wanted_is_always_too_few() -> None:
    assert past(0.5, 0.3).threshold(FLOOR, 960, 24, Q) >= 0.6


def test_a_long_outage_does_not_lower_what_is_wanted() -> None:
    assert past(0.1, 0).threshold(FLOOR, 960, 24, Q) == pytest.approx(0.757, abs=0.01)


def test_a_challenger_does_not_count() -> None:
    assert past(0.97, 0, role="challenger") == UNKNOWN
