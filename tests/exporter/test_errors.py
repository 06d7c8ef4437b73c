"""Errors: their messages, and the hierarchy that the docstring draws."""

from __future__ import annotations

import inspect
import re

import pytest

from exporter import errors
from exporter.errors import LeewayError, PartitionUnreadable, Problem, SourceError, SourceUnavailable, SpecError


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("models/fraud.yaml", 23, "spec.slos[0].objective", "must be between 0 and 1"),
            "models/fraud.yaml:23: spec.slos[0].objective: must be between 0 and 1",
        ),
        (Problem("fraud.yaml", 0, "spec", "is missing"), "fraud.yaml: spec: is missing"),
        (Problem("fraud.yaml", 1, "", "is not YAML"), "fraud.yaml:1: is not YAML"),
        (Problem("fraud.yaml", 0, "", "is empty"), "fraud.yaml: is empty"),
    ],
)
def test_a_problem_has_its_place(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_spec_error_has_every_problem_in_the_order_of_the_lines() -> None:
    tenth = Problem("a.yaml", 10, "spec", "second")
    second = Problem("a.yaml", 2, "kind", "first")
    other = Problem("b.yaml", 1, "", "third")
    error = SpecError((other, tenth, second))
    assert error.problems == (second, tenth, other)
    assert str(error).splitlines() == ["a.yaml:2: kind: first", "a.yaml:10: spec: second", "b.yaml:1: third"]


def test_the_errors_of_a_source_have_one_base() -> None:
    for error in (SourceUnavailable, PartitionUnreadable):
        with pytest.raises(SourceError, match="why"):
            raise error("why")


def _drawn() -> dict[str, str]:
    """Each error of the drawing with the one above it."""
    above: dict[str, str] = {}
    open_branches: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([│├└─ ]*)([A-Z]\w+)(?:  |$)", line):
            depth = len(match[1]) // 4
            open_branches[depth] = match[2]
            if depth:
                above[match[2]] = open_branches[depth - 1]
    return above


def test_the_hierarchy_is_the_one_that_is_drawn() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, LeewayError)]
    assert _drawn() == {kind.__name__: kind.__base__.__name__ for kind in classes if kind is not LeewayError}


def test_every_error_of_the_exporter_is_in_the_hierarchy() -> None:
    assert LeewayError.__base__ is Exception
    assert len(_drawn()) >= 7
