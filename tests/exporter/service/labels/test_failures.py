"""A failure is reported with its stage, and costs only its block."""

from __future__ import annotations

import pytest

from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.profiles.columns import ColumnMismatch
from exporter.service.labels.failures import reported, stage_of


@pytest.mark.parametrize(
    ("problem", "stage"),
    [
        (SourceUnavailable("busy"), "read"),
        (PartitionUnreadable("torn"), "read"),
        (ColumnMismatch("age"), "column"),
        (OSError("full"), "store"),
    ],
)
def test_each_failure_has_its_stage(problem: Exception, stage: str) -> None:
    assert stage_of(problem) == stage


@pytest.mark.parametrize(("problem", "stage"), [(SourceUnavailable("busy"), "read"), (OSError("full"), "store")])
def test_a_refusal_is_reported_and_the_rest_goes_on(problem: Exception, stage: str) -> None:
    failures: list[tuple[str, str, object]] = []
    with reported(lambda *failure: failures.append(failure), "labels"):
        raise problem
    assert failures == [(stage, "labels", problem)]


def test_an_error_of_the_code_is_not_caught() -> None:
    with pytest.raises(LookupError), reported(lambda *_: pytest.fail("reported"), "labels"):
        raise LookupError
