"""The hook: decides on each notification, and starts a retraining once per incident."""

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
from exporter.retraining.gate import QueryValue, evaluate_gate
from exporter.retraining.ledger import Ledger, Start
from exporter.retraining.notification import Notification
from exporter.retraining.pipelines import NotStarted
from exporter.spec.model import ModelSpec
from exporter.spec.sections.retraining import Retrain

log = logging.getLogger(__name__)

_DAY: Final = timedelta(days=1)


class Decision(StrEnum):
    """The decisions on a notification."""

    STARTED = "started"
    DRY_RUN = "dry_run"  # the gate is open, and nothing was started
    RESOLVED = "resolved"  # the incident is over
    REPEAT = "repeat"  # the incident has been started before
    COOLING_DOWN = "cooling_down"
    DAILY_LIMIT = "daily_limit"
    GATE_CLOSED = "gate_closed"
    UNKNOWN_MODEL = "unknown_model"  # or a model without a hook
    NO_ANSWER = catalogue.NO_ANSWER  # Prometheus did not answer
    FAILED = catalogue.FAILED  # the pipeline could not be started
    UNAUTHORIZED = "unauthorized"
    UNREADABLE = "unreadable"

    @property
    def should_retry(self) -> bool:
        """Whether Alertmanager should send the notification again."""
        return self in (Decision.NO_ANSWER, Decision.FAILED)


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision, its model and its reason."""

    decision: Decision
    model: str
    reason: str


class Hook:
    """Decides on notifications, one at a time; thread-safe."""

    def __init__(
        self,
        specs: Mapping[str, ModelSpec],
        ledger: Ledger,
        *,
        query_value: QueryValue,
        start: Callable[[Retrain, Notification], str] | None,
        clock: Callable[[], datetime],
    ) -> None:
        """Create a hook for some models.

        Args:
            specs: the specs by model name.
            ledger: the previous starts.
            query_value: queries Prometheus.
            start: starts a retraining; None for a dry run.
            clock: returns the present.
        """
        self._retrain = {name: (spec, spec.spec.alerting.retrain) for name, spec in specs.items()}
        self._ledger, self._query_value, self._start, self._clock = ledger, query_value, start, clock
        self._lock = threading.Lock()

    def decide(self, notification: Notification) -> DecisionRecord:
        """Decide on a notification; with the decision `started`, a retraining has been started.

        When the ledger cannot be written, nothing is started: it would be started again.
        """
        with self._lock:
            try:
                decision, reason = self._decision(notification)
            except OSError as problem:
                decision, reason = Decision.FAILED, f"the start cannot be saved: {problem}"
        model = notification.model if notification.model in self._retrain else ""
        return DecisionRecord(decision, model, reason)

    def last_starts(self) -> dict[str, datetime]:
        """Return the time of each model's last start, without models that were never started."""
        starts = {name: [start.at for start in self._ledger.of(name, dry=False)] for name in self._retrain}
        return {name: max(at) for name, at in starts.items() if at}

    def _decision(self, notification: Notification) -> tuple[Decision, str]:
        spec, retrain = self._retrain.get(notification.model, (None, None))
        if spec is None or retrain is None or retrain.gate is None:
            return Decision.UNKNOWN_MODEL, f"{notification.model} has no hook in the specs"
        if not notification.firing:
            return Decision.RESOLVED, "no alert is firing"
        known = list(self._ledger.of(spec.name, dry=self._start is None))
        if (refused := self._refused(known, retrain, notification)) is not None:
            return refused
        try:
            verdict = evaluate_gate(spec, retrain.gate, notification, self._query_value)
        except SourceUnavailable as problem:
            return Decision.NO_ANSWER, str(problem)
        if not verdict.open:
            return Decision.GATE_CLOSED, str(verdict)
        return self._begin(retrain, notification, str(verdict))

    def _refused(self, known: list[Start], retrain: Retrain, notification: Notification) -> tuple[Decision, str] | None:
        """Return why nothing may be started whatever the gate's state, or None."""
        now = self._clock()
        for start in known:
            if start.incident == notification.incident or (
                start.group_key == notification.group_key and notification.instances & set(start.instances)
            ):
                if not notification.instances <= set(start.instances):
                    # Alerts change while an incident lasts: the next notification may have none of the present ones.
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
        """Save the start, then start: a crash in between loses the start, but never repeats it."""
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
            started = self._start(retrain, notification)
        except NotStarted as problem:
            self._ledger.remove(start)
            return Decision.FAILED, str(problem)
        try:
            self._ledger.change(start, replace(start, confirmed=True))
        except OSError as problem:
            log.warning("%s was started, but its confirmation cannot be saved: %s", start.incident, problem)
        return Decision.STARTED, f"{started}: {why}"
