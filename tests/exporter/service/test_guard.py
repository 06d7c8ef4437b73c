"""The guard of a loop's steps."""

from __future__ import annotations

import logging

import pytest

from exporter.service.guard import Guard


def _fail(guard: Guard, problem: Exception) -> None:
    with guard.step("the step"):
        raise problem


def test_errors_are_counted_and_equal_ones_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for problem in (OSError(24, "too many open files"), OSError(24, "too many open files"), MemoryError()):
        _fail(guard, problem)
    assert guard.errors == 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert all(record.exc_info for record in caplog.records)


def test_an_error_that_returns_after_a_success_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    _fail(guard, ValueError())
    with guard.step("the step"):
        pass
    _fail(guard, ValueError())
    assert len(caplog.records) == 2


def test_the_end_of_the_process_is_no_error() -> None:
    guard = Guard()
    with pytest.raises(KeyboardInterrupt), guard.step("the step"):
        raise KeyboardInterrupt
    assert guard.errors == 0
