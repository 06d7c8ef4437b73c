from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import catalogue
from exporter.catalogue import ALERTS
from exporter.spec.seasons import WEEKDAYS, promql_weekday
from exporter.spec.sections.proxies import Proxy
from exporter.spec.sections.thresholds import Threshold, Thresholds
from generator.weekday_floors import (
    FLOORS,
    floor_levels,
    number_text,
    varying_floors,
    varying_proxy_floors,
    week_of_floors,
)

NUMBERS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


def threshold(floor: float, **weekdays: float) -> Threshold:
    return Threshold.model_validate({"floor": floor, "weekdays": weekdays})


def test_every_floor_of_a_spec_belongs_to_a_score_that_alerts() -> None:
    given = Thresholds.model_validate({name: 1 for name in Thresholds.model_fields if "psi" in name})
    floors = [value for name in Thresholds.model_fields if isinstance(value := getattr(given, name), Threshold)]
    floors = [floor for floor in floors if floor is not given.feature_new_category_ratio]  # has no window, so no day
    assert [id(floor(given)) for floor in FLOORS.values()] == [id(floor) for floor in floors]
    assert set(FLOORS) <= {alert.metric for alert in ALERTS}


@pytest.mark.parametrize(
    ("thresholds", "keys"),
    [
        ({}, []),
        ({"feature_psi": 0.2}, []),
        ({"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.2}}}, []),
        ({"feature_psi": {"floor": 0.2, "weekdays": dict.fromkeys(WEEKDAYS, 0.3)}}, []),
        ({"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.3}}}, [catalogue.FEATURE_PSI.key]),
        ({"drift_share": {"floor": 0.2, "weekdays": {"monday": 0}}}, [catalogue.DATA_DRIFT_SHARE.key]),
    ],
)
def test_only_thresholds_that_differ_between_weekdays_are_returned(thresholds: Any, keys: list[str]) -> None:
    assert list(varying_floors(Thresholds.model_validate(thresholds))) == keys


def test_proxies_have_floors_of_their_own() -> None:
    floors = {"a": 0.1, "b": {"floor": 0.1, "weekdays": {"sunday": 0.2}}}
    proxies = [Proxy.model_validate({"name": name, "promql": "up", "floor": floor}) for name, floor in floors.items()]
    assert varying_proxy_floors(proxies) == {"b": threshold(0.1, sunday=0.2)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (threshold(0.2, saturday=0.3, sunday=0.3), [{"floor": "0.3", "days": [0, 6]}]),
        (threshold(0.2, saturday=0.1), [{"floor": "0.2", "days": [0, 1, 2, 3, 4, 5]}]),
        (threshold(1, monday=2, friday=0.5), [{"floor": "1", "days": [0, 2, 3, 4, 6]}, {"floor": "2", "days": [1]}]),
        (threshold(0.2), []),
    ],
)
def test_each_floor_above_the_lowest_has_its_days(given: Threshold, expected: list[dict[str, Any]]) -> None:
    assert floor_levels(given) == expected


@given(
    st.builds(
        lambda floor, days: threshold(floor, **days), NUMBERS, st.dictionaries(st.sampled_from(WEEKDAYS), NUMBERS)
    )
)
def test_the_levels_give_the_floor_of_every_day(one: Threshold) -> None:
    by_day = {day: float(level["floor"]) for level in floor_levels(one) for day in level["days"]}
    lowest = min(week_of_floors(one))
    assert [by_day.get(promql_weekday(day), lowest) for day in range(7)] == [one.on(name) for name in WEEKDAYS]


@given(NUMBERS)
def test_a_number_parses_to_itself_and_is_in_digits_alone(number: float) -> None:
    assert float(number_text(number)) == number
    assert re.fullmatch(r"\d+(\.\d+)?", number_text(number))


@pytest.mark.parametrize(("number", "text"), [(0.3, "0.3"), (2, "2"), (0.0, "0"), (1e-5, "0.00001")])
def test_a_number_is_short(number: float, text: str) -> None:
    assert number_text(number) == text
