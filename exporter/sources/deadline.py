"""The end of a refresh's time, as reads see it: one that goes on for too long ends at its next bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from exporter.errors import SourceUnavailable

_overdue: ContextVar[Callable[[], bool]] = ContextVar("overdue", default=lambda: False)


@contextmanager
def until(overdue: Callable[[], bool]) -> Iterator[None]:
    """A context whose reads, also those in a `Pool`, end once `overdue` returns true."""
    token = _overdue.set(overdue)
    try:
        yield
    finally:
        _overdue.reset(token)


def check(place: str) -> None:
    """End a read whose time is over; it is called between the bytes of a response.

    Raises:
        SourceUnavailable: for the place that is read.
    """
    if _overdue.get()():
        raise SourceUnavailable(f"{place}: still sends when the refresh's time is over; the next one tries again")


class Pool(ThreadPoolExecutor):
    """Threads whose work has the deadline of the thread that submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `ThreadPoolExecutor`."""
        return super().submit(copy_context().run, fn, *args, **kwargs)
