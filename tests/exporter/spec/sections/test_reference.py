from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from spec_parts import body, refusal


class TestReference:
    @pytest.mark.parametrize("reference", [{}, {"trailing": "4w", "source": {"local": "a"}}])
    def test_is_exactly_one_kind(self, reference: dict[str, Any]) -> None:
        assert refusal(reference=reference) == "must have exactly one of source, period, trailing"

    def test_a_period_includes_both_days(self) -> None:
        period = body(reference={"period": {"from": "2026-08-01", "to": date(2026, 8, 1)}}).reference.period
        assert period is not None
        assert (period.start, period.end) == (date(2026, 8, 1), date(2026, 8, 1))
        assert (
            refusal(reference={"period": {"from": "2026-08-02", "to": "2026-08-01"}}) == "must not end before it starts"
        )
