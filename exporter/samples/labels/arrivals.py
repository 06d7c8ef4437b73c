"""Samples of label arrival: the time without labels, compared with earlier such times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec

PATIENCE: Final = 2
"""A silence of this many times the longest earlier one is not unusual."""


class Silence(NamedTuple):
    """The current time without labels, and the longest earlier one within the look-back."""

    now: timedelta
    longest: timedelta


def silence(rows: Mapping[datetime, int], grain: timedelta, end: datetime, due: datetime | None) -> Silence | None:
    """How long no label has arrived.

    Args:
        rows: labels of each partition of their log, by its start.
        grain: the length of a partition.
        end: the end of the newest complete partition.
        due: by when a label should have arrived if none has; None when that is unknown.

    Returns:
        None when no label has arrived and none is due.
    """
    arrived = sorted(start for start, number in rows.items() if number)
    pauses = [later - earlier - grain for earlier, later in pairwise(arrived)]
    since = arrived[-1] + grain if arrived else due
    if since is None or (not arrived and since > end):
        return None
    return Silence(end - since, max(pauses, default=timedelta()))


def arrival_samples(spec: ModelSpec, silent: Silence | None) -> Iterator[Sample]:
    """The silence and its threshold; nothing where the silence is unknown."""
    if silent is None:
        return
    level = max(spec.spec.thresholds.label_silence, PATIENCE * silent.longest)
    yield Sample(catalogue.LABEL_SILENCE_SECONDS, (spec.name,), silent.now.total_seconds())
    yield Sample(catalogue.LABEL_SILENCE_SECONDS_THRESHOLD, (spec.name,), level.total_seconds())
