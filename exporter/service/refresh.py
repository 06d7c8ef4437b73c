"""The refresh loop: every model has a schedule of its own, and no model can disturb another.

A model that fails keeps its old values until they are older than the spec's `stale_after`. Then they are removed, but
for the end of the window and the metrics about the model's refreshes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata

from exporter import catalogue
from exporter.errors import LeewayError
from exporter.logs import Progress
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.reading import ModelReader
from exporter.service.snapshot import Renderer, Snapshot
from exporter.service.spec_loads import SpecLoads
from exporter.spec.loading import LoadedSpec, RejectedSpec
from exporter.store.profiles import ProfileStore

log = logging.getLogger(__name__)

_WHOLE = ""
"""The part of the exposition that belongs to no model; a model's is named like the model."""

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Return the current time in UTC; the service reads the clock nowhere else."""
    return datetime.now(UTC)


@dataclass(slots=True)
class ModelState:
    """One model: its newest samples, and the result of its last refresh."""

    loaded: LoadedSpec
    reader: ModelReader | None
    samples: list[Sample] = field(default_factory=list)
    succeeded: bool | None = None
    last_success: datetime | None = None
    duration: float | None = None
    error: str = ""
    due: float = 0.0
    """When the next refresh is due, on the monotonic clock: the schedule runs even if `--now` stops the time."""

    @property
    def window_end(self) -> datetime | None:
        """The end of the newest window that was evaluated."""
        metric = catalogue.WINDOW_END_TIMESTAMP_SECONDS
        ends = [sample.value for sample in self.samples if sample.metric is metric]
        return datetime.fromtimestamp(max(ends), UTC) if ends else None

    def is_stale(self, now: datetime) -> bool:
        """Return whether the model's values are older than its spec allows."""
        end = self.window_end
        return end is not None and now - end > self.loaded.spec.spec.inference.staleness

    def current_samples(self, now: datetime) -> list[Sample]:
        """Return the samples to expose at `now`: all of them, or the end of the window alone once they are stale."""
        if not self.is_stale(now):
            return self.samples
        return [sample for sample in self.samples if sample.metric is catalogue.WINDOW_END_TIMESTAMP_SECONDS]

    def own_samples(self) -> Iterable[Sample]:
        """Yield the samples about the model and its refreshes."""
        spec = self.loaded.spec
        name = (spec.name,)
        info = (spec.name, spec.metadata.team, spec.metadata.owner, spec.spec.task, spec.fingerprint())
        yield Sample(catalogue.MODEL_INFO, info, 1)
        if self.succeeded is not None:
            yield Sample(catalogue.REFRESH_SUCCESS, name, self.succeeded)
        if self.last_success is not None:
            yield Sample(catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS, name, self.last_success.timestamp())
        if self.duration is not None:
            yield Sample(catalogue.REFRESH_DURATION_SECONDS, name, self.duration)
        if self.reader is not None:
            yield from self.reader.own_samples()


