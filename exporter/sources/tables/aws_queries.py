"""Queries that a service of AWS runs: their limits, the wait for them, and their errors as errors of this package."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources import aws
from exporter.sources.formats.content import one_line
from exporter.sources.source import Traffic

_LONGEST_WAIT: Final = 2.0


class Limits(NamedTuple):
    """Timeouts, in seconds."""

    request: float = 30.0
    """For one request."""
    attempts: int = 5
    """For one request, with its retries."""
    query: float = 240.0
    """For a query; it is then cancelled."""
    poll: float = 0.2
    """Until the first question for a query's state; each later wait is half as long again, up to two seconds."""


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, eq=False)
class Connection:
    """The client that boto3 made from the AWS environment; safe to share among threads."""

    client: Any


class Failures:
    """The errors of one service, with what to do."""

    def __init__(self, advice: Iterable[tuple[str, bool, str]]) -> None:
        """Save the advice.

        Args:
            advice: a pattern of words of an error, in any case, whether a retry fails in the same way, and what to do;
                the first that matches counts, and the last matches everything.
        """
        self._advice = [(re.compile(pattern, re.IGNORECASE), final, text) for pattern, final, text in advice]

    @contextmanager
    def translated(self, place: str) -> Iterator[None]:
        """Turn errors of boto3, in a request about a place, into errors of this package.

        Raises:
            PartitionUnreadable: a retry would fail in the same way.
            SourceUnavailable: a retry may succeed.
        """
        try:
            yield
        except ClientError as error:
            raise self.of(place, aws.words_of(error)) from None
        except (BotoCoreError, ValueError) as error:
            raise self.of(place, str(error)) from None

    def of(self, place: str, words: str) -> SourceError:
        """Return the error for a message of the service, with what to do."""
        message = one_line(words)
        action = aws.refused_action(message)
        if action:
            return SourceUnavailable(f"{place}: {message}; allow {action}")
        final, advice = next((final, advice) for pattern, final, advice in self._advice if pattern.search(message))
        return (PartitionUnreadable if final else SourceUnavailable)(f"{place}: {message}; {advice}")


class AwsQueries(ABC):
    """Queries of one service: started, waited for, and cancelled when nobody waits any longer. For one thread."""

    def __init__(
        self, failures: Failures, traffic: Traffic, limits: Limits, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            failures: the errors of the service.
            traffic: where requests and bytes are counted.
            limits: timeouts.
            sleep: waits for some seconds.
        """
        self._failures = failures
        self._traffic = traffic
        self._limits = limits
        self._sleep = sleep

    @abstractmethod
    def _start(self, text: str) -> str:
        """Start a query and return its id."""

    @abstractmethod
    def _ended(self, name: str) -> Mapping[str, Any] | None:
        """Return the state of a query that has ended, whether it succeeded or not; None while it runs."""

    @abstractmethod
    def _cancel(self, name: str) -> None:
        """Request that a query ends."""

    def _finished(self, place: str, text: str) -> tuple[str, Mapping[str, Any]]:
        """Start a query and return its id and state once it has ended; one that is not waited for is cancelled."""
        name = self._start(text)
        try:
            return name, self._wait(place, name)
        except BaseException:
            # The reason why it is not waited for is raised, and no other.
            with suppress(SourceError), self._failures.translated(name):
                self._cancel(name)
            raise

    def _wait(self, place: str, name: str) -> Mapping[str, Any]:
        wait, waited = self._limits.poll, 0.0
        while (state := self._ended(name)) is None:
            if waited >= self._limits.query:
                raise SourceUnavailable(
                    f"{place}: the query took longer than {self._limits.query:g} seconds and was cancelled; "
                    f"the next refresh tries again (query {name})"
                )
            self._sleep(wait)
            waited, wait = waited + wait, min(wait * 1.5, _LONGEST_WAIT)
        return state
