"""The tiers of an objective: the usual ones for short slices, longer ones where one bad slice would fire them."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.spec.sections.slo import Slo, Tier, exact
from spec_parts import body, refusal

DOCUMENT = {"name": "auroc", "metric": "auroc", "at_least": 0.91, "objective": 0.95}


def slo(**changes: Any) -> Slo:
    return Slo.model_validate({**DOCUMENT, **changes})


def windows(given: Slo) -> list[tuple[float, str, str]]:
    tiers = (*given.fast(), *given.slow())
    return [(float(tier.factor), given.window_name(tier.long), given.window_name(tier.short)) for tier in tiers]


def test_a_ratio_is_the_written_decimal() -> None:
    assert exact(0.95) == Fraction(19, 20)
    assert 1 - exact(0.9) == Fraction(1, 10), "and not 0.09999999999999998"
    assert exact(1e-5) == Fraction(1, 100_000)


def test_short_slices_have_the_usual_tiers() -> None:
    given = slo(slice="1m", objective=0.98)
    assert windows(given) == [(14.4, "1h", "5m"), (6, "6h", "30m"), (3, "24h", "2h"), (1, "3d", "6h")]


def test_windows_are_proportional_to_the_period() -> None:
    given = slo(slice="1m", objective=0.98, period="60d")
    assert windows(given) == [(14.4, "2h", "10m"), (6, "12h", "1h"), (3, "48h", "4h"), (1, "6d", "12h")]


def test_one_bad_long_slice_does_not_fire_a_tier() -> None:
    # 14.4 x 0.05 x 2 days = 1.44 slices; 6 x 0.05 x 4 = 1.2; 3 x 0.05 x 7 = 1.05; 1 x 0.05 x 20 = 1.
    assert windows(slo()) == [(14.4, "48h", "24h"), (6, "4d", "24h"), (3, "7d", "24h"), (1, "20d", "48h")]
    assert [tier.bad_slices(slo().ratio) for tier in (*slo().fast(), *slo().slow())] == [2, 2, 2, 2]


def test_the_budget_of_an_objective() -> None:
    strict = slo(objective=0.995, over="rolling", window="7d")
    assert (strict.slices, strict.budget) == (30, Fraction(3, 20))
    hourly = slo(objective=0.995, slice="1h")
    assert (hourly.slices, hourly.budget) == (720, Fraction(18, 5))


def test_a_usual_tier_that_cannot_fire_is_left_out() -> None:
    lax = slo(objective=0.9)  # burns ten times too fast at most
    assert [float(tier.factor) for tier in lax.fast()] == [6]
    assert [float(tier.factor) for tier in lax.unreachable()] == [14.4]
    assert slo(objective=0.5).fast() == ()
    assert [float(tier.factor) for tier in slo(objective=0.5).slow()] == [1]


def test_tiers_of_the_spec_replace_the_usual_ones() -> None:
    own = slo(objective=0.9, burn={"fast": [{"factor": 8, "window": "72h"}]})
    assert own.fast() == (Tier(Fraction(8), 3, 1),)
    assert [float(tier.factor) for tier in own.slow()] == [3, 1]
    assert own.unreachable() == ()


def test_counted_predictions_need_no_longer_windows() -> None:
    counted = slo(at_least=None, tolerance=0.5, metric="within_tolerance", slice="1h")
    assert windows(counted)[0] == (14.4, "1h", "1h")


def test_the_windows_are_those_of_all_tiers() -> None:
    assert slo().windows() == (1, 2, 4, 7, 20)


@given(
    objective=st.decimals("0.01", "0.999", places=3).map(float),
    slices=st.integers(2, 2000),
)
def test_every_tier_can_fire_and_none_fires_on_one_slice(objective: float, slices: int) -> None:
    given = slo(objective=objective, slice="1h", period=f"{slices}h")
    assume(given.budget > 1)
    for tier in (*given.fast(), *given.slow()):
        assert tier.reachable(given.ratio)
        assert 2 <= tier.bad_slices(given.ratio) <= tier.long <= given.slices
        assert 1 <= tier.short <= tier.long


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at_most": 0.9}, "exactly one of at_least, at_most, tolerance"),
        ({"at_least": None}, "exactly one of at_least, at_most, tolerance"),
        ({"over": "rolling"}, "must have a window"),
        ({"slice": "30d"}, "must have a slice shorter than its period"),
        ({"burn": {"fast": []}}, "at least 1 item"),
    ],
)
def test_an_impossible_objective_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        slo(**changes)


class TestInASpec:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"at_most": 1}, "must have exactly one of at_least, at_most, tolerance"),
            ({"at_least": None}, "must have exactly one of at_least, at_most, tolerance"),
            ({"over": "rolling"}, "must have a window when over is rolling, and only then"),
            ({"window": "7d"}, "must have a window when over is rolling, and only then"),
            ({"period": "1d"}, "must have a slice shorter than its period"),
            ({"objective": 95}, "must be between 0 and 1"),
        ],
    )
    def test_is_consistent(self, changes: dict[str, Any], message: str) -> None:
        assert refusal(slos=[{**DOCUMENT, **changes}]) == message

    def test_a_rolling_objective_has_a_window(self) -> None:
        [slo] = body(slos=[{**DOCUMENT, "over": "rolling", "window": "7d"}]).slos
        assert (slo.window, slo.period, slo.slice) == (timedelta(days=7), timedelta(days=30), timedelta(days=1))
