"""What a model's own log teaches, where its reference is days of it or its last weeks: the outcomes of those hours.

The hours of the last weeks are within what labels look back on, so nothing is read for them. A period may be long past:
its predictions and their labels are read once, and let go when their outcomes are summed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from exporter import catalogue
from exporter.profiles.binning import Binning
from exporter.samples.conditions import conditions
from exporter.samples.estimators import Estimator
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
from exporter.service.labels.period_outcomes import PeriodOutcomes
from exporter.service.labels.trailing_outcomes import FitInput, TrailingOutcomes
from exporter.service.reference_source import local_days
from exporter.sources.source import Source
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore


class Past(Protocol):
    """The part of the log that teaches."""

    @property
    def problem(self) -> str | None:
        """Why it teaches nothing yet."""
        ...

    def rows(self, moment: FitInput) -> Rows | None:
        """Its labelled rows; None while there are none.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        ...


def open_log_fit(
    loaded: LoadedSpec, labels: Labels, sources: tuple[Source, Source], store: ProfileStore, failed: Failed
) -> LogFit | None:
    """What learns from a model's log; None where its reference is a data set, or performance is not estimated.

    Args:
        loaded: the model's spec.
        labels: its part about labels.
        sources: what reads the inference log, and the label log.
        store: where what was learned is kept.
        failed: told of each partition that cannot be used.
    """
    spec, body = loaded.spec, loaded.spec.spec
    if not body.estimated or body.reference.source is not None:
        return None
    if body.reference.period is None:
        return LogFit(spec, TrailingOutcomes(spec, store))
    zone = ZoneInfo(body.seasonality.timezone)
    period = local_days(body.reference.period.start, body.reference.period.end, zone, body.inference.grain)
    return LogFit(spec, _KeptPeriod(spec, store, PeriodOutcomes(spec, labels, period, sources, store, failed=failed)))


class LogFit:
    """Keeps what one model's log teaches at hand. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, past: Past) -> None:
        """Nothing is learned yet."""
        self._spec = spec
        self._past = past
        self._current: tuple[Binning, Rows, Estimator | None] | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing is learned; None where something is, or there is nothing to learn."""
        if self._current is None:
            return self._past.problem
        return None if self._current[2] is not None else "none of its rows has a label"

    def learn(self, moment: FitInput) -> Estimator | None:
        """What it teaches; None while it teaches nothing.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        edges = score_edges(self._spec, moment.binning)
        rows = self._past.rows(moment) if edges is not None else None
        if edges is None or rows is None:
            self._current = None
            return None
        current = self._current
        if current is None or current[0] is not moment.binning or not equal(current[1], rows):
            self._current = current = (moment.binning, rows, fit_estimator(self._spec, rows, edges))
        return current[2]

    def exclude_alarming_week(self, samples: Iterable[Sample], mature: datetime) -> None:
        """Let no trailing reference learn from the weeks of a window whose outcomes were not what was expected.

        Raises:
            OSError: when the disk refuses.
        """
        if isinstance(self._past, TrailingOutcomes):
            found = conditions(samples, self._spec.spec.alert_window_names)
            names = {each.label(catalogue.WINDOW) for each in found if each.alert == catalogue.CONCEPT_DRIFT_ALERT}
            lengths = [length for length in self._spec.spec.windows if format_duration(length) in names]
            if lengths:
                self._past.leave_out(Window(mature - max(lengths), mature))


class _KeptPeriod:
    """The outcomes of a period, from the store once they were told."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, outcomes: PeriodOutcomes) -> None:
        self._spec = spec
        self._store = store
        self._outcomes = outcomes
        self._found: tuple[Key, Rows] | None = None

    @property
    def problem(self) -> str | None:
        return self._outcomes.problem if self._found is None else None

    def rows(self, moment: FitInput) -> Rows | None:
        key = self._key(moment)
        if self._found is None or self._found[0] != key:
            number = len(score_edges(self._spec, moment.binning) or [])
            rows = load_rows(self._store, key, number) or self._told(moment, key)
            self._found = (key, rows) if rows is not None else None
            if rows is not None:
                self._outcomes.let_go()
        return self._found[1] if self._found is not None else None

    def _told(self, moment: FitInput, key: Key) -> Rows | None:
        parts = self._outcomes.read(moment.attempt, moment.binning, moment.mature)
        rows = labelled_rows(self._spec, parts) if parts is not None else None
        if rows is None or not rows[0].known.any():
            return None
        save_rows(self._store, key, rows)
        return rows

    def _key(self, moment: FitInput) -> Key:
        body = self._spec.spec
        labels = body.labels.model_dump_json() if body.labels is not None else ""
        content = (moment.fingerprint, moment.binning.fingerprint, body.inference.columns.model_dump_json(), labels)
        return Key(f"{self._spec.name}/{GROUP}", "period", (*content, body.task))
