"""Guards the steps of a loop that may never end: an error is logged and counted, and the loop goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


class Guard:
    """Counts the errors of a loop's steps; `errors` only grows. One thread uses it."""

    def __init__(self) -> None:
        self.errors = 0
        self._logged: dict[str, str] = {}

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A context that contains any error of its block; an equal one that comes again and again is logged once."""
        try:
            yield
        except Exception as problem:
            self.errors += 1
            if self._logged.get(what) != repr(problem):
                self._logged[what] = repr(problem)
                log.exception("%s failed; it is tried again", what)
        else:
            self._logged.pop(what, None)
