from __future__ import annotations

from datetime import timedelta

from spec_parts import body

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class TestInference:
    def test_values_are_stale_three_grains_after_the_delay(self) -> None:
        source = {"local": "log/%Y-%m-%d.parquet"}
        assert (
            body(inference={"source": source, "grain": "1d", "delay": "2h"}).inference.staleness == 3 * DAY + 2 * HOUR
        )
        assert body(inference={"source": source, "stale_after": "5h"}).inference.staleness == 5 * HOUR
