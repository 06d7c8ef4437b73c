"""New categories: one lasting ticket with their names and first days, whatever the mix of hours and weekdays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.backtest.firing import AlertTiming, firings
from exporter.catalogue import Metric
from exporter.comparison.accepted import AcceptedFeature
from exporter.profiles.group import Group
from exporter.profiles.profile import Profile, merge_profiles
from exporter.reference.reference import Reference
from exporter.samples.conditions import conditions
from exporter.samples.new_categories import new_category_samples
from exporter.samples.windows import Sample, WindowProfile
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window
from profiling import binning, categorical, count, numeric
from window_samples import V1, make_reference, make_spec

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
CELLS = binning(numeric("x"), categorical("dest", "ATL", "BOS"))
BEFORE = make_reference(CELLS, x=[0.5] * 10_000, dest=["ATL", "BOS"] * 5000)
PEAK = catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO
SEEN = catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS
FEATURES = [{"name": "x", "type": "numeric"}, {"name": "dest", "type": "categorical"}]


def hour(**new: int) -> Profile:
    """The profile of an hour of 1000 rows, some of which have new categories."""
    known = (["ATL", "BOS"] * 500)[: 1000 - sum(new.values())]
    return count(CELLS, x=[0.5] * 1000, dest=known + [name for name, rows in new.items() for _ in range(rows)])


def spec_of(**body: Any) -> ModelSpec:
    return make_spec(min_rows=30, **{"features": FEATURES, "windows": ["1h", "24h", "7d"], **body})


ORDINARY = hour()


def samples_at(
    end: datetime, hours: Mapping[datetime, Profile], spec: ModelSpec, reference: Reference = BEFORE, **more: Any
) -> list[Sample]:
    window = Window(end - max(spec.spec.windows), end)
    parts = {start: {V1: hours.get(start, ORDINARY)} for start in window.partitions(HOUR)}
    whole = merge_profiles(CELLS, (groups[V1] for groups in parts.values()))
    week = np.bincount(np.arange(HOURS_OF_WEEK), minlength=HOURS_OF_WEEK) * whole.rows / HOURS_OF_WEEK
    longest = WindowProfile("7d", window, {V1: whole}, {V1: week})
    return list(new_category_samples(spec, reference, longest, parts, **more))


def found(samples: list[Sample]) -> dict[Metric | str, float]:
    values: dict[Metric | str, float] = {}
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        assert labels[catalogue.FEATURE] == "dest"
        values[labels.get(catalogue.CATEGORY, sample.metric)] = sample.value
    return values


def test_a_rename_is_seen_in_its_first_hour_with_its_name_and_time() -> None:
    values = found(samples_at(MONDAY, {MONDAY - HOUR: hour(BOSTON=400), MONDAY - 3 * HOUR: hour(typo=1)}, spec_of()))
    assert values == {
        PEAK: 0.4,
        PEAK.threshold(): 0.01,
        "BOSTON": (MONDAY - HOUR).timestamp(),
        "typo": (MONDAY - 3 * HOUR).timestamp(),
    }


def test_ordinary_rows_have_a_share_of_0_and_no_names() -> None:
    assert found(samples_at(MONDAY, {}, spec_of())) == {PEAK: 0, PEAK.threshold(): 0.01}


def test_five_categories_of_saturdays_alone_make_one_ticket_that_stays() -> None:
    spec, names = spec_of(windows=["1h", "24h", "7d"]), ("ABQ", "BGR", "JAC", "LEX", "PSP")
    start = MONDAY + 14 * DAY
    hours = {
        at: hour(**dict.fromkeys(names, 3))  # 1.5 % of the rows, the more the later the hour
        for at in Window(start, start + 35 * DAY).partitions(HOUR)
        if at.weekday() == 5
    }
    times = [start + number * 12 * HOUR for number in range(2 * 34)]
    holding = {at: conditions(samples_at(at, hours, spec), spec.spec.alert_window_names) for at in times}
    timings = {catalogue.NEW_CATEGORIES.name: AlertTiming(timedelta(minutes=10), timedelta(minutes=15))}
    fired = firings(holding, timings, times[-1] + 12 * HOUR)
    assert [(each.condition.alert, each.start) for each in fired] == [
        (catalogue.NEW_CATEGORIES, start + 5 * DAY + 12 * HOUR + timedelta(minutes=10))
    ]
    assert fired[0].end == times[-1] + 12 * HOUR
    assert fired[0].condition.label(catalogue.FEATURE) == "dest"
    seen = found(samples_at(times[-1], hours, spec))
    assert seen.keys() == {PEAK, PEAK.threshold(), *names}


def test_accepted_categories_are_no_news_and_another_one_is() -> None:
    hours = {MONDAY - HOUR: hour(ABQ=40, BGR=20)}
    accepted = {"dest": AcceptedFeature(frozenset({"ABQ", "BGR"}))}
    assert found(samples_at(MONDAY, hours, spec_of(), accepted=accepted)) == {PEAK: 0, PEAK.threshold(): 0.01}
    hours |= {MONDAY - 2 * HOUR: hour(ABQ=40, OTHER=20)}
    values = found(samples_at(MONDAY, hours, spec_of(), accepted=accepted))
    assert values == {PEAK: 0.02, PEAK.threshold(): 0.01, "OTHER": (MONDAY - 2 * HOUR).timestamp()}


def test_the_floor_is_that_of_the_weekday_on_which_a_stretch_ends() -> None:
    # The last hour ends with Sunday; the floor of Saturday's hours is lower, and they are ordinary.
    floors = {"feature_new_category_ratio": {"floor": 0.01, "weekdays": {"sunday": 0.5}}}
    values = found(samples_at(MONDAY, {MONDAY - HOUR: hour(new=100)}, spec_of(thresholds=floors)))
    assert values[PEAK] < values[PEAK.threshold()]
    saturday = {MONDAY - 30 * HOUR: hour(new=100)}
    assert found(samples_at(MONDAY, saturday, spec_of(thresholds=floors))).items() >= {
        (PEAK, 0.1),
        (PEAK.threshold(), 0.01),
    }


def test_of_a_change_that_is_not_measured_yet_there_is_no_threshold() -> None:
    hours, muted = {MONDAY - HOUR: hour(ABQ=40)}, {"dest": AcceptedFeature(levels={})}
    assert found(samples_at(MONDAY, hours, spec_of(), accepted=muted)) == {
        PEAK: 0.04,
        "ABQ": (MONDAY - HOUR).timestamp(),
    }


def test_categories_of_the_reference_s_own_tail_are_neither_named_nor_counted_as_more() -> None:
    tail = make_reference(CELLS, x=[0.5] * 1000, dest=["ATL"] * 900 + ["tail"] * 100)
    values = found(samples_at(MONDAY, {MONDAY - HOUR: hour(tail=100)}, spec_of(), tail))
    assert values.keys() == {PEAK, PEAK.threshold()}
    assert values[PEAK] < values[PEAK.threshold()]
    assert values[PEAK.threshold()] > 0.11 - 1e-9


def test_only_the_most_frequent_are_named() -> None:
    many = {MONDAY - HOUR: hour(a=10, b=30, c=20)}
    assert found(samples_at(MONDAY, many, spec_of(limits={"new_categories": 2}))).keys() >= {"b", "c"}
    assert "a" not in found(samples_at(MONDAY, many, spec_of(limits={"new_categories": 2})))


def test_missing_partitions_and_a_short_log_do_not_matter() -> None:
    spec, start = spec_of(), MONDAY - HOUR
    window = Window(MONDAY - 7 * DAY, MONDAY)
    profile = hour(new=100)
    longest = WindowProfile("7d", window, {V1: profile}, {V1: np.bincount([0], [1000], HOURS_OF_WEEK)})
    values = found(list(new_category_samples(spec, BEFORE, longest, {start: {V1: profile}})))
    assert values == {PEAK: 0.1, PEAK.threshold(): 0.01, "new": start.timestamp()}


@pytest.mark.parametrize("groups", [{}, {Group("v2"): ORDINARY}])
def test_a_group_without_rows_in_the_past_has_only_its_own(groups: dict[Group, Profile]) -> None:
    window = Window(MONDAY - 7 * DAY, MONDAY)
    hours = {group: np.bincount([0], [profile.rows], HOURS_OF_WEEK) for group, profile in groups.items()}
    longest = WindowProfile("7d", window, groups, hours)
    samples = list(new_category_samples(spec_of(), BEFORE, longest, {MONDAY - HOUR: groups}))
    assert {sample.labels[1] for sample in samples} == {group.version for group in groups}


def test_a_feature_that_is_not_categorical_or_not_in_the_reference_has_none() -> None:
    features = [{"name": "x", "type": "numeric"}, {"name": "other", "type": "categorical"}]
    assert samples_at(MONDAY, {}, spec_of(features=features)) == []
