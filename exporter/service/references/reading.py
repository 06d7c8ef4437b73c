"""One model's reference: read once, by season if it has times, and again only when its source or the spec changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from exporter.errors import ReferenceUnusable
from exporter.labels.labelled_hours import Times
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.grouping import Grouping
from exporter.profiles.profile import Profile, empty_profile
from exporter.profiles.score_bins import score_bins
from exporter.reference.counting import count_binning, count_by_hour, rows_by_hour
from exporter.reference.history import ANY_TIME, History, TimeRule, hours_of
from exporter.reference.outliers import hours_in, plausible_hours
from exporter.reference.reference import ByHour, HourProfiles, Reference
from exporter.reference.seasonal import ENOUGH_ROWS
from exporter.service.references.source import STREAM, open_reference
from exporter.sources.skipping import without_skipped
from exporter.sources.source import Partition, Selection, Source, Traffic
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar, season_levels
from exporter.spec.value_types import format_duration
from exporter.sql.counting import count_partition
from exporter.statistics.dispersion import FIT, Stretch, fit_stretches
from exporter.store.profiles import Key, ProfileStore
from exporter.store.references import load_reference, save_reference

log = logging.getLogger(__name__)

P = TypeVar("P", Profile, HourProfiles)


class ReferenceReader:
    """Reads one model's reference and keeps it in memory. One thread at a time may use it."""

    def __init__(self, loaded: LoadedSpec, store: ProfileStore) -> None:
        """Open the reference's source; nothing is read yet.

        Raises:
            LeewayError: the spec needs what this release does not do.
        """
        self.built = 0
        self.reused = 0
        self._spec = loaded.spec
        self._store = store
        self._location = open_reference(loaded, lambda: store.load_alarming_weeks(loaded.spec.name))
        self._content = _content(loaded.spec)
        self._current: tuple[Key, Reference] | None = None
        self._data: Partition | None = None

    @property
    def source(self) -> Source:
        """The source of the reference's rows."""
        return self._location.source

    @property
    def traffic(self) -> Traffic:
        """The requests to the source so far."""
        return self.source.traffic

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the rows of the reference that was read last; empty before the first."""
        return self._data.fingerprint if self._data is not None else ""

    def read(self, now: datetime) -> Reference:
        """Return the reference at `now`: from memory, from the store, or built from its rows.

        Raises:
            SourceError: the source does not answer, or its rows cannot be read.
            ReferenceUnusable: there is none, or it has none of the features.
        """
        data = self._data = self._readable(self._location.find(now))
        key = self._key(data)
        if self._current is None or self._current[0] != key:
            reference = self._load(key) or self._build(data, now)
            self._data = self._readable(data)
            self._current = (self._key(self._data), reference)
            self._store.prune(key.group, [self._current[0]])
        return self._current[1]

    @property
    def labelled(self) -> tuple[Source, Partition, Binning] | None:
        """The source, the partition and the binning of the reference that was read last; None before the first."""
        if self._data is None or self._current is None:
            return None
        return self._location.source, self._data, self._current[1].binning

    def times(self, now: datetime) -> Times | None:
        """Return how the times of the reference's rows are read; None where it has none, or before the first read.

        Raises:
            SourceError: the source does not answer, or its rows cannot be read.
        """
        timestamp = self._location.timestamp
        if timestamp is None or self._data is None:
            return None
        rule, _ = self._time_rule(self._data, now)
        return Times(timestamp, lambda column: hours_of(column, rule))

    def exclude_alarming_week(self, moment: datetime) -> None:
        """Exclude the local week of a moment, in which the model was alarming, from a trailing reference.

        Raises:
            OSError: the disk refuses.
        """
        if self._spec.spec.reference.trailing is not None:
            day = Calendar.of(self._spec.spec.seasonality).local(moment).date()
            monday, known = day - timedelta(days=day.weekday()), self._store.load_alarming_weeks(self._spec.name)
            self._store.save_alarming_weeks(self._spec.name, known | {monday})

    def _load(self, key: Key) -> Reference | None:
        reference = load_reference(self._store, key)
        self.reused += reference is not None
        return reference

    def _readable(self, data: Partition) -> Partition:
        return without_skipped(self._location.source, data)

    def _build(self, data: Partition, now: datetime) -> Reference:
        log.info("%s: reading the reference, %d bytes", self._spec.name, data.size)
        rule, left_out = self._time_rule(data, now)
        data = self._readable(data)
        selection, limit = selected_columns(self._spec, keys=tuple(left_out)), self._spec.spec.limits.categories
        binning, problems = count_binning(self._location.source, data, selection, limit, rule)
        data = self._readable(data)
        counted = self._count(data, with_score_bins(self._spec, binning), rule)
        reference = replace(counted, problems={**problems, **left_out})
        save_reference(self._store, self._key(self._readable(data)), reference)
        self.built += 1
        return reference

    def _time_rule(self, data: Partition, now: datetime) -> tuple[TimeRule, dict[str, str]]:
        """Return how the times are read and which count, and by column how many rows are left out for their time.

        Raises:
            ReferenceUnusable: no row has a time that counts.
        """
        timestamp, unit, span = self._location.timestamp, self._location.unit, self._location.span
        if timestamp is None:
            return ANY_TIME, {}
        rows = rows_by_hour(self._location.source, data, timestamp, unit)
        rule = TimeRule(unit, hours_in(span) if span is not None else plausible_hours(rows, now))
        outside, total = rule.hours.outside(rows), sum(rows.values())
        if not outside:
            return rule, {}
        if outside == total:
            raise ReferenceUnusable("no row of the reference has a time")
        return rule, {timestamp: f"{outside} of {total} rows are left out: their time is missing or far off"}

    def _count(self, data: Partition, binning: Binning, rule: TimeRule) -> Reference:
        """Count the reference's rows, by season if they have times."""
        timestamp, segments = self._location.timestamp, segment_values(self._spec, binning)
        if timestamp is None:
            selection = selected_columns(self._spec, keys=tuple(segments))
            grouping = Grouping(segments=segments)
            groups = count_partition(self._location.source, data, selection, binning, grouping).groups
            parts = {group.segment: groups[group] for group in sorted(groups)}
            return Reference.whole(binning, parts.pop(WHOLE, empty_profile(binning)), segments=_with_enough_rows(parts))
        calendar = Calendar.of(self._spec.spec.seasonality)
        selection = selected_columns(self._spec, keys=(timestamp, *segments))
        by_hour = count_by_hour(self._location.source, data, selection, binning, calendar, segments=segments, rule=rule)
        return seasonal_reference(self._spec, binning, by_hour)

    def _key(self, data: Partition) -> Key:
        content, named, score = self._content
        columns = str((*named, self._location.timestamp, self._location.unit))
        return Key(f"{self._spec.name}/{STREAM}", STREAM, (data.fingerprint, content, columns, score, FIT))


