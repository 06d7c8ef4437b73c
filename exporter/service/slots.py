"""Refreshes side by side: each runs in a daemon thread of its own, and one that hangs is given up.

There are slots for refreshes that are expected to be quick, and as many for the others: those of models whose last
refresh failed, and those that have taken long already, as far as there is room. So models whose sources hang wait for
each other, and a model whose source answers does not wait for them.

A thread cannot be ended from outside. One that is given up gives its slot back and ends when its source lets it go; a
refresh of the same name is not started before that, so there is at most one thread for each name.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Run:
    """One refresh that has been started; `began` and `deadline` are on the monotonic clock."""

    name: str
    quick: bool
    began: float
    deadline: float
    given_up: bool = False
    done: bool = False

    @property
    def overdue(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() > self.deadline


class Slots:
    """The refreshes that run now. One thread at a time may start and give up; any may ask what runs."""

    def __init__(self, size: int, ended: Callable[[], None], grace: float = 10.0, patience: float = 10.0) -> None:
        """Nothing runs yet.

        Args:
            size: how many run at a time, of those that are quick and of those that are not.
            ended: called in the thread of each refresh, after its end.
            grace: seconds after its deadline in which a refresh may end by itself before it is given up.
            patience: seconds after which a refresh is no longer quick.
        """
        self._size = size
        self._ended = ended
        self._grace = grace
        self._patience = patience
        self._runs: dict[str, Run] = {}

    @property
    def names(self) -> frozenset[str]:
        """The names of those whose threads have not ended, also if they were given up."""
        return frozenset(run.name for run in list(self._runs.values()) if not run.done)

    @property
    def held(self) -> bool:
        """Whether any slot is held."""
        return any(not run.done and not run.given_up for run in list(self._runs.values()))

    def start(self, name: str, task: Callable[[Run], None], seconds: float, *, quick: bool) -> bool:
        """Start a refresh; return whether there was a slot for it.

        Args:
            name: only one of a name runs at a time.
            task: is called in a new thread; an error of it is logged.
            seconds: until its deadline.
            quick: false for one that is likely to hang.

        Raises:
            RuntimeError: the system refuses another thread; no slot is held then.
        """
        self._runs = {key: run for key, run in self._runs.items() if not run.done}
        self._reclassify()
        if name in self._runs or self._held(quick=quick) >= self._size:
            return False
        now = time.monotonic()
        run = Run(name, quick, now, now + seconds)
        self._runs[name] = run
        try:
            threading.Thread(target=self._work, args=(run, task), name=f"refresh {name}", daemon=True).start()
        except BaseException:
            del self._runs[name]
            raise
        return True

    def give_up(self) -> list[str]:
        """Give up the refreshes that hang since their deadline, and return their names, each once."""
        late = time.monotonic() - self._grace
        hanging = [run for run in self._runs.values() if not run.done and not run.given_up and run.deadline < late]
        for run in hanging:
            run.given_up = True
        return [run.name for run in hanging]

    def wait(self, seconds: float) -> frozenset[str]:
        """Wait until every thread has ended, or some seconds; return the names of those that have not."""
        end = time.monotonic() + seconds
        while self.names and time.monotonic() < end:
            time.sleep(0.02)
        return self.names

    def _held(self, *, quick: bool) -> int:
        return sum(run.quick is quick and not run.given_up for run in self._runs.values())

    def _reclassify(self) -> None:
        """Move those that have taken long to the other slots, the oldest first, as far as there is room."""
        since = time.monotonic() - self._patience
        slow = (run for run in self._runs.values() if run.quick and run.began < since)
        for run in islice(slow, max(self._size - self._held(quick=False), 0)):
            run.quick = False

    def _work(self, run: Run, task: Callable[[Run], None]) -> None:
        try:
            task(run)
        except BaseException:
            log.exception("%s: the refresh ended unexpectedly", run.name)
        finally:
            run.done = True
            self._ended()
