"""One refresh of a model, what all of them have done so far, and how one fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from exporter.errors import LeewayError


class RefreshFailed(LeewayError):  # noqa: N818 - what happened
    """A model could not be brought up to date; `stage` says where it stopped."""

    def __init__(self, stage: str, why: object) -> None:
        super().__init__(str(why))
        self.stage = stage


@dataclass(frozen=True, slots=True)
class Attempt:
    """One refresh: when it is, when its time is over, and who is told how far it is."""

    now: datetime
    overdue: Callable[[], bool] = lambda: False
    progress: Callable[[int, int], None] = lambda done, total: None
    """Told after each partition: how many are done, of how many."""


@dataclass(slots=True)
class Record:
    """What a model's refreshes have done so far; the counts only grow."""

    failures: Counter[str] = field(default_factory=Counter)
    built: int = 0
    reused: int = 0


Failed = Callable[[str, str, object], None]
"""Told of a failure: its stage, what it is about, and why."""
