"""The refresh loop: every model has a schedule of its own, and no model can disturb another or end the loop.

A model that fails keeps its old values until they are older than the spec's `stale_after`. Then they are removed, but
for the end of the window and the metrics about the model's refreshes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from exporter import catalogue, logs
from exporter.errors import LeewayError
from exporter.logs import Progress
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, RefreshFailed
from exporter.service.guard import Guard
from exporter.service.model_state import ModelState
from exporter.service.publishing import Models, Publisher
from exporter.service.reading import ModelReader
from exporter.service.slots import Run, Slots
from exporter.service.snapshot import Snapshot
from exporter.service.spec_loads import SpecLoads
from exporter.sources import deadline
from exporter.spec.loading import LoadedSpec, RejectedSpec
from exporter.spec.value_types import format_duration
from exporter.store.profiles import ProfileStore

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

STALLED_SECONDS: Final = 60.0
"""A loop whose last iteration is older stands still; an iteration begins each second."""
_PAUSE: Final = 1.0


def wall_clock() -> datetime:
    """Return the current time in UTC; the service reads the clock nowhere else."""
    return datetime.now(UTC)


class Refresher:
    """Keeps every model and the snapshot up to date.

    Its properties and `exposition` may be used from any thread; one thread at a time replaces specs.
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
            workers: how many models are refreshed at a time, and as many that failed or take long.
            prometheus: the address to query for proxies if a spec names none.
            progress: called after each partition, in the thread that read it.
            unlimited: whether a refresh reads all partitions that are left, as far as its timeout allows.
        """
        self._store = store
        self._prometheus = prometheus
        self._clock = clock
        self._progress = progress
        self._unlimited = unlimited
        self._wake = threading.Event()
        self._slots = Slots(workers, self._ended)
        self._stopping = False
        self._lock = threading.Lock()
        self._loads = SpecLoads()
        self._guard = Guard()
        self._last_iteration: float | None = None
        self._states: dict[str, ModelState] = {}
        self._publisher = Publisher(self._models, clock)
        self.replace_specs(specs, rejected)

    @property
    def mistakes(self) -> Sequence[str]:
        """The mistakes of the specs that could not be used at the last load."""
        return self._loads.mistakes

    @property
    def states(self) -> Mapping[str, ModelState]:
        """The state of every model, by name."""
        return self._states

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before `run` or `refresh_all`."""
        return self._publisher.snapshot

    @property
    def ready(self) -> bool:
        """Whether every model was tried at the start; one that is added later changes nothing."""
        return self._publisher.ready

    @property
    def unread(self) -> Sequence[str]:
        """The models that have not been tried yet."""
        return [name for name, state in self._states.items() if state.succeeded is None]

    @property
    def stalled(self) -> bool:
        """Whether the loop stands still; false before its first iteration."""
        last = self._last_iteration
        return last is not None and time.monotonic() - last > STALLED_SECONDS

    def replace_specs(self, specs: Iterable[LoadedSpec], rejected: Iterable[RejectedSpec] = ()) -> None:
        """Replace the specs; a model keeps its state if its spec has not changed, or if its file was rejected."""
        loads = SpecLoads(tuple(rejected), last_success=self._loads.last_success)
        old = [state.loaded for state in self._states.values() if state.loaded.path in loads.rejected_paths]
        states = {
            name: self._states[name]
            if name in self._states and self._states[name].loaded == loaded
            else self._open(loaded)
            for name, loaded in {loaded.spec.name: loaded for loaded in (*old, *specs)}.items()
        }
        with self._lock:
            self._states = states
            self._loads = replace(loads, last_success=self._clock()) if loads.succeeded else loads
        self._wake.set()
        if self.snapshot is not None:
            self._publisher.publish()

    def reject_specs(self, why: LeewayError) -> None:
        """Record why none of the new specs can be used; the old ones stay."""
        self._loads = replace(self._loads, refusal=why)
        self._publisher.publish()

    def exposition(self, *, openmetrics: bool, compressed: bool = False) -> tuple[list[bytes], str] | None:
        """Return what a scrape reads now, see `Snapshot.exposition`; None before the first snapshot."""
        live = self._live_samples()
        return self._publisher.exposition(live, openmetrics=openmetrics, compressed=compressed)

    def refresh_all(self) -> None:
        """Refresh every model once, and publish the result."""
        due = deque(self._states.values())
        while (due or self._slots.held) and not self._stopping:
            self._last_iteration = time.monotonic()
            self._wake.clear()
            while due and (due[0].loaded.spec.name in self._slots.names or self._begin(due[0])):
                due.popleft()
            self._give_up()
            self._wake.wait(_PAUSE)
        self._publisher.publish()

    def run(self) -> None:
        """Refresh each model whenever it is due, until `stop`; the names of the models are published at once.

        No error ends the loop: it is logged and counted, and the step is tried again by the next iteration.
        """
        while not self._stopping:
            self._last_iteration = time.monotonic()
            self._wake.clear()
            with self._guard.step("the refresh loop"):
                self._iterate()
            self._wake.wait(_PAUSE)

    def stop(self, seconds: float = 2.0) -> None:
        """End `run`; wait for running refreshes to notice, at most some seconds."""
        self._stopping = True
        self._wake.set()
        if left := self._slots.wait(seconds):
            log.warning("these refreshes do not end and are left: %s", ", ".join(sorted(left)))

    def _iterate(self) -> None:
        for state in sorted(self._states.values(), key=lambda each: each.due):  # the longest wait is first
            if state.due <= time.monotonic():
                with self._guard.step(f"{state.loaded.spec.name}: the start of a refresh"):
                    self._begin(state)
        self._give_up()
        self._publisher.update()

    def _models(self) -> Models:
        with self._lock:
            return Models(list(self._states.values()), self._loads)

    def _open(self, loaded: LoadedSpec) -> ModelState:
        try:
            return ModelState(loaded, ModelReader(loaded, self._store, prometheus=self._prometheus))
        except LeewayError as problem:
            log.error("%s: %s", loaded.spec.name, problem, extra={"model": loaded.spec.name})  # noqa: TRY400 - a mistake in a spec needs no trace
            return ModelState(loaded, None, succeeded=False, error=str(problem))

    def _begin(self, state: ModelState) -> bool:
        """Start a refresh; return whether there was a slot for it."""
        body = state.loaded.spec.spec.refresh
        if state.reader is not None:
            quick, seconds = state.succeeded is not False, body.timeout.total_seconds()
            task = partial(self._refresh, state, state.reader)
            if not self._slots.start(state.loaded.spec.name, task, seconds, quick=quick):
                return False
        state.due = time.monotonic() + body.interval.total_seconds()
        return True

    def _ended(self) -> None:
        self._publisher.changed = True
        self._wake.set()

    def _give_up(self) -> None:
        for name in self._slots.give_up():
            if state := self._states.get(name):
                timeout = format_duration(state.loaded.spec.spec.refresh.timeout)
                why = f"gave up after {timeout}: its source does not let go; it is tried again when the source has"
                self._fail(state, "timeout", why)
                self._publisher.changed = True

    def _refresh(self, state: ModelState, reader: ModelReader, run: Run) -> None:
        """Refresh one model; no error leaves it, nor what is none, such as a panic of a library in Rust."""
        started = time.monotonic()
        logs.model.set(run.name)
        attempt = Attempt(
            now=self._clock(),
            overdue=lambda: self._stopping or run.overdue or self._states.get(run.name) is not state,
            progress=lambda done, total: self._progress(run.name, done, total),
            unlimited=self._unlimited,
        )
        try:
            with deadline.until(attempt.overdue):
                state.update(reader.read(attempt))
        except BaseException as problem:  # noqa: BLE001 - nobody else would see it
            if not self._stopping and not run.given_up:  # it was stopped, or has been counted
                self._record(state, problem)
        else:  # also if it was given up: late values are as true
            state.succeeded, state.last_success, state.error = True, attempt.now, ""
        state.duration = time.monotonic() - started

    def _record(self, state: ModelState, problem: BaseException) -> None:
        if isinstance(problem, RefreshFailed):
            self._fail(state, problem.stage, problem)
            return
        name = state.loaded.spec.name
        log.error("%s: the refresh failed unexpectedly", name, exc_info=problem, extra={"model": name})
        self._fail(state, "evaluate", f"{type(problem).__name__}: {problem}")

    def _fail(self, state: ModelState, stage: str, why: object) -> None:
        state.succeeded, state.error = False, str(why)
        if state.reader is not None:
            state.reader.record.fail(stage, f"refresh ({stage})", why)

    def _live_samples(self) -> Iterator[Sample]:
        """Yield what is known at a scrape, whether the loop runs or not."""
        now = time.monotonic()
        if self._last_iteration is not None:  # counted back from now, so that a clock that is set changes nothing
            at = time.time() - (now - self._last_iteration)
            yield Sample(catalogue.LOOP_LAST_ITERATION_TIMESTAMP_SECONDS, (), at)
        yield Sample(catalogue.LOOP_ERRORS_TOTAL, (), self._guard.errors)
        running = self._slots.names
        for name, state in self._states.items():
            yield from state.live_samples(now, running=name in running)
