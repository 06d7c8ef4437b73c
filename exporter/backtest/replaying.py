"""The past through the same code: what a spec's alerts would have said over a stretch of the model's own log.

Each moment at which the exporter would have had a new window is evaluated by the exporter's own `ModelReader`; only the
clock is another. The alerts' pace comes from the generated rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exporter import catalogue
from exporter.backtest.firing import AlertTiming, Firing, firings
from exporter.backtest.injection import Injection
from exporter.backtest.replayed_source import ReplayedSource
from exporter.catalogue import Alert
from exporter.errors import LeewayError, UsageError
from exporter.reference.reference import Reference
from exporter.samples.conditions import Condition, conditions, threshold_ratios
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.reading import ModelReader
from exporter.sources.opening import open_log
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Inference
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore

Progress = Callable[[int, int], None]
"""Told how many moments are done, of how many."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A stretch of the past, evaluated.

    `held` are the conditions that held from each moment on; `near` how near each alert came to its threshold there (see
    `exporter.verdicts.nearness`).
    """

    spec: ModelSpec
    stretch: Window
    held: Mapping[datetime, frozenset[Condition]]
    near: Mapping[datetime, Mapping[Alert, float]]
    firings: Sequence[Firing]


@dataclass(frozen=True, slots=True)
class Detection:
    """A fault, the first alert that fired for it, and how long after the fault had begun; None when none did."""

    injection: Injection
    alert: Firing | None
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class Replayer:
    """One model's log, ready to be replayed; profiles are made once and kept in the store."""

    loaded: LoadedSpec
    stretch: Window
    paces: Mapping[str, AlertTiming]
    store: ProfileStore
    source: ReplayedSource
    reader: ModelReader

    @staticmethod
    def of(loaded: LoadedSpec, stretch: Window, store: ProfileStore, paces: Mapping[str, AlertTiming]) -> Replayer:
        """List the log; nothing else is read yet.

        Args:
            loaded: the model's spec.
            stretch: the hours to replay; the windows that end in it reach back before it.
            store: one that does not forget, and that no exporter uses.
            paces: each alert's, by its name.

        Raises:
            SourceError: when the log cannot be listed.
            UsageError: when it holds nothing there.
        """
        inference, longest = loaded.spec.spec.inference, max(loaded.spec.spec.windows)
        starts = Window(stretch.start - longest, stretch.end).partitions(inference.grain)
        source = ReplayedSource.of(open_log(loaded, catalogue.INFERENCE), starts)
        if not any(source.listed.values()):
            span = f"{stretch.start:%Y-%m-%d %H:%M} to {stretch.end:%Y-%m-%d %H:%M} UTC"
            raise UsageError(f"{loaded.path}: the inference log holds nothing from {span}: choose --from and --to")
        return Replayer(loaded, stretch, paces, store, source, ModelReader(loaded, store, source))

    def under(self, spec: ModelSpec) -> Replayer:
        """The same stretch under another spec; the log is not listed again."""
        loaded = LoadedSpec(self.loaded.path, spec)
        return replace(self, loaded=loaded, reader=ModelReader(loaded, self.store, self.source))

    def replay(self, progress: Progress = lambda done, total: None) -> Replay:
        """Evaluate every moment of the stretch, in the order of time.

        Raises:
            LeewayError: when a moment cannot be evaluated, with why.
        """
        spec, wanted = self.loaded.spec, moments(self.loaded.spec.spec.inference, self.stretch)
        self.store.save_alarming_weeks(spec.name, ())  # what another replay found alarming, this one may not
        held, near, windows = {}, {}, spec.spec.alert_window_names
        for done, moment in enumerate(wanted, start=1):
            samples = self._samples(moment)
            held[moment], near[moment] = conditions(samples, windows), threshold_ratios(samples, windows)
            progress(done, len(wanted))
        return Replay(spec, self.stretch, held, near, firings(held, self.paces, self._until(wanted[-1])))

    def sight(self, injection: Injection, calm: Replay, follow: timedelta) -> Detection:
        """Replay the stretch from a fault on, until an alert fires that did not hold without it.

        Args:
            injection: the fault.
            calm: the replay without it.
            follow: how long to look.

        Raises:
            LeewayError: when a moment cannot be evaluated, with why.
        """
        interval = self.loaded.spec.spec.refresh.interval
        self.source.injection = injection
        try:
            for fired in self._fired(injection, calm, follow):
                return Detection(injection, fired, fired.start + interval - injection.start)
        finally:
            self.source.injection = None
        return Detection(injection, None, None)

    def reference(self, moment: datetime) -> Reference:
        """What a moment's windows are compared with."""
        return self.reader.reference(moment)

    def _fired(self, injection: Injection, calm: Replay, follow: timedelta) -> Iterator[Firing]:
        held: dict[datetime, frozenset[Condition]] = {}
        span = Window(injection.start, min(injection.start + follow, self.stretch.end))
        for moment in moments(self.loaded.spec.spec.inference, span):
            found = conditions(self._samples(moment), self.loaded.spec.spec.alert_window_names)
            held[moment] = found - calm.held.get(moment, frozenset())
            yield from firings(held, self.paces, self._until(moment))

    def _until(self, last: datetime) -> datetime:
        """When the values of the last moment end: when the next window is complete."""
        return last + self.loaded.spec.spec.inference.grain

    def _samples(self, moment: datetime) -> list[Sample]:
        try:
            return self.reader.read(Attempt(moment))
        except RefreshFailed as problem:
            raise LeewayError(f"{self.loaded.spec.name} at {moment:%Y-%m-%d %H:%M} UTC: {problem}") from problem


def moments(inference: Inference, stretch: Window) -> list[datetime]:
    """When each window that ends in a stretch is complete: `delay` after the end of each of its partitions."""
    return [start + inference.grain + inference.delay for start in stretch.partitions(inference.grain)]
