"""The levels of accepted changes, measured once in the log's first days after each change, and stored.

They are measured in windows of each length that alerts, over a week of them, so that each weekday is among them. Until
the last of these windows is complete, nothing of the feature alerts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from exporter import catalogue
from exporter.comparison.accepted import AcceptedFeature, AcceptedFeatures, AcceptedLevel, accepted_level
from exporter.comparison.features import Column, Pair
from exporter.profiles.group import serving_groups
from exporter.profiles.profile import Profile, merge_profiles, merged_novel
from exporter.reference.reference import Reference
from exporter.reference.seasonal import mixture
from exporter.samples.windows import Sample, WindowProfile
from exporter.service.attempt import Record
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.sections.accepted import Accepted
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import Key, ProfileStore

WEEK: Final = timedelta(weeks=1)
ALL: Final = "(all)"
"""The `category` of a change of the whole feature."""
_STEPS: Final = 8
"""Windows that end within the length of one."""

Merge = Callable[[str, Window], WindowProfile]
"""Returns the profile of a window, given the name of its length."""


class AcceptedReader:
    """One model's accepted changes. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, record: Record) -> None:
        """Nothing is loaded yet.

        Args:
            spec: the model.
            store: where levels are stored.
            record: gets a problem for a change that cannot be measured.
        """
        self._spec, self._store, self._record = spec, store, record
        self._group = f"{spec.name}/accepted"
        self._known: dict[Key, AcceptedFeature] = {}

    def missing_starts(self, reference: Reference, now: datetime) -> set[datetime]:
        """Return the partitions that must be read, to measure what is complete and not known."""
        complete = [each for each in self._whole_features(now) if self._complete(each, now)]
        unknown = [each for each in complete if self._load(self._key(each, reference)) is None]
        grain = self._spec.spec.inference.grain
        return {start for each in unknown for start in self._span(each).partitions(grain)}

    def read(self, reference: Reference, now: datetime, merge: Merge) -> AcceptedFeatures:
        """Return what is accepted at `now`, and measure and store what was not known.

        Args:
            reference: the reference of the windows.
            now: the time of the refresh; a change that begins later is not accepted yet.
            merge: returns the profile of a window of the partitions that `missing_starts` names.

        Raises:
            OSError: the disk refuses.
        """
        accepted: dict[str, AcceptedFeature] = {}
        for each in self._whole_features(now):
            found = self._measured(each, reference, now, merge)
            if found is not None:
                before = accepted.get(each.feature)
                # Of two changes of one feature the later one is what the feature is like now.
                accepted[each.feature] = found.with_categories(before.categories if before else ())
        for each in self._spec.spec.accepted:
            if each.category is not None and self._begun(each, now):
                accepted[each.feature] = accepted.get(each.feature, AcceptedFeature()).with_categories([each.category])
        return accepted

    def _whole_features(self, now: datetime) -> list[Accepted]:
        """The changes of whole features that have begun, in the order of time."""
        own = [each for each in self._spec.spec.accepted if each.category is None and self._begun(each, now)]
        return sorted(own, key=lambda each: each.since)

    def _begun(self, each: Accepted, now: datetime) -> bool:
        return midnight(self._spec, each.since) <= now

    def _complete(self, each: Accepted, now: datetime) -> bool:
        log = self._spec.spec.inference
        return self._span(each).end <= newest_end(now, log.delay, log.grain)

    def _span(self, each: Accepted) -> Window:
        """The time in which a change is measured: windows that end in a week, of each length that alerts."""
        start, grain = midnight(self._spec, each.since), self._spec.spec.inference.grain
        first = newest_end(start, timedelta(), grain)
        first = first if first == start else first + grain
        return Window(first, first + -(-WEEK // grain) * grain + max(self._spec.spec.alert_windows))

    def _key(self, each: Accepted, reference: Reference) -> Key:
        windows = ",".join(self._spec.spec.alert_window_names)
        sources = (each.feature, f"{each.since}", windows, reference.binning.fingerprint)
        return Key(self._group, f"{each.since:%Y%m%d}", sources)

    def _load(self, key: Key) -> AcceptedFeature | None:
        if key not in self._known and (stored := self._store.load(key, _decoded)) is not None:
            self._known[key] = stored
        return self._known.get(key)

    def _measured(self, each: Accepted, reference: Reference, now: datetime, merge: Merge) -> AcceptedFeature | None:
        if not self._complete(each, now):
            return AcceptedFeature(levels={})
        key = self._key(each, reference)
        found = self._load(key) or self._measure(each, reference, merge)
        if found is None:
            span = self._span(each)
            why = f"the log has too few rows of it from {span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}, so it alerts"
            self._record.problems[f"accepted change of {each.feature} since {each.since}"] = why
        elif key not in self._known:
            self._store.save(key, _encoded(found))
            self._store.prune(self._group, [self._key(other, reference) for other in self._spec.spec.accepted])
            self._known[key] = found
        return found

    def _measure(self, each: Accepted, reference: Reference, merge: Merge) -> AcceptedFeature | None:
        if each.feature not in reference.binning.by_name:
            return None
        levels = {}
        for length, name in zip(self._spec.spec.alert_windows, self._spec.spec.alert_window_names, strict=True):
            level = accepted_level(self._sides(each, length, reference, merge), self._spec.spec.thresholds.min_rows)
            if level is not None:
                levels[name] = level
        whole = merge("", self._span(each))
        novel = merged_novel(profile.novel for profile in whole.groups.values()).get(each.feature, {})
        return AcceptedFeature(frozenset(novel), levels) if levels else None

    def _sides(
        self, each: Accepted, length: timedelta, reference: Reference, merge: Merge
    ) -> Iterator[tuple[Column, Column]]:
        """Yield the feature in the reference and in each window of a length, over a week of ends."""
        span, grain = self._span(each), self._spec.spec.inference.grain
        step = max(length // grain // _STEPS, 1) * grain
        end = span.start + length
        while end <= span.start + length + WEEK and end <= span.end:
            profile = merge(format_duration(length), Window(end - length, end))
            groups = serving_groups(profile.groups)
            hours = np.sum([np.zeros(HOURS_OF_WEEK), *(profile.hours[group] for group in groups)], axis=0)
            before = mixture(reference.seasons, hours)
            if before is not None:
                now: Profile = merge_profiles(reference.binning, (profile.groups[group] for group in groups))
                yield Pair(reference.binning, before, now).column(each.feature)
            end += step


def accepted_samples(spec: ModelSpec, now: datetime) -> Iterator[Sample]:
    """Yield a sample for each change that is accepted and has begun."""
    for each in spec.spec.accepted:
        since = midnight(spec, each.since)
        if since <= now:
            labels = (spec.name, each.feature, each.category or ALL, each.why)
            yield Sample(catalogue.FEATURE_ACCEPTED_TIMESTAMP_SECONDS, labels, since.timestamp())


def midnight(spec: ModelSpec, day: date) -> datetime:
    """Return the start of a day of the model's calendar."""
    return datetime.combine(day, time(), ZoneInfo(spec.spec.seasonality.timezone))


def _encoded(accepted: AcceptedFeature) -> bytes:
    levels = {window: [level.psi, level.nulls] for window, level in (accepted.levels or {}).items()}
    return json.dumps({"levels": levels, "categories": sorted(accepted.categories)}).encode()


def _decoded(data: bytes) -> AcceptedFeature:
    stored: dict[str, Any] = json.loads(data)
    levels = {window: AcceptedLevel(psi, nulls) for window, (psi, nulls) in stored["levels"].items()}
    return AcceptedFeature(frozenset(stored["categories"]), levels)
