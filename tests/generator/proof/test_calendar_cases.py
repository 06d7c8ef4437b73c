from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from examples import BODY, model
from exporter import catalogue
from generator.proof.calendar_cases import TICK, calendar_cases

WEEKEND = {"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.3, "sunday": 0.3}}}
SUNDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, MONDAY = 0, 3, 4, 5, 6, 1
THURSDAY_IN_UTC = datetime(1970, 1, 1, tzinfo=UTC)


def cases(zone: str = "UTC", thresholds: Any = WEEKEND, grain: str = "1h", **holidays: Any) -> dict[str, Any]:
    """Return the cases of a spec, by the beginning of their titles."""
    inference = {**BODY["inference"], "grain": grain}
    windows = ["1h", "24h"] if grain == "1h" else [grain]
    seasonality = {"timezone": zone, "holidays": holidays}
    loaded = model(inference=inference, windows=windows, seasonality=seasonality, thresholds=thresholds)
    found = calendar_cases(loaded.spec)
    return {case["title"]: case for case in next(iter(found.values()), [])}


def hours(case: Any) -> list[tuple[int, float, bool]]:
    """Return the days of a case, with their hours and whether the alert fires."""
    return [(day["day"], day["ticks"] * TICK / timedelta(hours=1), day["fires"]) for day in case["days"]]


def begins(case: Any) -> timedelta:
    """Return the time from a Thursday's midnight in UTC to the start of a case."""
    return case["begins"] * TICK


def after(*moment: int) -> timedelta:
    """Return the time from a Thursday's midnight in UTC to a moment."""
    return (datetime(*moment, tzinfo=UTC) - THURSDAY_IN_UTC) % timedelta(days=7)  # type: ignore[arg-type,misc]


def test_new_yorks_saturday_begins_five_hours_after_utcs() -> None:
    case = cases("America/New_York")["on an ordinary Saturday, 2026-01-03"]
    # At 06:00 UTC the window from 00:00 to 01:00 in New York is over, the first that ends on Saturday there.
    assert begins(case) == after(2026, 1, 2, 18)
    assert hours(case) == [(FRIDAY, 12, True), (SATURDAY, 24, False), (SUNDAY, 24, False), (MONDAY, 12, True)]
    assert (case["score"], case["threshold"]) == ("0.3", "0.2")
    assert begins(cases()["on an ordinary Saturday, 2026-01-03"]) == after(2026, 1, 2, 13)


def test_a_drifted_saturday_fires_on_every_day() -> None:
    case = cases("America/New_York")["on a drifted Saturday, 2026-01-03"]
    assert [fires for _, _, fires in hours(case)] == [True] * 4
    assert case["score"] == "0.33"


def test_a_holiday_has_the_floor_of_the_day_that_it_counts_as() -> None:
    case = cases("America/New_York", dates=["2026-11-26"])["on a holiday, 2026-11-26, that counts as a Sunday"]
    assert hours(case) == [(WEDNESDAY, 12, True), (SUNDAY, 24, False), (FRIDAY, 12, True)]
    assert begins(case) == after(2026, 11, 25, 18)


def test_a_holiday_beside_a_weekend_prolongs_it() -> None:
    case = cases(dates=["2026-12-25"])["on a holiday, 2026-12-25, that counts as a Sunday"]
    assert [day for day, _, _ in hours(case)] == [THURSDAY, SUNDAY, SATURDAY, SUNDAY, MONDAY]
    assert [fires for _, _, fires in hours(case)] == [True, False, False, False, True]


def test_a_holiday_with_the_floor_of_its_own_day_has_no_case() -> None:
    saturday = cases(dates=["2026-12-26"], like="sunday")
    assert not [title for title in saturday if "holiday" in title]
    friday = cases(dates=["2026-12-25"], like="monday")
    assert not [title for title in friday if "holiday" in title]


def test_a_working_saturday_is_a_holiday_that_counts_as_a_weekday() -> None:
    case = cases(dates=["2026-12-26"], like="monday")["on a holiday, 2026-12-26, that counts as a Monday"]
    assert hours(case)[-2:] == [(MONDAY, 24, True), (SUNDAY, 12, False)]


def test_the_weekend_when_clocks_change_is_an_hour_shorter_or_longer() -> None:
    found = cases("America/New_York")
    forward, back = found["when clocks go forward, 2026-03-08"], found["when clocks go back, 2026-11-01"]
    assert hours(forward) == [(FRIDAY, 12, True), (SATURDAY, 24, False), (SUNDAY, 23, False), (MONDAY, 12, True)]
    assert hours(back) == [(FRIDAY, 12, True), (SATURDAY, 24, False), (SUNDAY, 25, False), (MONDAY, 12, True)]
    # An hour apart in UTC, though both Fridays are of the same length there.
    assert begins(forward) == after(2026, 3, 6, 18)
    assert begins(back) == after(2026, 10, 30, 17)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_zone_without_clock_changes_has_no_such_night(zone: str) -> None:
    assert not [title for title in cases(zone) if "clocks" in title]


def test_an_ordinary_day_is_neither_a_holiday_nor_beside_one() -> None:
    titles = list(cases(dates=["2026-01-02", "2026-01-12"]))
    assert titles[0] == "on an ordinary Saturday, 2026-01-17"


def test_without_a_higher_floor_on_saturday_another_day_is_ordinary() -> None:
    case = cases(thresholds={"drift_share": {"floor": 0.2, "weekdays": {"sunday": 0.4}}})
    assert hours(case["on an ordinary Sunday, 2026-01-04"]) == [(6, 12, True), (SUNDAY, 24, False), (MONDAY, 12, True)]
    strict = cases(thresholds={"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.1}}})
    ordinary = strict["on an ordinary Sunday, 2026-01-04"]
    assert hours(ordinary)[0] == (SATURDAY, 12, True)
    assert not any(fires for _, _, fires in hours(ordinary)[1:-1])


def test_a_day_of_utc_has_the_floor_of_the_local_day_on_which_it_ends() -> None:
    case = cases("America/New_York", grain="24h")["on an ordinary Saturday, 2026-01-03"]
    # The day that ends at 19:00 in New York on Saturday is Saturday's, and stays to be read until Sunday's.
    assert begins(case) == after(2026, 1, 3, 12)
    assert hours(case)[:2] == [(FRIDAY, 12, True), (SATURDAY, 24, False)]


def test_partitions_of_a_week_have_no_cases() -> None:
    assert cases(grain="7d") == {}


def test_without_weekday_floors_there_are_no_cases() -> None:
    assert calendar_cases(model(seasonality={"timezone": "America/New_York"}).spec) == {}


def test_each_score_has_its_own_cases() -> None:
    thresholds = WEEKEND | {"drift_share": {"floor": 0.2, "weekdays": {"monday": 0.5}}}
    assert list(calendar_cases(model(thresholds=thresholds).spec)) == [
        catalogue.FEATURE_PSI.key,
        catalogue.DATA_DRIFT_SHARE.key,
    ]


def test_only_the_first_proxy_with_weekday_floors_has_cases() -> None:
    floors = [0.1, {"floor": 0.1, "weekdays": {"saturday": 0.3}}, {"floor": 0.1, "weekdays": {"saturday": 0.5}}]
    proxies = [{"name": f"p{place}", "promql": "up", "floor": floor} for place, floor in enumerate(floors)]
    found = calendar_cases(model(proxies=proxies).spec)
    assert found.keys() == {catalogue.PROXY_DEVIATION.key}
    assert {case["score"] for case in found[catalogue.PROXY_DEVIATION.key]} == {"0.3", "0.33"}