class Refresher:
    """Keeps every model and the snapshot up to date.

    `snapshot` is replaced as a whole and may be read from any thread; it is None before `run` or `refresh_all`.
    """

    def __init__(
        self,
        specs: Iterable[LoadedSpec],
        store: ProfileStore,
        *,
        rejected: Iterable[RejectedSpec] = (),
        clock: Clock = wall_clock,
        workers: int = 2,
        prometheus: str | None = None,
        progress: Progress = lambda model, done, total: None,
        unlimited: bool = False,
    ) -> None:
        """Nothing is read before `run` or `refresh_all`.

        Args:
            specs: the models.
            store: where profiles are stored.
            rejected: the files whose specs cannot be used.
            clock: returns the current time.
            workers: how many models are refreshed at a time.
            prometheus: the address to query for proxies if a spec names none.
            progress: called after each partition, in the thread that read it.
            unlimited: whether a refresh reads all partitions that are left, as far as its timeout allows.
        """
        self.snapshot: Snapshot | None = None
        self._store = store
        self._prometheus = prometheus
        self._clock = clock
        self._progress = progress
        self._unlimited = unlimited
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="refresh")
        self._wake = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._loads = SpecLoads()
        self._renderer = Renderer()
        self._published_stale: frozenset[str] = frozenset()
        self._published_all = False
        self._states: dict[str, ModelState] = {}
        self.replace_specs(specs, rejected)

    @property
    def rejected(self) -> Sequence[RejectedSpec]:
        """The files whose specs could not be used at the last load."""
        return self._loads.rejected

    @property
    def states(self) -> Mapping[str, ModelState]:
        """The state of every model, by name."""
        return self._states

    @property
    def ready(self) -> bool:
        """Whether the snapshot has the result of every model's first refresh."""
        return self._published_all

    def replace_specs(self, specs: Iterable[LoadedSpec], rejected: Iterable[RejectedSpec] = ()) -> None:
        """Replace the specs; a model keeps its state if its spec has not changed, or if its file was rejected."""
        with self._lock:
            loads = SpecLoads(tuple(rejected), last_success=self._loads.last_success)
            old = [state.loaded for state in self._states.values() if state.loaded.path in loads.rejected_paths]
            loaded_by_name = {loaded.spec.name: loaded for loaded in (*old, *specs)}
            self._states = {
                name: self._states[name]
                if name in self._states and self._states[name].loaded == loaded
                else self._open(loaded)
                for name, loaded in loaded_by_name.items()
            }
            self._loads = replace(loads, last_success=self._clock()) if loads.succeeded else loads
        if self.snapshot is not None:
            self._publish()
        self._wake.set()

    def reject_specs(self) -> None:
        """Record that none of the new specs can be used; the old ones stay."""
        self._loads = replace(self._loads, none_valid=True)
        self._publish()

    def refresh_all(self) -> None:
        """Refresh every model once, and publish the result."""
        states = list(self._states.values())
        for future in [self._pool.submit(self._refresh, state) for state in states]:
            future.result()
        self._publish()

    def run(self) -> None:
        """Refresh each model whenever it is due, until `stop`; the names of the models are published at once."""
        self._publish()
        running: dict[Future[None], str] = {}
        while not self._stopping:
            self._wake.clear()
            busy = set(running.values())
            for name, state in self._states.items():
                if state.due <= time.monotonic() and name not in busy:
                    running[self._pool.submit(self._refresh, state)] = name
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED) if running else (set(), set())
            for future in done:
                del running[future]
            if done or self._stale_names(self._clock()) != self._published_stale:
                self._publish()
            if not running:
                self._wake.wait(1.0)

    def stop(self) -> None:
        """End `run`, and wait until every running refresh has reached its next partition."""
        self._stopping = True
        self._wake.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _stale_names(self, now: datetime) -> frozenset[str]:
        return frozenset(name for name, state in self._states.items() if state.is_stale(now))

    def _open(self, loaded: LoadedSpec) -> ModelState:
        try:
            return ModelState(loaded, ModelReader(loaded, self._store, prometheus=self._prometheus))
        except LeewayError as problem:
            log.error("%s: %s", loaded.spec.name, problem, extra={"model": loaded.spec.name})  # noqa: TRY400 - a mistake in a spec needs no trace
            return ModelState(loaded, None, succeeded=False, error=str(problem))

    def _refresh(self, state: ModelState) -> None:
        """Refresh one model; no error leaves it."""
        body, started = state.loaded.spec.spec, time.monotonic()
        state.due = started + body.refresh.interval.total_seconds()
        if state.reader is None:
            return
        attempt = Attempt(
            now=self._clock(),
            overdue=lambda: self._stopping or time.monotonic() - started > body.refresh.timeout.total_seconds(),
            progress=lambda done, total: self._progress(state.loaded.spec.name, done, total),
            unlimited=self._unlimited,
        )
        try:
            state.samples = state.reader.read(attempt)
        except RefreshFailed as problem:
            if not self._stopping:  # a refresh that was stopped did not fail
                self._fail(state, problem.stage, problem)
        except Exception as problem:
            log.exception("%s: the refresh failed unexpectedly", state.loaded.spec.name)
            self._fail(state, "evaluate", f"{type(problem).__name__}: {problem}")
        else:
            state.succeeded, state.last_success, state.error = True, attempt.now, ""
        state.duration = time.monotonic() - started

    def _fail(self, state: ModelState, stage: str, why: object) -> None:
        state.succeeded, state.error = False, str(why)
        if state.reader is not None:
            state.reader.record.fail(stage, f"refresh ({stage})", why)

    def _publish(self) -> None:
        now = self._clock()
        with self._lock:
            states, loads = list(self._states.values()), self._loads
        all_refreshed = all(state.succeeded is not None for state in states)  # read before their samples
        whole = [Sample(catalogue.BUILD_INFO, (metadata.version("leeway"),), 1)]
        whole += loads.samples(state.loaded for state in states)
        labels = {state.loaded.spec.name: state.loaded.spec.metadata.labels for state in states}
        parts = {_WHOLE: (whole, {**loads.labels, **labels})}
        for state in states:
            name = state.loaded.spec.name
            parts[name] = [*state.current_samples(now), *state.own_samples()], {name: labels[name]}
        self._published_stale = self._stale_names(now)
        self.snapshot = self._renderer.render(parts)
        self._published_all = all_refreshed
