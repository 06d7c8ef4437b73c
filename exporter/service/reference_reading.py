"""One model's reference: read once, by season where it has times; again only when its source or the spec changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.grouping import Grouping
from exporter.profiles.profile import Profile, empty_profile
from exporter.profiles.score_bins import score_bins
from exporter.reference.counting import count_binning, count_by_hour
from exporter.reference.history import History
from exporter.reference.reference import ByHour, HourProfiles, Reference
from exporter.reference.seasonal import ENOUGH_ROWS
from exporter.service.reference_source import STREAM, open_reference
from exporter.sources.source import Partition, Selection, Source, Traffic
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar, season_levels
from exporter.spec.value_types import format_duration
from exporter.sql.counting import count_partition
from exporter.statistics.dispersion import Stretch, fit_stretches
from exporter.store.profiles import Key, ProfileStore

log = logging.getLogger(__name__)

P = TypeVar("P", Profile, HourProfiles)


class ReferenceReader:
    """Keeps one model's reference at hand. One thread at a time may use it."""

    def __init__(self, loaded: LoadedSpec, store: ProfileStore) -> None:
        """Open the reference's source; nothing is read yet.

        Raises:
            LeewayError: when the spec asks for what this release does not do.
        """
        self.built = 0
        self.reused = 0
        self._spec = loaded.spec
        self._store = store
        self._at = open_reference(loaded, lambda: store.load_alarming_weeks(loaded.spec.name))
        self._current: tuple[Key, Reference] | None = None
        self._data: Partition | None = None

    @property
    def traffic(self) -> Traffic:
        """What has been asked of the source so far."""
        return self._at.source.traffic

    @property
    def fingerprint(self) -> str:
        """Of the rows of the reference that was read last."""
        return self._data.fingerprint if self._data is not None else ""

    def read(self, now: datetime) -> Reference:
        """The reference as it is at `now`: from memory, from the store, or made anew.

        Raises:
            SourceError: when the source does not answer, or holds what cannot be read.
            ReferenceUnusable: when there is none, or none of the features is in it.
        """
        data = self._data = self._at.find(now)
        key = self._key(data)
        if self._current is None or self._current[0] != key:
            self._current = (key, self._kept(key) or self._build(data, key))
            self._store.prune(key.group, [key])
        return self._current[1]

    @property
    def labelled(self) -> tuple[Source, Partition, Binning] | None:
        """What reads the reference that was read last, what is stored for it, and its cells; None before the first."""
        if self._data is None or self._current is None:
            return None
        return self._at.source, self._data, self._current[1].binning

    def leave_out(self, moment: datetime) -> None:
        """Let no trailing reference learn from the local week of a moment: the model was alarming.

        Raises:
            OSError: when the disk refuses.
        """
        if self._spec.spec.reference.trailing is not None:
            day = Calendar.of(self._spec.spec.seasonality).local(moment).date()
            monday, known = day - timedelta(days=day.weekday()), self._store.load_alarming_weeks(self._spec.name)
            self._store.save_alarming_weeks(self._spec.name, known | {monday})

    def _kept(self, key: Key) -> Reference | None:
        kept = self._store.reference(key)
        self.reused += kept is not None
        return kept

    def _build(self, data: Partition, key: Key) -> Reference:
        selection, limit = selected(self._spec, keys=()), self._spec.spec.limits.categories
        log.info("%s: reading the reference, %d bytes", self._spec.name, data.size)
        made, problems = count_binning(self._at.source, data, selection, limit)
        reference = replace(self._count(data, with_score(self._spec, made)), problems=problems)
        self._store.save_reference(key, reference)
        self.built += 1
        return reference

    def _count(self, data: Partition, binning: Binning) -> Reference:
        """The reference's rows, by season where they have times."""
        timestamp, segments = self._at.timestamp, segment_values(self._spec, binning)
        if timestamp is None:
            selection = selected(self._spec, keys=tuple(segments))
            groups = count_partition(self._at.source, data, selection, binning, Grouping(segments=segments)).groups
            parts = {group.segment: groups[group] for group in sorted(groups)}
            return Reference.whole(binning, parts.pop(WHOLE, empty_profile(binning)), segments=_enough(parts))
        calendar = Calendar.of(self._spec.spec.seasonality)
        selection = selected(self._spec, keys=(timestamp, *segments))
        by_hour = count_by_hour(self._at.source, data, selection, binning, calendar, segments=segments)
        return seasonal_reference(self._spec, binning, by_hour)

    def _key(self, data: Partition) -> Key:
        body = self._spec.spec
        asked = body.model_dump_json(include={"features", "seasonality", "windows", "reference", "limits", "segments"})
        answers = body.inference.columns
        columns = str((answers.score, body.class_column, dict(answers.scores), self._at.timestamp))
        score = str((body.task, body.confidence_edges, body.decision_threshold))
        return Key(f"{self._spec.name}/{STREAM}", STREAM, (data.fingerprint, asked, columns, score))


def selected(spec: ModelSpec, keys: tuple[str, ...]) -> Selection:
    """The columns of a model that are counted: its features, its scores, the classes that it returns, its segments."""
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
    """The values of each column that have a segment: the reference's most frequent ones, up to the spec's limit."""
    bins = ((column, binning.by_name.get(column)) for column in spec.spec.segments)
    limit = spec.spec.limits.segments
    return {column: found.categories[:limit] for column, found in bins if isinstance(found, CategoricalBins)}


def with_score(spec: ModelSpec, binning: Binning) -> Binning:
    """The cells with those of the score as the score's own distribution needs them."""
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
    """A reference with seasons, and what its own weeks tell of what is usual in windows of each length.

    Args:
        spec: the model.
        binning: the cells that were counted in.
        by_hour: the reference's rows.

    Raises:
        ReferenceUnusable: when no row of the reference has a time.
    """
    history = by_hour.history
    if history is None:
        raise ReferenceUnusable("no row of the reference has a time")
    cells = Calendar.of(spec.spec.seasonality).cells(history.hours.astype("datetime64[h]"))
    weeks = np.bincount(cells[history.rows > 0], minlength=HOURS_OF_WEEK)
    told = {cell: int(weeks[cell]) for cell in by_hour.by_cell}
    segments = _enough(by_hour.segments)
    levels = season_levels(spec.spec.seasonality.season)
    reference = Reference(binning, by_hour.by_cell, told, levels, {}, {}, segments)
    return replace(reference, stretches=_stretches(spec, reference, history, cells))


def _enough(segments: Mapping[Segment, P]) -> dict[Segment, P]:
    """Those that have as many rows as a season needs: with fewer, their own noise would be most of what is seen."""
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
