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
from exporter.profiles.binning import CategoricalBins, Floats
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

    `columns` has None for a partition without rows. `accepted` are new categories that are no news.
    """

    columns: Sequence[CategoricalColumn | None]
    before: CategoricalColumn
    accepted: Collection[str]

    def rows(self) -> Floats:
        """All rows of each partition."""
        return np.array([column.rows if column else 0.0 for column in self.columns])

    def new(self) -> Floats:
        """The rows of new categories in each partition, without the accepted ones."""
        return np.array([column.new - self._accepted(column) if column else 0.0 for column in self.columns])

    def _accepted(self, column: CategoricalColumn) -> float:
        return sum(column.novel.get(name, 0) for name in self.accepted) if self.accepted else 0.0

    def named(self) -> dict[str, tuple[int, int]]:
        """The rows of each new category by name, and the first partition in which it was seen."""
        found: dict[str, tuple[int, int]] = {}
        for place, column in enumerate(self.columns):
            for name, rows in column.novel.items() if column else ():
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
    features = [each.name for each in spec.spec.features if isinstance(binning.by_name.get(each.name), CategoricalBins)]
    for group in shown_groups(spec, longest):
        before = mixture(reference.seasons, longest.hours[group])
        if before is None:
            continue
        profiles = [parts.get(start, {}).get(group) for start in starts]
        for name in features:
            past = _Remembered(
                [categorical_column(each, binning, name) if each else None for each in profiles],
                categorical_column(before, binning, name),
                accepted[name].categories if name in accepted else (),
            )
            labels = {**labels_of(spec, longest.name, group), catalogue.FEATURE: name}
            muted = name in accepted and accepted[name].muted
            for sample in _of_feature(spec, past, starts, labels):
                if not (muted and sample.metric == catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD):
                    yield sample


def _of_feature(spec: ModelSpec, past: _Remembered, starts: Sequence[datetime], labels: Labels) -> Iterator[Sample]:
    floor, calendar = spec.spec.thresholds.feature_new_category_ratio, Calendar.of(spec.spec.seasonality)
    grain = spec.spec.inference.grain
    if not past.before.rows:
        return
    floors = np.array([floor.on(WEEKDAYS[calendar.end_weekday(start + grain)]) for start in starts])
    lengths = sorted({length // grain for length in spec.spec.alert_windows} | {len(starts)})
    usual = Usual(past.before.new, past.before.rows, spec.spec.thresholds.min_rows, comparison_rate(spec.spec))
    found = highest_share(Past(past.new(), past.rows(), floors), lengths, WEEK // grain, usual)
    if found is not None:
        yield from samples_of(with_threshold(catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO, *found), labels)
    named = past.named()
    most = most_frequent({name: rows for name, (rows, _) in named.items()}, spec.spec.limits.new_categories)
    for name in most:
        since = starts[named[name][1]].timestamp()
        values = {catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS: since}
        yield from samples_of(values, {**labels, catalogue.CATEGORY: name})
