"""Replay of a past period of the model's own log, to see which alerts would have fired.

The exporter's own `ModelReader` evaluates every time at which the exporter would have had a new window; only the clock
differs. The timings of the alerts come from the generated rules.
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
"""Called with the number of finished evaluations and their total."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The evaluation of a past period.

    `conditions` are the conditions that hold from each evaluation time on, `threshold_ratios` the ratio of each alert's
    gauge to its threshold there (see `exporter.samples.conditions.threshold_ratios`).
    """

    spec: ModelSpec
    period: Window
    conditions: Mapping[datetime, frozenset[Condition]]
    threshold_ratios: Mapping[datetime, Mapping[Alert, float]]
    firings: Sequence[Firing]


@dataclass(frozen=True, slots=True)
class Detection:
    """A fault, the first alert that fired for it, and the time from fault to alert; None when no alert fired."""

    injection: Injection
    alert: Firing | None
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class Replayer:
    """One model's log, ready to be replayed; profiles are made once and stored."""

    loaded: LoadedSpec
    period: Window
    alert_timings: Mapping[str, AlertTiming]
    store: ProfileStore
    source: ReplayedSource
    reader: ModelReader

    @staticmethod
    def of(
        loaded: LoadedSpec, period: Window, store: ProfileStore, alert_timings: Mapping[str, AlertTiming]
    ) -> Replayer:
        """List the log; no rows are read yet.

        Args:
            loaded: the model's spec.
            period: the hours to replay; their windows can start before it.
            store: one that does not forget, and that no exporter uses.
            alert_timings: the timing of each alert, by its name.

        Raises:
            SourceError: when the log cannot be listed.
            UsageError: when the log is empty in the period.
        """
        inference, longest = loaded.spec.spec.inference, max(loaded.spec.spec.windows)
        starts = Window(period.start - longest, period.end).partitions(inference.grain)
        source = ReplayedSource.of(open_log(loaded, catalogue.INFERENCE), starts)
        if not any(source.listed.values()):
            span = f"{period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M} UTC"
            raise UsageError(f"{loaded.path}: the inference log is empty from {span}: choose --from and --to")
        return Replayer(loaded, period, alert_timings, store, source, ModelReader(loaded, store, source))

    def with_spec(self, spec: ModelSpec) -> Replayer:
        """Return a replayer of the same period with another spec; the log is not listed again."""
        loaded = LoadedSpec(self.loaded.path, spec)
        return replace(self, loaded=loaded, reader=ModelReader(loaded, self.store, self.source))

    def replay(self, progress: Progress = lambda done, total: None) -> Replay:
        """Evaluate the whole period, in the order of time.

        Raises:
            LeewayError: when an evaluation fails, with its time and the reason.
        """
        spec, times = self.loaded.spec, evaluation_times(self.loaded.spec.spec.inference, self.period)
        self.store.save_alarming_weeks(spec.name, ())  # forget the alarming weeks of another replay
        holding, ratios, windows = {}, {}, spec.spec.alert_window_names
        for done, time in enumerate(times, start=1):
            samples = self._samples(time)
            holding[time], ratios[time] = conditions(samples, windows), threshold_ratios(samples, windows)
            progress(done, len(times))
        alerts = firings(holding, self.alert_timings, self._valid_until(times[-1]))
        return Replay(spec, self.period, holding, ratios, alerts)

    def detect(self, injection: Injection, baseline: Replay, follow: timedelta) -> Detection:
        """Replay from a fault on, until an alert fires that did not fire without it.

        Args:
            injection: the fault.
            baseline: the replay without the fault.
            follow: the length of time to replay after the fault.

        Raises:
            LeewayError: when an evaluation fails, with its time and the reason.
        """
        interval = self.loaded.spec.spec.refresh.interval
        self.source.injection = injection
        try:
            for alert in self._new_alerts(injection, baseline, follow):
                return Detection(injection, alert, alert.start + interval - injection.start)
        finally:
            self.source.injection = None
        return Detection(injection, None, None)

    def reference(self, time: datetime) -> Reference:
        """Return the reference for the windows of an evaluation time."""
        return self.reader.reference(time)

    def _new_alerts(self, injection: Injection, baseline: Replay, follow: timedelta) -> Iterator[Firing]:
        """Yield the alerts whose conditions do not hold in the baseline."""
        holding: dict[datetime, frozenset[Condition]] = {}
        span = Window(injection.start, min(injection.start + follow, self.period.end))
        for time in evaluation_times(self.loaded.spec.spec.inference, span):
            now = conditions(self._samples(time), self.loaded.spec.spec.alert_window_names)
            holding[time] = now - baseline.conditions.get(time, frozenset())
            yield from firings(holding, self.alert_timings, self._valid_until(time))

    def _valid_until(self, time: datetime) -> datetime:
        """Return when the values of an evaluation end: when the next window is complete."""
        return time + self.loaded.spec.spec.inference.grain

    def _samples(self, time: datetime) -> list[Sample]:
        try:
            return self.reader.read(Attempt(time))
        except RefreshFailed as problem:
            raise LeewayError(f"{self.loaded.spec.name} at {time:%Y-%m-%d %H:%M} UTC: {problem}") from problem


def evaluation_times(inference: Inference, period: Window) -> list[datetime]:
    """Return when each window that ends in a period is complete: `delay` after the end of each partition."""
    return [start + inference.grain + inference.delay for start in period.partitions(inference.grain)]
