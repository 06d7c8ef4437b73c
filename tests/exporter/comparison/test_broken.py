"""Broken features: each kind in the first window, and their calm twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.backtest.injection import FaultKind, damage, fitting_kinds
from exporter.catalogue import Broken
from exporter.comparison.accepted import NOTHING, UNKNOWN, AcceptedLevel
from exporter.comparison.broken import broken
from exporter.comparison.features import Pair, ThresholdSettings, feature_values
from exporter.profiles.binning import Bins
from exporter.reference.reference import Reference, build_binning
from exporter.sources.source import Selection
from exporter.spec.model import Feature
from exporter.spec.sections.thresholds import Thresholds
from fraud_log import FraudLog
from profiling import binning, categorical, count, quantile_bins, whole

GENERATOR = np.random.default_rng(3)
ROWS = 20_000
AMOUNT = GENERATOR.lognormal(3, 1, ROWS)
AGE = GENERATOR.normal(40, 12, ROWS)
SPARSE = np.where(GENERATOR.random(ROWS) < 0.1, AMOUNT, 0.0)
FLAG = (GENERATOR.random(ROWS) < 0.01).astype(float)
OFTEN = (GENERATOR.random(ROWS) < 0.1).astype(float)
CODES = np.array(["a", "b", "c", "d"])[GENERATOR.choice(4, ROWS, p=[0.7, 0.2, 0.09, 0.01])]
RATE = 1e-5


def judged(
    before: Any,
    now: Any,
    *,
    stretch: float = 1.0,
    importance: float = 1.0,
    accepted: AcceptedLevel = NOTHING,
    **thresholds: Any,
) -> Broken | None:
    before = np.asarray(before)
    kind = "numeric" if before.dtype.kind == "f" else "categorical"
    names = list(dict.fromkeys(name for name in before.tolist() if name is not None))
    cells: Bins = quantile_bins(before[np.isfinite(before)]) if kind == "numeric" else categorical("x", *names)
    table = binning(cells)
    pair = Pair(table, count(table, x=before), count(table, x=now))
    settings = ThresholdSettings(Thresholds(**thresholds), RATE, 0, {"x": [stretch] * 7}, accepted={"x": accepted})
    feature = Feature(name="x", type=kind, importance=importance)
    return broken(feature, pair, feature_values("x", pair, settings), settings)


def some(values: Any, rows: int = 1000) -> Any:
    return np.asarray(values)[GENERATOR.integers(0, len(values), rows)]


BROKEN = [
    (AMOUNT, [None] * 30, Broken.NULLS),
    (CODES, [None] * 30, Broken.NULLS),
    (AMOUNT, [20.0] * 50, Broken.CONSTANT),
    (AMOUNT, [20.0] * 900 + [None] * 100, Broken.CONSTANT),
    (CODES, ["a"] * 1000, Broken.CONSTANT),
    (CODES, ["new"] * 900 + [None] * 100, Broken.CONSTANT),
    (AMOUNT, 100 * some(AMOUNT), Broken.SCALE),
    (AMOUNT, some(AMOUNT) / 100, Broken.SCALE),
    (SPARSE, 100 * some(SPARSE, 2000), Broken.SCALE),
    (SPARSE, some(SPARSE, 2000) / 1000, Broken.SCALE),
    (OFTEN, 100 * some(OFTEN, 2000), Broken.SCALE),
    (CODES, np.char.upper(some(CODES)), Broken.CATEGORIES),
    (CODES, ["a", "b"] * 150 + [f"id {i}" for i in range(700)], Broken.CATEGORIES),
    (AMOUNT, AMOUNT[np.median(AMOUNT) < AMOUNT][:1000], Broken.DISTRIBUTION),
    (CODES, np.where(some(CODES) == "a", "renamed", "b"), Broken.CATEGORIES),
    (CODES, ["d"] * 500 + ["a"] * 500, Broken.DISTRIBUTION),
]


@pytest.mark.parametrize(("before", "now", "reason"), BROKEN, ids=[f"{i}-{b[2]}" for i, b in enumerate(BROKEN)])
def test_a_broken_feature_is_found_in_one_small_window(before: Any, now: Any, reason: Broken) -> None:
    assert judged(before, now) == reason
    assert judged(before, now, importance=0) is None


def test_a_renamed_category_is_another_distribution_of_the_others() -> None:
    assert judged(CODES, np.where((now := some(CODES)) == "b", "renamed", now)) == Broken.DISTRIBUTION


INPUTS = ("age", "credit_balance", "txn_count_7d", "country_code", "device_type")
CATASTROPHES = (FaultKind.NULLS, FaultKind.UNIT, FaultKind.FREEZE, FaultKind.RENAME)


@pytest.fixture(scope="module")
def fraud() -> Reference:
    table = FraudLog(lambda *_: None).rows(1, ROWS).select(INPUTS)
    binning, _ = build_binning(whole(table), Selection((), INPUTS[:3], INPUTS[3:]), 200)
    return Reference.whole(binning, count(binning, **{name: table[name] for name in INPUTS}))


@pytest.mark.parametrize("name", INPUTS)
def test_every_catastrophic_fault_of_a_backtest_is_broken_in_the_first_window(name: str, fraud: Reference) -> None:
    hour = FraudLog(lambda *_: None).rows(2, 500)
    settings = ThresholdSettings(Thresholds(), RATE, 0, {})
    feature = Feature(name=name, type="numeric" if name in INPUTS[:3] else "categorical")

    def judged_rows(column: Any) -> Broken | None:
        pair = Pair(fraud.binning, fraud.by_cell[0], count(fraud.binning, **{name: column}))
        return broken(feature, pair, feature_values(name, pair, settings), settings)

    assert judged_rows(hour[name]) == Broken.NONE
    kinds = set(fitting_kinds(fraud.binning.by_name[name], score=False)) & set(CATASTROPHES)
    found = {kind: judged_rows(damage(kind, name, fraud, 0)(hour[name])) for kind in kinds}
    expected = {
        FaultKind.NULLS: {Broken.NULLS},
        FaultKind.UNIT: {Broken.SCALE},
        FaultKind.FREEZE: {Broken.CONSTANT},
        FaultKind.RENAME: {Broken.CATEGORIES, Broken.DISTRIBUTION},
    }
    assert all(reason in expected[kind] for kind, reason in found.items()), found


CALM = {
    "the same": (AMOUNT, some(AMOUNT)),
    "a constant that the reference has too": (np.full(ROWS, 5.0), [5.0] * 1000),
    "a constant category that the reference has too": (np.full(ROWS, "a"), ["a"] * 1000),
    "nulls that the reference has too": (np.where(np.arange(ROWS) % 50, np.nan, AMOUNT), [None] * 100),
    "a rare flag that stays off": (FLAG, [0.0] * 5000),
    "a rare flag of a small window": (FLAG, [0.0] * 50),
    "rare categories that stay away": (CODES, some(CODES[CODES != "d"])),
    "a shift of 0.3 standard deviations": (AGE, some(AGE) + 0.3 * AGE.std()),
    "one outlier": (AMOUNT, np.append(some(AMOUNT), [1e12])),
    "five times larger": (SPARSE, 5 * some(SPARSE, 2000)),
    "a few new categories": (CODES, np.append(some(CODES), ["new"] * 100)),
    "too few zeros to tell their scale": (SPARSE, 100 * some(SPARSE, 100)),
}


@pytest.mark.parametrize("name", CALM)
def test_an_ordinary_feature_is_not_broken(name: str) -> None:
    assert judged(*CALM[name]) == Broken.NONE


def test_too_few_rows_tell_nothing() -> None:
    assert judged(AMOUNT, [None] * 29) is None
    assert judged(AMOUNT, [None] * 30) == Broken.NULLS
    assert judged(AMOUNT, [None] * 31, min_rows=32) is None


def test_what_the_references_own_weeks_do_is_not_broken() -> None:
    # Two thirds of each Sunday are null in the reference, so its PSI has a great stretch on that day.
    before, now = np.where(np.arange(ROWS) % 7, AMOUNT, np.nan), [None] * 1000
    assert judged(before, now) == Broken.NULLS
    assert judged(before, now, stretch=200.0) == Broken.NONE


def test_a_drift_below_the_spec_s_effect_does_not_page() -> None:
    now = [0.0] * 20_000
    assert judged(FLAG, now) == Broken.NONE  # the PSI of a flag of 1 % that stays off is 0.07
    assert judged(FLAG, now, page_psi=0.01) == Broken.CONSTANT


def test_an_accepted_change_is_not_broken_and_a_greater_one_is() -> None:
    shifted, unit = AcceptedLevel(psi=3.0, nulls=0.1), 100 * some(SPARSE, 2000)
    assert judged(AMOUNT, AMOUNT[AMOUNT > 20][:1000], accepted=shifted) == Broken.NONE
    assert judged(AMOUNT, [None] * 1000, accepted=shifted) == Broken.NULLS
    assert judged(AMOUNT, [20.0] * 1000, accepted=shifted) == Broken.CONSTANT
    assert judged(SPARSE, unit, accepted=AcceptedLevel(psi=0.1)) == Broken.NONE
    upper = AcceptedLevel(categories=frozenset("ABCD"))
    assert judged(CODES, np.char.upper(some(CODES)), accepted=upper) == Broken.NONE
    assert judged(CODES, np.char.add(some(CODES), "!"), accepted=upper) == Broken.CATEGORIES
    assert judged(AMOUNT, [None] * 1000, accepted=UNKNOWN) is None


def test_a_column_that_the_reference_lacks_is_not_judged() -> None:
    table = binning(categorical("c", "a"))
    pair = Pair(table, count(table, c=["a"] * 100), count(table, c=["a"] * 100))
    settings = ThresholdSettings(Thresholds(), RATE, 0, {})
    assert broken(Feature(name="x", type="numeric"), pair, {}, settings) is None


def test_reasons_are_those_of_the_catalogue() -> None:
    assert {reason for _, _, reason in BROKEN} | {Broken.NONE} == set(Broken)
    assert all(reason in catalogue.FEATURE_BROKEN.help for reason in Broken)
