"""Whether labels still come, as a gauge: for how long none has, beside how long that has lasted before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec

PATIENCE: Final = 2
"""How many times the longest silence before is nothing unusual."""


class Silence(NamedTuple):
    """For how long no label has come by now, and for how long at most none came before, within the look-back."""

    now: timedelta
    longest: timedelta


def silence(rows: Mapping[datetime, int], grain: timedelta, end: datetime, due: datetime | None) -> Silence | None:
    """How long labels have been silent.

    Args:
        rows: labels of each partition of their log, by its start.
        grain: the length of a partition.
        end: of the newest complete partition.
        due: by when some label should have come, if none has; None when nobody can say.

    Returns:
        None when no label has come and none is due.
    """
    came = sorted(start for start, number in rows.items() if number)
    pauses = [later - earlier - grain for earlier, later in pairwise(came)]
    since = came[-1] + grain if came else due
    if since is None or (not came and since > end):
        return None
    return Silence(end - since, max(pauses, default=timedelta()))


def arrival_samples(spec: ModelSpec, found: Silence | None) -> Iterator[Sample]:
    """The silence and its threshold; neither where nothing is known."""
    if found is None:
        return
    level = max(spec.spec.thresholds.label_silence, PATIENCE * found.longest)
    yield Sample(catalogue.LABEL_SILENCE_SECONDS, (spec.name,), found.now.total_seconds())
    yield Sample(catalogue.LABEL_SILENCE_SECONDS_THRESHOLD, (spec.name,), level.total_seconds())
