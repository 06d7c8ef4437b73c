"""Folders of a table as conditions of a query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from exporter.errors import SourceError
from exporter.sources.engine import Parameter
from exporter.sources.tables.partition_keys import PartitionKeys, written
from exporter.sources.tables.time_range import TimeRange

HOUR = timedelta(hours=1)
NIGHT = TimeRange(datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 1, tzinfo=UTC))
HOURLY = PartitionKeys({"dt": "%Y-%m-%d", "hour": "%H"}, {"dt": "STRING", "hour": "STRING"})


def _values(parameters: dict[str, Parameter]) -> dict[str, object]:
    return {name: parameter.value for name, parameter in parameters.items()}


def test_an_hour_names_its_folder_alone() -> None:
    condition, parameters = HOURLY.within([TimeRange(NIGHT.start, NIGHT.start + HOUR)])
    assert condition == "(`dt` = @key0_2026_11_23 AND `hour` IN (@key1_23))"
    assert _values(parameters) == {"key0_2026_11_23": "2026-11-23", "key1_23": "23"}
    assert {parameter.kind for parameter in parameters.values()} == {"STRING"}


def test_hours_of_two_days_are_named_by_day() -> None:
    condition, parameters = HOURLY.within([NIGHT], "joined_")
    assert condition == (
        "(`dt` = @joined_key0_2026_11_23 AND `hour` IN (@joined_key1_23)) "
        "OR (`dt` = @joined_key0_2026_11_24 AND `hour` IN (@joined_key1_00))"
    )
    assert len(parameters) == 4


def test_each_folder_has_the_number_of_its_partition() -> None:
    slot, parameters = HOURLY.slot([NIGHT], HOUR)
    assert slot == (
        "CASE WHEN `dt` = @key0_2026_11_23 AND `hour` = @key1_23 THEN 0 "
        "WHEN `dt` = @key0_2026_11_24 AND `hour` = @key1_00 THEN 1 ELSE NULL END"
    )
    assert parameters.keys() == {"key0_2026_11_23", "key0_2026_11_24", "key1_23", "key1_00"}
    assert " THEN 1 " not in HOURLY.slot([NIGHT], 2 * HOUR)[0], "both hours are one partition"


@pytest.mark.parametrize(
    ("templates", "grain"),
    [
        ({"dt": "%Y-%m-%d", "hour": "%H"}, HOUR),
        ({"y": "%Y", "m": "%-m", "d": "%-d"}, 24 * HOUR),
        ({"dt": "%Y%j"}, 24 * HOUR),
        ({"at": "%Y-%m-%dT%H:%M"}, timedelta(minutes=1)),
    ],
)
def test_the_grain_of_keys_is_that_of_their_finest_directive(templates: dict[str, str], grain: timedelta) -> None:
    assert PartitionKeys(templates, {}).grain == grain


def test_a_folder_of_a_day_is_named_once_for_any_of_its_hours() -> None:
    daily = PartitionKeys({"day": "%Y-%m-%d"}, {"day": "DATE"})
    condition, parameters = daily.within([TimeRange(NIGHT.start - HOUR, NIGHT.start), NIGHT])
    assert condition == "(`day` IN (@key0_2026_11_23, @key0_2026_11_24))"
    assert _values(parameters) == {
        "key0_2026_11_23": datetime(2026, 11, 23).date(),  # noqa: DTZ001
        "key0_2026_11_24": datetime(2026, 11, 24).date(),  # noqa: DTZ001
    }


def test_keys_of_integers_are_integers() -> None:
    keys = PartitionKeys({"y": "%Y", "m": "%m", "d": "%d", "h": "%H"}, dict.fromkeys("ymdh", "INT64"))
    _, parameters = keys.within([TimeRange(NIGHT.end - HOUR, NIGHT.end)])
    assert _values(parameters) == {"key0_2026": 2026, "key1_11": 11, "key2_24": 24, "key3_00": 0}


@pytest.mark.parametrize(
    ("template", "kind", "message"),
    [
        ("%Y-%m-%d", "INT64", "the partition key dt is INT64, and 2026-11-23 is none; change its template"),
        ("%Y%j", "DATE", "the partition key dt is DATE, and 2026327 is none; change its template"),
        ("%Y-%m-%d", "TIMESTAMP", "the partition key dt is TIMESTAMP; it must be STRING, INT64 or DATE"),
    ],
)
def test_a_template_that_is_no_value_of_the_column_is_an_error(template: str, kind: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        PartitionKeys({"dt": template}, {"dt": kind}).within([NIGHT])


def test_numbers_may_lack_leading_zeros() -> None:
    assert written(datetime(2026, 3, 4, 0, tzinfo=UTC), "%Y/%-m/%-d/%-H/%m") == "2026/3/4/0/03"
