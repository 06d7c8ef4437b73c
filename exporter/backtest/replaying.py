"""Replay of a past period of the model's own log, to see which alerts would have fired.

The exporter's own `ModelReader` evaluates every time at which the exporter would have had a new window; only the clock
differs. So labels are those that had come by then: the label log is partitioned by arrival, and no partition that ends
later is listed. The timings of the alerts come from the generated rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from exporter import catalogue
from exporter.backtest.firing import AlertTiming, Firing, firings
from exporter.backtest.injection import Injection
from exporter.backtest.replayed_source import ReplayedSource
from exporter.catalogue import Alert
from exporter.errors import LeewayError, UsageError
from exporter.reference.reference import Reference
from exporter.samples.conditions import Condition
from exporter.samples.judgements import Judgement, judgements, nearest
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.labels.reading import open_label_log
from exporter.service.labels.trailing_outcomes import excluded_outcomes
from exporter.service.reading import ModelReader
from exporter.service.slo_reading import slices_group
from exporter.service.traffic_reading import LONGEST_QUIET
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
    gauge to its threshold there (see `exporter.samples.judgements`). `counted` is how much of the period is in the log:
    a gap in which a log of this kind can be quiet counts, a longer one does not. `problems` are what could not be used.
    """

    spec: ModelSpec
    period: Window
    conditions: Mapping[datetime, frozenset[Condition]]
    threshold_ratios: Mapping[datetime, Mapping[Alert, float]]
    firings: Sequence[Firing]
    counted: timedelta
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def until(self) -> datetime:
        """When the values of the last evaluation end."""
        return max(self.conditions) + self.spec.spec.inference.grain


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
    labels: ReplayedSource | None
    reader: ModelReader

    @staticmethod
    def of(
        loaded: LoadedSpec, period: Window, store: ProfileStore, alert_timings: Mapping[str, AlertTiming]
    ) -> Replayer:
        """List the log; no rows are read yet.

        Args:
            loaded: the model's spec.
            period: the hours to replay, as far as the log has them; their windows can start before it.
            store: one that does not forget, and that no exporter uses.
            alert_timings: the timing of each alert, by its name.

        Raises:
            SourceError: when the log cannot be listed.
            UsageError: when the log is empty in the period.
        """
        body = loaded.spec.spec
        inference, longest = body.inference, max(body.windows)
        starts = Window(period.start - longest, period.end).partitions(inference.grain)
        source = ReplayedSource.of(open_log(loaded, catalogue.INFERENCE), starts)
        existing = [start for start in period.partitions(inference.grain) if source.listed[start] is not None]
        if not existing:
            span = f"{period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M} UTC"
            raise UsageError(f"{loaded.path}: the inference log is empty from {span}: choose --from and --to")
        there = Window(existing[0], existing[-1] + inference.grain)
        labels = None
        if body.labels is not None and body.labels_evaluated:
            labels = ReplayedSource(open_label_log(loaded, body.labels), {})
        reader = ModelReader(loaded, store, source, labels=labels)
        return Replayer(loaded, there, alert_timings, store, source, labels, reader)

    def with_spec(self, spec: ModelSpec) -> Replayer:
        """Return a replayer of the same period with another spec; the log is not listed again."""
        loaded = LoadedSpec(self.loaded.path, spec)
        return replace(self, loaded=loaded, reader=ModelReader(loaded, self.store, self.source, labels=self.labels))

    def replay(self, progress: Progress = lambda done, total: None) -> Replay:
        """Evaluate the whole period, in the order of time.

        Raises:
            LeewayError: when an evaluation fails, with its time and the reason.
        """
        spec, times = self.loaded.spec, evaluation_times(self.loaded.spec.spec.inference, self.period)
        self._forget()
        holding, ratios = {}, {}
        for done, time in enumerate(times, start=1):
            judged = self._judgements(time)
            holding[time], ratios[time] = _holding(judged), nearest(judged)
            progress(done, len(times))
        alerts = firings(holding, self.alert_timings, self._valid_until(times[-1]))
        return Replay(spec, self.period, holding, ratios, alerts, self._counted(), self.reader.problems)

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
        damaged = self.labels if injection.of_labels and self.labels is not None else self.source
        damaged.injection = injection
        try:
            for alert in self._new_alerts(injection, baseline, follow + injection.matures):
                return Detection(injection, alert, alert.start + interval - injection.start)
        finally:
            damaged.injection = None
        return Detection(injection, None, None)

    def reference(self, time: datetime) -> Reference:
        """Return the reference for the windows of an evaluation time."""
        return self.reader.reference(time)

    def _new_alerts(self, injection: Injection, baseline: Replay, follow: timedelta) -> Iterator[Firing]:
        """Yield the alerts whose conditions do not hold in the baseline."""
        holding: dict[datetime, frozenset[Condition]] = {}
        span = Window(injection.start, min(injection.start + follow, self.period.end))
        for time in evaluation_times(self.loaded.spec.spec.inference, span):
            now = _holding(self._judgements(time))
            holding[time] = now - baseline.conditions.get(time, frozenset())
            yield from firings(holding, self.alert_timings, self._valid_until(time))

    def _valid_until(self, time: datetime) -> datetime:
        """Return when the values of an evaluation end: when the next window is complete."""
        return time + self.loaded.spec.spec.inference.grain

    def _judgements(self, time: datetime) -> dict[Condition, Judgement]:
        try:
            samples = self.reader.read(Attempt(time, unlimited=True))
        except RefreshFailed as problem:
            raise LeewayError(f"{self.loaded.spec.name} at {time:%Y-%m-%d %H:%M} UTC: {problem}") from problem
        return judgements(self.loaded.spec, samples)

    def _forget(self) -> None:
        """Forget the alarming weeks and the slices of objectives of another replay."""
        name = self.loaded.spec.name
        for weeks in (name, excluded_outcomes(name)):
            self.store.save_alarming_weeks(weeks, ())
        self.store.remove_group(slices_group(name))

    def _counted(self) -> timedelta:
        """Return how much of the period the log has."""
        grain = self.loaded.spec.spec.inference.grain
        starts = [start for start in self.period.partitions(grain) if self.source.listed[start] is not None]
        steps = (later - earlier for earlier, later in pairwise(starts))
        return sum((step if step - grain <= LONGEST_QUIET else grain for step in steps), grain)


def _holding(judged: Mapping[Condition, Judgement]) -> frozenset[Condition]:
    return frozenset(condition for condition, judgement in judged.items() if judgement.holds)


def evaluation_times(inference: Inference, period: Window) -> list[datetime]:
    """Return when each window that ends in a period is complete: `delay` after the end of each partition."""
    return [start + inference.grain + inference.delay for start in period.partitions(inference.grain)]
