"""The hook: what is decided of a notification, and that it happens once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from exporter import catalogue
from exporter.errors import SourceUnavailable
from exporter.retraining.gate import Ask, judge
from exporter.retraining.ledger import Ledger, Start
from exporter.retraining.notification import Notification
from exporter.retraining.pipelines import NotStarted
from exporter.spec.model import ModelSpec
from exporter.spec.sections.retraining import Retrain

log = logging.getLogger(__name__)

_DAY: Final = timedelta(days=1)


class Decision(StrEnum):
    """What became of a notification."""

    STARTED = "started"
    DRY_RUN = "dry_run"  # all holds, and nobody was asked
    RESOLVED = "resolved"  # the incident is over
    REPEAT = "repeat"  # the incident has had its start
    COOLING_DOWN = "cooling_down"
    DAILY_LIMIT = "daily_limit"
    GATE_CLOSED = "gate_closed"
    UNKNOWN_MODEL = "unknown_model"  # or one that has no hook
    NO_ANSWER = catalogue.NO_ANSWER  # Prometheus could not be asked
    FAILED = catalogue.FAILED  # whoever retrains refused
    UNAUTHORIZED = "unauthorized"
    UNREADABLE = "unreadable"

    @property
    def again(self) -> bool:
        """Whether Alertmanager should try once more."""
        return self in (Decision.NO_ANSWER, Decision.FAILED)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, of which model, and why."""

    decision: Decision
    model: str
    reason: str


class Hook:
    """Decides one notification after the other; several threads may ask."""

    def __init__(
        self,
        specs: Mapping[str, ModelSpec],
        ledger: Ledger,
        *,
        ask: Ask,
        start: Callable[[Retrain, Notification], str] | None,
        clock: Callable[[], datetime],
    ) -> None:
        """Decide for some models.

        Args:
            specs: by name.
            ledger: what has been started.
            ask: asks Prometheus.
            start: asks for a retraining; None only tells what would be done.
            clock: the present.
        """
        self._retrain = {name: (spec, spec.spec.alerting.retrain) for name, spec in specs.items()}
        self._ledger, self._ask, self._start, self._clock = ledger, ask, start, clock
        self._lock = threading.Lock()

    def decide(self, notification: Notification) -> Decided:
        """What becomes of a notification; a retraining has been asked for when this returns `started`.

        When the disk refuses, nothing is asked for: what cannot be remembered would be repeated.
        """
        with self._lock:
            try:
                decision, reason = self._decided(notification)
            except OSError as problem:
                decision, reason = Decision.FAILED, f"what is started cannot be kept: {problem}"
        model = notification.model if notification.model in self._retrain else ""
        return Decided(decision, model, reason)

    def last_starts(self) -> dict[str, datetime]:
        """When a retraining of each model was last started; without those that never were."""
        starts = {name: [start.at for start in self._ledger.of(name, dry=False)] for name in self._retrain}
        return {name: max(at) for name, at in starts.items() if at}

    def _decided(self, notification: Notification) -> tuple[Decision, str]:
        spec, retrain = self._retrain.get(notification.model, (None, None))
        if spec is None or retrain is None or retrain.gate is None:
            return Decision.UNKNOWN_MODEL, f"{notification.model} has no hook in the specs"
        if not notification.firing:
            return Decision.RESOLVED, "no alert fires any more"
        known = list(self._ledger.of(spec.name, dry=self._start is None))
        if (held := self._held(known, retrain, notification)) is not None:
            return held
        try:
            verdict = judge(spec, retrain.gate, notification, self._ask)
        except SourceUnavailable as problem:
            return Decision.NO_ANSWER, str(problem)
        if not verdict.open:
            return Decision.GATE_CLOSED, str(verdict)
        return self._begin(retrain, notification, str(verdict))

    def _held(self, known: list[Start], retrain: Retrain, notification: Notification) -> tuple[Decision, str] | None:
        """Why nothing may be started whatever the gate says, or None."""
        now = self._clock()
        for start in known:
            if start.incident == notification.incident or (
                start.group_key == notification.group_key and notification.instances & set(start.instances)
            ):
                if not notification.instances <= set(start.instances):
                    # Alerts come and go while an incident lasts: the next notification may know none of today's.
                    joined = tuple(sorted(notification.instances | set(start.instances)))
                    self._ledger.change(start, replace(start, instances=joined))
                return Decision.REPEAT, f"started at {start.at.isoformat(timespec='seconds')}"
        last = max((start.at for start in known), default=None)
        if last is not None and now - last < retrain.cooldown:
            return Decision.COOLING_DOWN, f"until {(last + retrain.cooldown).isoformat(timespec='seconds')}"
        today = sum(now - start.at < _DAY for start in known)
        if today >= retrain.daily_limit:
            return Decision.DAILY_LIMIT, f"{today} in the last 24 hours"
        return None

    def _begin(self, retrain: Retrain, notification: Notification, why: str) -> tuple[Decision, str]:
        """Remember the start before it is asked for: what ends in between is lost, never repeated."""
        start = Start(
            notification.model,
            notification.group_key,
            tuple(sorted(notification.instances)),
            self._clock(),
            notification.incident,
            dry=self._start is None,
        )
        self._ledger.add(start)
        if self._start is None:
            return Decision.DRY_RUN, why
        try:
            asked = self._start(retrain, notification)
        except NotStarted as problem:
            self._ledger.remove(start)
            return Decision.FAILED, str(problem)
        try:
            self._ledger.change(start, replace(start, confirmed=True))
        except OSError as problem:
            log.warning("%s was started, which cannot be kept: %s", start.incident, problem)
        return Decision.STARTED, f"{asked}: {why}"
