"""Floors of thresholds."""

from __future__ import annotations

import pytest

from spec_parts import body, refusal


def test_a_number_is_a_floor() -> None:
    thresholds = body(thresholds={"feature_psi": 0.3, "drift_share": {"floor": 0.1, "weekdays": {"sunday": 1}}})
    assert (thresholds.thresholds.feature_psi.floor, thresholds.thresholds.feature_psi.weekdays) == (0.3, {})
    assert (thresholds.thresholds.drift_share.floor, thresholds.thresholds.drift_share.weekdays) == (
        0.1,
        {"sunday": 1},
    )


@pytest.mark.parametrize("name", ["feature_null_ratio", "feature_new_category_ratio", "drift_share"])
def test_a_share_is_not_a_percentage(name: str) -> None:
    assert refusal(thresholds={name: 20}) == "must be between 0 and 1"
    assert refusal(thresholds={name: {"floor": 0.2, "weekdays": {"monday": 30}}}) == "must be between 0 and 1"


def test_a_factor_is_never_below_one() -> None:
    assert body().thresholds.traffic_factor.floor == 2
    assert refusal(thresholds={"traffic_factor": 0.5}) == "Input should be greater than or equal to 1"
