"""The wait for a query of a service of AWS, and what cancels it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.sources.source import Traffic
from exporter.sources.tables.aws_queries import AwsQueries, Failures, Limits

FAILURES = Failures([("too large", True, "read less"), ("", False, "try again")])


class Counted(AwsQueries):
    """A service whose queries end after some questions; its clock are the seconds that it slept."""

    def __init__(self, questions: int, *, refuses: bool = False) -> None:
        self.slept, self.cancelled, self._questions, self._refuses = list[float](), list[str](), questions, refuses
        super().__init__(FAILURES, Traffic(), Limits(query=10.0, poll=1.0), self.slept.append)

    def run(self) -> tuple[str, Mapping[str, Any]]:
        return self._finished("a table", "SELECT 1")

    def _start(self, text: str) -> str:
        return f"id of {text}"

    def _ended(self, name: str) -> Mapping[str, Any] | None:
        self._questions -= 1
        return {} if self._questions <= 0 else None

    def _cancel(self, name: str) -> None:
        self.cancelled.append(name)
        if self._refuses:
            raise ValueError("not allowed")


def test_each_wait_is_half_as_long_again_up_to_two_seconds() -> None:
    service = Counted(5)
    assert service.run() == ("id of SELECT 1", {})
    assert (service.slept, service.cancelled) == ([1.0, 1.5, 2.0, 2.0], [])


@pytest.mark.parametrize("refuses", [False, True])
def test_a_query_that_takes_too_long_is_cancelled_and_the_reason_is_raised(*, refuses: bool) -> None:
    service = Counted(100, refuses=refuses)
    with pytest.raises(SourceUnavailable, match=r"a table: the query took longer than 10 seconds and was cancelled"):
        service.run()
    assert sum(service.slept) == pytest.approx(10.5)
    assert service.cancelled == ["id of SELECT 1"]


def test_the_first_advice_that_matches_counts() -> None:
    with (
        pytest.raises(PartitionUnreadable, match=r"^a table: it is Too Large; read less$"),
        FAILURES.translated("a table"),
    ):
        raise ValueError("it is Too Large")
    assert str(FAILURES.of("a table", "no answer")) == "a table: no answer; try again"