def _content(spec: ModelSpec) -> tuple[str, tuple[object, ...], str]:
    """Return what a reference depends on beside its rows: sections of the spec, columns, and the kind of score."""
    body = spec.spec
    sections = {"features", "seasonality", "windows", "reference", "limits", "segments"}
    named = body.inference.columns
    columns = (named.score, body.class_column, dict(named.scores))
    score = str((body.task, body.confidence_edges, body.decision_threshold))
    return body.model_dump_json(include=sections), columns, score


def selected_columns(spec: ModelSpec, keys: tuple[str, ...]) -> Selection:
    """Return the columns of a model that are counted: features, scores, the returned class, and segments."""
    features = spec.spec.features
    categorical = [feature.name for feature in features if feature.type == "categorical"]
    numeric = [feature.name for feature in features if feature.type == "numeric"]
    columns = spec.spec.inference.columns
    scores = [*filter(None, [columns.score]), *columns.scores.values()]
    return Selection(
        keys=keys,
        numeric=tuple(dict.fromkeys([*numeric, *scores])),
        categorical=tuple(dict.fromkeys([*categorical, *filter(None, [spec.spec.class_column]), *spec.spec.segments])),
    )


def segment_values(spec: ModelSpec, binning: Binning) -> dict[str, tuple[str, ...]]:
    """Return the values of each column that have a segment: the most frequent of the reference, up to the limit."""
    bins = ((column, binning.by_name.get(column)) for column in spec.spec.segments)
    limit = spec.spec.limits.segments
    return {column: each.categories[:limit] for column, each in bins if isinstance(each, CategoricalBins)}


def with_score_bins(spec: ModelSpec, binning: Binning) -> Binning:
    """Return the binning with the bins that the score's own distribution needs."""
    score, task, confidence = spec.spec.inference.columns.score, spec.spec.task, spec.spec.confidence_edges
    decision = spec.spec.decision_threshold if task == "binary_classification" else None
    return Binning(
        tuple(
            score_bins(bins, task, confidence, decision)
            if bins.name == score and isinstance(bins, NumericBins)
            else bins
            for bins in binning.columns
        )
    )


def seasonal_reference(spec: ModelSpec, binning: Binning, by_hour: ByHour) -> Reference:
    """Return a reference with seasons, and how much windows of each length vary between its own weeks.

    Args:
        spec: the model.
        binning: the bins in which the rows were counted.
        by_hour: the reference's rows.

    Raises:
        ReferenceUnusable: no row of the reference has a time.
    """
    history = by_hour.history
    if history is None:
        raise ReferenceUnusable("no row of the reference has a time")
    cells = Calendar.of(spec.spec.seasonality).cells(history.hours.astype("datetime64[h]"))
    weeks = np.bincount(cells[history.rows > 0], minlength=HOURS_OF_WEEK)
    weeks_of_cell = {cell: int(weeks[cell]) for cell in by_hour.by_cell}
    segments = _with_enough_rows(by_hour.segments)
    levels = season_levels(spec.spec.seasonality.season)
    reference = Reference(binning, by_hour.by_cell, weeks_of_cell, levels, {}, {}, segments)
    return replace(reference, stretches=_stretches(spec, reference, history, cells))


def _with_enough_rows(segments: Mapping[Segment, P]) -> dict[Segment, P]:
    """Return the segments with as many rows as a season needs: with fewer, noise would hide what they show."""
    return {segment: part for segment, part in segments.items() if part.rows >= ENOUGH_ROWS}


def _stretches(
    spec: ModelSpec, reference: Reference, history: History, cells: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> Mapping[str, Mapping[str, Stretch]]:
    season, hour = reference.seasons.season, timedelta(hours=1)
    score = spec.spec.inference.columns.score
    means = [score] if score in reference.binning.numeric else []
    return {
        format_duration(length): fit_stretches(history, cells, season, max(round(length / hour), 1), means)
        for length in spec.spec.windows
    }
