"""Failures: recorded where they are contained, and ending the refresh where the data are required."""

from __future__ import annotations

import logging

import pytest

from exporter.errors import PartitionUnreadable, ReferenceUnusable, SourceError, SourceUnavailable
from exporter.profiles.columns import ColumnMismatch
from exporter.service.attempt import PERMANENT, Record, RefreshFailed, required

STAGES = [
    (SourceError("why"), "list"),
    (SourceUnavailable("why"), "list"),
    (PartitionUnreadable("why"), "list"),
    (ReferenceUnusable("why"), "list"),
    (ColumnMismatch("why"), "column"),
    (OSError("why"), "store"),
]


@pytest.mark.parametrize(("error", "stage"), STAGES, ids=lambda value: type(value).__name__)
def test_a_contained_error_is_counted_logged_and_shown(
    error: Exception, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record("fraud")
    with record.contain("past weeks", "list") as listing:
        raise error
    assert listing.problem is error
    assert record.failures == {stage: 1}
    assert record.problems == {"past weeks": "why"}
    (line,) = caplog.records
    assert (line.levelno, line.getMessage()) == (logging.WARNING, "fraud: past weeks: why")
    assert (line.model, line.stage) == ("fraud", stage)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("error", "stage"), STAGES, ids=lambda value: type(value).__name__)
def test_an_error_of_what_is_required_ends_the_refresh(error: Exception, stage: str) -> None:
    with pytest.raises(RefreshFailed, match="why") as failure, required("list"):
        raise error
    assert failure.value.stage == stage
    assert failure.value.__cause__ is error


def test_a_block_without_an_error_leaves_no_trace() -> None:
    record = Record("fraud")
    with record.contain("past weeks") as reading:
        pass
    assert reading.problem is None
    assert (record.failures, record.problems) == ({}, {})


@pytest.mark.parametrize("error", [KeyError("a bug"), KeyboardInterrupt()], ids=["bug", "interrupt"])
def test_an_unexpected_error_is_raised(error: BaseException) -> None:
    record = Record("fraud")
    with pytest.raises(type(error)), record.contain("past weeks"):
        raise error
    with pytest.raises(type(error)), required("read"):
        raise error
    assert record.failures == {}


def test_an_error_that_is_worth_another_try_is_not_permanent() -> None:
    record = Record("fraud")
    with pytest.raises(SourceUnavailable), record.contain("partition 1", errors=PERMANENT):
        raise SourceUnavailable("busy")
    with record.contain("partition 2", errors=PERMANENT):
        raise PartitionUnreadable("truncated")
    assert record.problems == {"partition 2": "truncated"}
