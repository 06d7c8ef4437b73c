"""What a refresh says about labels beside their metrics: why performance is withheld, and which logs look wrong.

Each remark is a subject with a reason. They are logged once, and stay on the status page for as long as they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from exporter.labels import predictions
from exporter.labels import rows as label_rows
from exporter.labels.outcomes import Outcome
from exporter.labels.truths import LabelRule
from exporter.labels.validity import FEW
from exporter.profiles.values import value_of
from exporter.samples.labels.labels import MatureWindow, shown
from exporter.samples.usable_rows import usable_rows
from exporter.service.labels.logs import StoredPartition
from exporter.service.labels.windows import Hours
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration
from exporter.spec.windows import newest_end

_LEAST_HOURS: Final = 3
"""Partitions of predictions with labels from which their log can be known to be partitioned otherwise."""
_SHOWN: Final = 5

Remark = tuple[str, str]
"""A subject and what is said about it."""


class Logs(NamedTuple):
    """The partitions of predictions and of labels, by start."""

    predictions: Mapping[datetime, StoredPartition]
    labels: Mapping[datetime, StoredPartition]


def withheld(spec: ModelSpec, rule: LabelRule, windows: Iterable[MatureWindow]) -> Iterator[Remark]:
    """Yield why performance is withheld, for each version; of several windows the last given is named."""
    for window in windows:
        for group in shown(spec, window):
            outcome = window.groups[group]
            if outcome.known + outcome.invalid.rows >= spec.spec.thresholds.min_rows:
                where = f"withheld in the {window.name} window"
                yield from (
                    (f"{what} of version {group.version}", f"{where}: {why}") for what, why in _why(outcome, rule)
                )


def _why(outcome: Outcome, rule: LabelRule) -> Iterator[Remark]:
    """Yield what is withheld of an outcome, and why."""
    if outcome.withheld:
        why = outcome.invalid.reason(outcome.known, rule.mismatch)
        yield "performance", why or "no label is one of the returned classes: both logs must name classes alike"
    elif outcome.improper and rule.task == "multiclass_classification":
        # Of a binary classifier, the threshold in the spec says that scores are no probabilities.
        why = "are no probabilities, each from 0 to 1 and together 1"
        yield "log loss, Brier score and calibration", f"the scores of {outcome.improper} of {outcome.known} rows {why}"


def unseen_positive(spec: ModelSpec, rule: LabelRule, labels: Iterable[StoredPartition]) -> Iterator[Remark]:
    """Yield a remark if no label has a value that the spec calls positive."""
    stored = list(labels)
    names = sorted({name for each in stored for name in each.names})
    rows, positive = sum(each.rows for each in stored), rule.positive_values
    if positive and names and rows >= spec.spec.thresholds.min_rows and positive.isdisjoint(map(value_of, names)):
        values = ", ".join(names[:_SHOWN])
        yield "labels", f"none of {rows} is in labels.positive ({', '.join(rule.positive)}): their values are {values}"


def by_prediction(spec: ModelSpec, hours: Hours, grain: timedelta) -> bool:
    """Return whether nearly every label is in the partition of its own prediction.

    Either the label log is partitioned by the time of the prediction, or labels come so soon that the end of their
    partition says nothing about their delay.

    Args:
        spec: the model.
        hours: the evaluated predictions.
        grain: the length of a partition of labels.
    """
    joined = [(start, hour.joined.rows) for start, hour in hours.items() if hour.joined.rows]
    own = sum(
        rows
        for start, by_name in joined
        for name, rows in by_name.items()
        if name.startswith(f"{newest_end(start, timedelta(), grain):%Y%m%dT%H%M}")
    )
    total = sum(rows for _, by_name in joined for rows in by_name.values())
    return len(joined) >= _LEAST_HOURS and total >= spec.spec.thresholds.min_rows and own >= (1 - FEW) * total


def delay_unknown(grain: timedelta) -> Remark:
    """Return the remark about labels that are all in the partition of their prediction."""
    return "delay of labels", (
        "withheld: every label is in the partition of its prediction. If labels are partitioned by the time of the"
        f" prediction, or come within {format_duration(grain)}, only labels.columns.timestamp tells when they came"
    )


def shifted(logs: Logs) -> Iterator[Remark]:
    """Yield a remark for each log of which more than a few rows have a time outside of their partition."""
    outside, total = _left_out(logs.predictions.values(), predictions.OUTSIDE)
    if outside > FEW * total:
        reason = "their time is outside of their partition; a local time without a zone is read as UTC"
        yield "times of predictions", f"{outside} of {total} rows are left out: {reason}"
    later, total = _left_out(logs.labels.values(), label_rows.LATER)
    if later > FEW * total:
        reason = (
            "their time is after their partition; labels are partitioned by arrival, and a local time without a zone is"
            " read as UTC"
        )
        yield "times of labels", f"{later} of {total} rows are left out: {reason}"


def _left_out(partitions: Iterable[StoredPartition], reason: str) -> tuple[int, int]:
    stored = list(partitions)
    total = sum(usable_rows(each.rows, each.left_out).total for each in stored)
    return sum(each.left_out.get(reason, 0) for each in stored), total
