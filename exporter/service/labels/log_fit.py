"""An estimator that is fitted on a model's own log, where the reference is a period of it or its last weeks.

The hours of the last weeks are within the look-back of labels, so nothing else is read for them. A period may be long
past: its predictions and their labels are read once, and dropped when their outcomes are summed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from exporter import catalogue
from exporter.profiles.binning import Binning
from exporter.samples.conditions import conditions
from exporter.samples.labels.estimators import Estimator
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
from exporter.samples.windows import Sample
from exporter.service.attempt import Failed
from exporter.service.labels.labelled_rows import (
    GROUP,
    Rows,
    equal,
    fit_estimator,
    labelled_rows,
    load_rows,
    save_rows,
    score_edges,
)
from exporter.service.labels.noise import GROUP as NOISE_GROUP
from exporter.service.labels.noise import load_noise, save_noise
from exporter.service.labels.period_outcomes import PeriodOutcomes
from exporter.service.labels.trailing_outcomes import FitInput, TrailingOutcomes
from exporter.service.references.source import local_days
from exporter.sources.source import Source
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

_UNUSUAL: Final = (catalogue.CONCEPT_DRIFT_ALERT, catalogue.BASE_RATE_SHIFT_ALERT)
"""The alerts that compare outcomes with those that an estimator is fitted on."""


class LabelledPast(Protocol):
    """The part of the log that the estimator is fitted on."""

    @property
    def problem(self) -> str | None:
        """Why it has no labelled rows yet."""
        ...

    @property
    def noise(self) -> LabelNoise:
        """How performance varies between its days."""
        ...

    def rows(self, fit_input: FitInput) -> Rows | None:
        """Return its labelled rows; None while there are none.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        ...


def open_log_fit(
    loaded: LoadedSpec, labels: Labels, sources: tuple[Source, Source], store: ProfileStore, failed: Failed
) -> LogFit | None:
    """Return the fit on a model's log; None where its reference is a data set, or performance is not estimated.

    Args:
        loaded: the model's spec.
        labels: its section about labels.
        sources: the sources of the inference log and of the label log.
        store: where labelled rows are stored.
        failed: called with each partition that cannot be used.
    """
    spec, body = loaded.spec, loaded.spec.spec
    if not body.estimated or body.reference.source is not None:
        return None
    if body.reference.period is None:
        return LogFit(spec, TrailingOutcomes(spec, store))
    zone = ZoneInfo(body.seasonality.timezone)
    period = local_days(body.reference.period.start, body.reference.period.end, zone, body.inference.grain)
    return LogFit(spec, _StoredPeriod(spec, store, PeriodOutcomes(spec, labels, period, sources, store, failed=failed)))


class LogFit:
    """Fits one model's estimator on its log. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, past: LabelledPast) -> None:
        """Nothing is fitted yet."""
        self._spec = spec
        self._past = past
        self._current: tuple[Binning, Rows, Estimator | None] | None = None

    @property
    def problem(self) -> str | None:
        """Why there is no estimator; None where there is one, or none is needed."""
        if self._current is None:
            return self._past.problem
        return None if self._current[2] is not None else "none of its rows has a label"

    @property
    def noise(self) -> LabelNoise:
        """How performance varies between the days that it is fitted on."""
        return self._past.noise

    def fit(self, fit_input: FitInput) -> Estimator | None:
        """Return the estimator; None while there are no labelled rows.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        edges = score_edges(self._spec, fit_input.binning)
        rows = self._past.rows(fit_input) if edges is not None else None
        if edges is None or rows is None:
            self._current = None
            return None
        current = self._current
        if current is None or current[0] is not fit_input.binning or not equal(current[1], rows):
            self._current = current = (fit_input.binning, rows, fit_estimator(self._spec, rows, edges))
        return current[2]

    def exclude_alarming_week(self, samples: Iterable[Sample], mature: datetime) -> None:
        """Exclude the weeks of windows whose outcomes alarm, by their order or their level, from a trailing reference.

        Raises:
            OSError: when the disk refuses.
        """
        if isinstance(self._past, TrailingOutcomes):
            alerts = conditions(samples, self._spec.spec.alert_window_names)
            names = {each.label(catalogue.WINDOW) for each in alerts if each.alert in _UNUSUAL}
            lengths = [length for length in self._spec.spec.windows if format_duration(length) in names]
            if lengths:
                self._past.exclude_weeks(Window(mature - max(lengths), mature))


class _StoredPeriod:
    """The labelled rows of a period: from the store, once they were summed."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, outcomes: PeriodOutcomes) -> None:
        self._spec = spec
        self._store = store
        self._outcomes = outcomes
        self._current_rows: tuple[Key, Rows] | None = None
        self.noise = INDEPENDENT

    @property
    def problem(self) -> str | None:
        return self._outcomes.problem if self._current_rows is None else None

    def rows(self, fit_input: FitInput) -> Rows | None:
        key = self._key(fit_input)
        if self._current_rows is None or self._current_rows[0] != key:
            number = len(score_edges(self._spec, fit_input.binning) or [])
            rows = self._load(key, number) or self._read(fit_input, key)
            self._current_rows = (key, rows) if rows is not None else None
            if rows is not None:
                self._outcomes.clear()
        return self._current_rows[1] if self._current_rows is not None else None

    def _read(self, fit_input: FitInput, key: Key) -> Rows | None:
        parts = self._outcomes.read(fit_input.attempt, fit_input.binning, fit_input.mature)
        rows = labelled_rows(self._spec, parts.values()) if parts is not None else None
        if parts is None or rows is None or not rows[0].known.any():
            return None
        self.noise = fit_log(self._spec, parts)
        save_rows(self._store, key, rows)
        save_noise(self._store, self._noise_key(key), self.noise)
        return rows

    def _load(self, key: Key, number: int) -> Rows | None:
        rows, noise = load_rows(self._store, key, number), load_noise(self._store, self._noise_key(key))
        self.noise = noise or INDEPENDENT
        return rows if noise is not None else None

    def _noise_key(self, key: Key) -> Key:
        body = self._spec.spec
        own = str((body.decision_threshold, body.seasonality.timezone))
        return Key(f"{self._spec.name}/{NOISE_GROUP}", "period", (*key.sources, own))

    def _key(self, fit_input: FitInput) -> Key:
        body = self._spec.spec
        labels = body.labels.model_dump_json() if body.labels is not None else ""
        content = (
            fit_input.fingerprint,
            fit_input.binning.fingerprint,
            body.inference.columns.model_dump_json(),
            labels,
        )
        return Key(f"{self._spec.name}/{GROUP}", "period", (*content, body.task))
