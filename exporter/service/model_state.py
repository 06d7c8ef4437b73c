"""One model in the exporter: its newest samples, the result of its last refresh, and when the next one is due."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec


@dataclass(slots=True)
class ModelState:
    """One model: its newest samples, and the result of its last refresh."""

    loaded: LoadedSpec
    reader: ModelReader | None
    samples: list[Sample] = field(default_factory=list)
    window_end: datetime | None = None
    """The end of the newest window that was evaluated; it is asked for at each scrape, so it is not looked up then."""
    succeeded: bool | None = None
    last_success: datetime | None = None
    duration: float | None = None
    error: str = ""
    due: float = field(default_factory=time.monotonic)
    """When the next refresh is due, on the monotonic clock: the schedule runs even if `--now` stops the time."""

    def update(self, samples: list[Sample]) -> None:
        """Replace the samples by those of a refresh."""
        metric = catalogue.WINDOW_END_TIMESTAMP_SECONDS
        ends = [sample.value for sample in samples if sample.metric is metric]
        self.samples, self.window_end = samples, datetime.fromtimestamp(max(ends), UTC) if ends else None

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

    def live_samples(self, now: float, *, running: bool) -> Iterable[Sample]:
        """Yield what is known of the schedule at a scrape.

        Args:
            now: on the monotonic clock.
            running: whether a refresh of the model runs.
        """
        name = (self.loaded.spec.name,)
        yield Sample(catalogue.REFRESH_IN_PROGRESS, name, running)
        yield Sample(catalogue.REFRESH_WAITING_SECONDS, name, 0 if running else max(now - self.due, 0))
