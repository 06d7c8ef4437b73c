"""Samples of new categories, remembered over the longest window: since when each is seen, and the share of all of them.

A category that stays is one fact, however the mix of hours and weekdays changes. So its share is that of the stretch of
time that is furthest above its threshold, among those that end in the last week: a category that comes on Saturdays
alone is still remembered on the next. All follows from the stored profiles of the longest window, so a restart forgets
nothing and two replicas agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.comparison.accepted import NOTHING_ACCEPTED, AcceptedFeatures
from exporter.comparison.features import with_threshold
from exporter.profiles.binning import CATEGORICAL_EXTRA, Binning, CategoricalBins, Floats
from exporter.profiles.group import Group
from exporter.profiles.profile import CategoricalColumn, Profile, categorical_column, most_frequent
from exporter.reference.reference import Reference
from exporter.reference.seasonal import mixture
from exporter.samples.windows import Labels, Sample, WindowProfile, comparison_rate, labels_of, samples_of, shown_groups
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import WEEKDAYS, Calendar
from exporter.statistics.peaks import Past, Usual, highest_share

WEEK: Final = timedelta(weeks=1)

Parts = Mapping[datetime, Mapping[Group, Profile]]
"""The profiles of partitions, by start."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A categorical feature in each partition of the longest window, and in the reference.

    `rows` are all rows and `new` those of new categories, (partitions,); `novel` names the most frequent of these.
    `accepted` are new categories that are no news.
    """

    rows: Floats
    new: Floats
    novel: Sequence[Mapping[str, int]]
    before: CategoricalColumn
    accepted: Collection[str]

    def unaccepted(self) -> Floats:
        """The rows of new categories in each partition, without the accepted ones."""
        if not self.accepted:
            return self.new
        return self.new - [sum(names.get(name, 0) for name in self.accepted) for names in self.novel]

    def named(self) -> dict[str, tuple[int, int]]:
        """The rows of each new category by name, and the first partition in which it was seen."""
        found: dict[str, tuple[int, int]] = {}
        for place, names in enumerate(self.novel):
            for name, rows in names.items():
                if name not in self.before.novel and name not in self.accepted:
                    so_far, first = found.get(name, (0, place))
                    found[name] = (so_far + rows, first)
        return found


def new_category_samples(
    spec: ModelSpec,
    reference: Reference,
    longest: WindowProfile,
    parts: Parts,
    accepted: AcceptedFeatures = NOTHING_ACCEPTED,
) -> Iterator[Sample]:
    """Yield the samples of the new categories of every categorical feature.

    Args:
        spec: the model.
        reference: the reference of the windows.
        longest: the longest window.
        parts: the profiles of its partitions.
        accepted: the changes that the spec accepts; a feature of which nothing is known yet has no threshold.
    """
    starts, binning = longest.window.partitions(spec.spec.inference.grain), reference.binning
    names = [each.name for each in spec.spec.features if isinstance(binning.by_name.get(each.name), CategoricalBins)]
    floors = _floors(spec, starts)
    for group in shown_groups(spec, longest) if names else ():
        before = mixture(reference.seasons, longest.hours[group])
        if before is None:
            continue
        profiles = [parts.get(start, {}).get(group) for start in starts]
        for name, rows, new in zip(names, *_counts(binning, names, profiles), strict=True):
            past = _Remembered(
                rows,
                new,
                [each.novel.get(name, {}) if each else {} for each in profiles],
                categorical_column(before, binning, name),
                accepted[name].categories if name in accepted else (),
            )
            labels = {**labels_of(spec, longest.name, group), catalogue.FEATURE: name}
            muted = name in accepted and accepted[name].muted
            for sample in _of_feature(spec, past, floors, starts, labels):
                if not (muted and sample.metric == catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD):
                    yield sample


def _floors(spec: ModelSpec, starts: Sequence[datetime]) -> Floats:
    """The floor of a stretch that ends with each partition: that of the weekday on which it ends."""
    floor, calendar = spec.spec.thresholds.feature_new_category_ratio, Calendar.of(spec.spec.seasonality)
    if not floor.weekdays:
        return np.full(len(starts), floor.floor)
    grain = spec.spec.inference.grain
    return np.array([floor.on(WEEKDAYS[calendar.end_weekday(start + grain)]) for start in starts])


def _counts(binning: Binning, names: Sequence[str], profiles: Sequence[Profile | None]) -> tuple[Floats, Floats]:
    """All rows and the rows of new categories of some features in each partition, (features, partitions)."""
    cells = [np.arange(binning.slices[name].start, binning.slices[name].stop) for name in names]
    ends = np.cumsum([len(each) for each in cells])
    every = np.concatenate(cells)
    counts = np.array([each.counts[every] if each else np.zeros(len(every)) for each in profiles], np.float64)
    rows = np.add.reduceat(counts, ends - [len(each) for each in cells], axis=1)
    return rows.T, counts[:, ends - CATEGORICAL_EXTRA].T


def _of_feature(
    spec: ModelSpec, past: _Remembered, floors: Floats, starts: Sequence[datetime], labels: Labels
) -> Iterator[Sample]:
    if not past.before.rows:
        return
    grain = spec.spec.inference.grain
    lengths = sorted({length // grain for length in spec.spec.alert_windows} | {len(starts)})
    usual = Usual(past.before.new, past.before.rows, spec.spec.thresholds.min_rows, comparison_rate(spec.spec))
    found = highest_share(Past(past.unaccepted(), past.rows, floors), lengths, WEEK // grain, usual)
    if found is not None:
        yield from samples_of(with_threshold(catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO, *found), labels)
    named = past.named()
    most = most_frequent({name: rows for name, (rows, _) in named.items()}, spec.spec.limits.new_categories)
    for name in most:
        since = starts[named[name][1]].timestamp()
        values = {catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS: since}
        yield from samples_of(values, {**labels, catalogue.CATEGORY: name})
