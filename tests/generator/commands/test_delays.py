from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from examples import model
from exporter import catalogue
from generator.commands import delays


def test_the_table_has_a_row_for_each_alert_with_its_parts() -> None:
    out = StringIO()
    spec = model(inference={**model().spec.spec.inference.model_dump(mode="json"), "grain": "1h", "delay": "10m"}).spec
    Console(file=out, width=120).print(delays.delays(spec))
    [line] = [line.split() for line in out.getvalue().splitlines() if catalogue.DATA_DRIFT_HIGH.name in line]
    assert line == ["MLDataDriftHigh", "critical", "2h", "10m", "5m", "2m", "10m", "30s", "54m", "2h27m"]


@pytest.mark.parametrize(("seconds", "text"), [(0, "-"), (30, "30s"), (61, "2m"), (3600, "1h"), (90000, "25h")])
def test_a_duration_is_rounded_up_to_minutes(seconds: int, text: str) -> None:
    assert delays._text(timedelta(seconds=seconds)) == text
