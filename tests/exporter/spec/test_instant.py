from __future__ import annotations

import argparse
from datetime import UTC, datetime

import pytest

from exporter.spec.instant import instant


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00Z", "2026-11-22 10:00", "2026-11-22T12:00:00+02:00"])
def test_a_moment_is_in_utc(text: str) -> None:
    moment = instant(text)
    assert (moment, moment.tzinfo) == (datetime(2026, 11, 22, 10, tzinfo=UTC), UTC)


def test_another_text_is_an_error_with_an_example() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"^noon is not a time such as 2026-11-22T10:00:00Z$"):
        instant("noon")
