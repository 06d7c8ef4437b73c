"""Times of every type in a log give the same microseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import NO_TIME, instants, microseconds

MOMENT = datetime(2026, 11, 22, 10, 5, 0, 250_000, tzinfo=UTC)
NUMBER = 1_795_341_900_250_000


@pytest.mark.parametrize(
    "column",
    [
        pa.array([MOMENT], pa.timestamp("us", "UTC")),
        pa.array([MOMENT], pa.timestamp("ns", "America/New_York")),
        pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("ms")),
        pa.array(["2026-11-22T10:05:00.25Z"]),
        pa.array(["2026-11-22 10:05:00.250"]),
        pa.array(["2026-11-22T11:05:00.25+01:00"]).dictionary_encode(),
    ],
    ids=str,
)
def test_a_time_is_the_same_in_every_type(column: pa.Array) -> None:
    assert instants(pa.chunked_array([column])).tolist() == [NUMBER]
    assert microseconds(MOMENT) == NUMBER


def test_a_date_is_its_midnight_and_a_null_is_no_time() -> None:
    column = pa.chunked_array([pa.array([date(1970, 1, 2), None])])
    assert instants(column).tolist() == [86_400_000_000, NO_TIME]


@pytest.mark.parametrize("column", [pa.array([1.5]), pa.array(["yesterday"])], ids=["numbers", "words"])
def test_other_types_are_rejected(column: pa.Array) -> None:
    with pytest.raises(ColumnMismatch):
        instants(pa.chunked_array([column]))
