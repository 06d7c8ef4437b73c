from __future__ import annotations

import pytest

from spec_parts import inconsistencies


def test_the_default_windows_are_right() -> None:
    assert inconsistencies() == []


@pytest.mark.parametrize(
    ("parts", "mistake"),
    [
        ({"windows": ["1h", "60m"]}, "windows[1]: is given twice: see windows[0]"),
        ({"windows": ["1h", "90m"]}, "windows[1]: must be a multiple of the grain, 1h"),
        ({"alerting": {"windows": ["2h"]}}, "alerting.windows[0]: must be one of the model's windows: 1h, 24h, 7d"),
        (
            {"alerting": {"false_alarms": {"pages_per_month": 1}}, "thresholds": {"false_positive_rate": 0.1}},
            "thresholds.false_positive_rate: must be left out: leeway backtest solves it for the false-alarm budget",
        ),
    ],
)
def test_a_mistake_is_reported(parts: dict[str, object], mistake: str) -> None:
    assert inconsistencies(**parts) == [f"spec.{mistake}"]
