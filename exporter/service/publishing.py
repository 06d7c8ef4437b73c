"""What scrapes read: the newest snapshot of all models, made anew when a refresh ends or values get stale."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from exporter import catalogue
from exporter.installation import VERSION
from exporter.samples.windows import Sample
from exporter.service.model_state import ModelState
from exporter.service.snapshot import Renderer, Snapshot
from exporter.service.spec_loads import SpecLoads

_WHOLE: Final = ""
"""The part of the exposition that belongs to no model; a model's is named like the model."""


class Models(NamedTuple):
    """All models at one moment, and the result of the last load of their specs."""

    states: Sequence[ModelState]
    loads: SpecLoads

    @property
    def constant_labels(self) -> Mapping[str, Mapping[str, str]]:
        """The constant labels of each model, by name."""
        return {
            **self.loads.labels,
            **{each.loaded.spec.name: each.loaded.spec.metadata.labels for each in self.states},
        }

    def stale(self, now: datetime) -> frozenset[str]:
        """Return the names of the models whose values are older than their specs allow."""
        return frozenset(state.loaded.spec.name for state in self.states if state.is_stale(now))


class Publisher:
    """Keeps the snapshot up to date; any thread may use it."""

    def __init__(self, models: Callable[[], Models], clock: Callable[[], datetime]) -> None:
        """Nothing is published yet.

        Args:
            models: returns all models.
            clock: returns the current time.
        """
        self.snapshot: Snapshot | None = None
        self.ready = False
        """Whether a snapshot has had the result of every first refresh; a model that is added changes nothing."""
        self.changed = True
        """Whether anything has changed since the last snapshot."""
        self._models = models
        self._clock = clock
        self._lock = threading.Lock()
        self._renderer = Renderer()
        self._stale: frozenset[str] = frozenset()

    def publish(self) -> None:
        """Make a new snapshot; after an error the old one stays, and `changed` is true."""
        with self._lock:
            self.changed = False
            try:
                self._publish()
            except BaseException:
                self.changed = True
                raise

    def update(self) -> None:
        """Publish if anything has changed, or if values have got stale."""
        if self.changed or self._has_other_stale():
            self.publish()

    def exposition(
        self, live: Iterable[Sample], *, openmetrics: bool, compressed: bool = False
    ) -> tuple[list[bytes], str] | None:
        """Return what a scrape reads now, see `Snapshot.exposition`; None before the first snapshot.

        Values are removed when they get stale even if nobody calls `update`.
        """
        if self.snapshot is not None and self._has_other_stale():
            self.publish()
        if self.snapshot is None:
            return None
        labels = self._models().constant_labels
        return self.snapshot.exposition(live, labels, openmetrics=openmetrics, compressed=compressed)

    def _has_other_stale(self) -> bool:
        return self._models().stale(self._clock()) != self._stale

    def _publish(self) -> None:
        now, models = self._clock(), self._models()
        all_refreshed = all(state.succeeded is not None for state in models.states)  # read before their samples
        stale = models.stale(now)
        labels = models.constant_labels
        whole = [Sample(catalogue.BUILD_INFO, (VERSION,), 1)]
        whole += models.loads.samples(state.loaded for state in models.states)
        parts = {_WHOLE: (whole, labels)}
        for state in models.states:
            name = state.loaded.spec.name
            parts[name] = [*state.current_samples(now), *state.own_samples()], {name: labels[name]}
        self.snapshot = self._renderer.render(parts)
        self._stale = stale
        self.ready = self.ready or all_refreshed
