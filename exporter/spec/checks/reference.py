"""Checks of the reference: its path, its period of the log, and its label column."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from exporter.spec.checks.columns import uses
from exporter.spec.checks.logs import placeholders
from exporter.spec.checks.mistakes import Checks, Mistakes
from exporter.spec.model import Body
from exporter.spec.sections.reference import ReferenceColumns
from exporter.spec.sections.source import directives
from exporter.spec.value_types import format_duration


def _reference_source(body: Body) -> Mistakes:
    reference = body.reference
    if reference.source is None:
        if reference.columns != ReferenceColumns():
            yield (
                ("reference", "columns"),
                "must be left out: it describes a data set, but this reference is the inference log",
            )
        return
    path = ("reference", "source", reference.source.kind)
    if dated := sorted(set(directives(reference.source.template))):
        message = f"must be the path of one data set, without {', '.join(dated)}"
        yield path, f"{message}; to compare with the inference log, use period"
    if names := placeholders(reference.source.template):
        yield path, f"must not contain {', '.join(names)}: all versions are compared with one reference; name its path"


def _reference_log(body: Body) -> Mistakes:
    """A reference from days of the log needs the local day of every row."""
    grain, reference = body.inference.grain, body.reference
    kind = next((name for name in ("period", "trailing") if getattr(reference, name) is not None), None)
    if kind is not None and timedelta(days=1) % grain:
        yield ("reference", kind), f"needs a grain that divides a day; the grain is {format_duration(grain)}"
    if kind is not None and body.inference.columns.timestamp is None:
        yield ("reference", kind), "needs inference.columns.timestamp, to know the day of a row"


def _trailing_reference(body: Body) -> Mistakes:
    trailing, longest = body.reference.trailing, max(body.windows)
    if trailing is not None and trailing % timedelta(weeks=1):
        yield ("reference", "trailing"), "must be whole weeks, such as 4w"
    if trailing is not None and trailing <= longest:
        yield ("reference", "trailing"), f"must be longer than the longest window, {format_duration(longest)}"


def _reference_label(body: Body) -> Mistakes:
    """The label is not an input or output of the model, and there is a score to compare with it."""
    label, path = body.reference.columns.label, ("reference", "columns", "label")
    if label is None:
        return
    if label in [feature.name for feature in body.features]:
        yield path, "is a feature: the label cannot also be an input of the model"
    if use := uses(body.inference.columns).get(label):
        yield path, f"is the column of inference.columns.{use}, and cannot be the label too"
    if body.inference.columns.score is None:
        yield path, "needs inference.columns.score, to compare with the label"


REFERENCE_CHECKS: Final[Checks] = {
    _reference_source: frozenset({"reference"}),
    _reference_log: frozenset(
        {"reference.period", "reference.trailing", "inference.grain", "inference.columns.timestamp"}
    ),
    _trailing_reference: frozenset({"reference.trailing", "windows"}),
    _reference_label: frozenset({"reference.columns.label", "features", "inference.columns"}),
}
