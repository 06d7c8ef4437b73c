"""What a model costs: requests and bytes of a day, memory, and the number of series.

Requests and sizes are those that the sources showed; series are counted by evaluating the sample as if it were each
window. Memory is an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from exporter.catalogue import LABEL_LOG
from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning
from exporter.profiles.group import WHOLE, Group, unsegmented
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.profile import Profile
from exporter.profiles.readability import watched_columns
from exporter.reference.reference import Reference, build_binning
from exporter.samples.windows import WindowProfile, evaluate
from exporter.service.labels.logs import RECENT
from exporter.service.references.reading import segment_values, selected_columns, with_score_bins
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.value_types import format_bytes, format_duration
from exporter.spec.windows import Window
from exporter.validation.finding import Finding, Place
from exporter.validation.sample import LogSample, Rows

_DAY: Final = timedelta(days=1)
_MONDAY: Final = datetime(2026, 11, 2, tzinfo=UTC)
"""The start of windows whose series are counted; any time has as many."""
_LABEL_SERIES: Final = 104
"""Series of labels of a binary classifier for each role and window, as docs/operations.md counts them."""
_SEGMENT_SERIES: Final = 30
"""Those of a segment."""
_ESTIMATED_SERIES: Final = 20
"""Those of estimates for each role and window."""
_CATEGORICAL_SERIES: Final = 2
"""Those of a categorical feature that are not of a window."""
_REASON_SERIES: Final = 24
"""Those of a model: rejected rows by reason, and the like."""
_MANY_SERIES: Final = 20_000
_PROCESS_BYTES: Final = 270_000_000
"""A running exporter without models."""
_BATCH_BYTES: Final = 200_000_000
"""The greatest memory of the rows that are in memory at a time."""
_EXPANSION: Final = 4
"""How many times larger than its file a partition is in memory."""
_LABEL_BYTES: Final = 500_000_000
"""The greatest memory of labels: a part of a partition's predictions, and the labels that are joined to it."""
_ROW_BYTES: Final = 330
"""A prediction and its label while they are read, joined and evaluated; measured by benchmarks/memory.py."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The sample, counted as the exporter counts a partition, and its reference."""

    reference: Reference
    partition: PartitionProfile


def counted(spec: ModelSpec, log: Rows, reference: Rows) -> Counted | None:
    """Return the counts of the samples; None where the reference has no column that can be compared."""
    selection = selected_columns(spec, keys=())
    try:
        binning, problems = build_binning(iter(reference.batches), selection, spec.spec.limits.categories)
    except ReferenceUnusable:
        return None
    binning = with_score_bins(spec, binning)
    segments, columns = segment_values(spec, binning), spec.spec.inference.columns
    grouping = Grouping(columns.model_version, columns.role, segments, watched_columns(spec.spec))
    partition = profile_partition(iter(log.batches), binning, grouping)
    own = profile_partition(iter(reference.batches), binning, Grouping(segments=segments)).groups
    parts = {group.segment: profile for group, profile in own.items()}
    whole = parts.pop(WHOLE, None)
    if whole is None:
        return None
    return Counted(Reference.whole(binning, whole, problems, parts), partition)


def series(spec: ModelSpec, sample: Counted) -> int:
    """Return the number of series of a model's windows, each with enough rows for every score, and of its labels."""
    log, binning, length = spec.spec.inference, sample.reference.binning, max(spec.spec.windows)
    times = (length // log.grain) * spec.spec.thresholds.min_rows
    groups = {group: _times(profile, times) for group, profile in sample.partition.groups.items()}
    hours = {group: np.full(HOURS_OF_WEEK, profile.rows / HOURS_OF_WEEK) for group, profile in groups.items()}
    window = WindowProfile(format_duration(length), Window(_MONDAY, _MONDAY + length), groups, hours)
    of_window = len(evaluate(spec, sample.reference, [window]))
    categorical = sum(feature.type == "categorical" for feature in spec.spec.features)
    of_model = _CATEGORICAL_SERIES * categorical * len(unsegmented(groups))
    return of_window * len(spec.spec.windows) + of_model + _label_series(spec, sample.partition.groups, binning)


def _label_series(spec: ModelSpec, groups: Mapping[Group, Profile], binning: Binning) -> int:
    if not spec.spec.labels_evaluated or spec.spec.task != "binary_classification":
        return 0
    roles = len({group.role for group in groups})
    segments = sum(map(len, segment_values(spec, binning).values()))
    by_window = _LABEL_SERIES + segments * _SEGMENT_SERIES + spec.spec.estimated * _ESTIMATED_SERIES
    return roles * by_window * len(spec.spec.windows) + _REASON_SERIES


def cost_findings(
    spec: ModelSpec, log: LogSample, labels: LogSample | None, reference: LogSample, sample: Counted | None
) -> Iterator[Finding]:
    """Yield what the model costs, as notes, and a warning where it has very many series.

    Args:
        spec: the model.
        log: the inference log.
        labels: the label log, if there is one.
        reference: the reference.
        sample: the counts of the sample.
    """
    if not log.partitions:
        return
    place = Place(log.place.source, "spec.windows")
    size = reference.rows.partition.size if reference.rows is not None else 0
    yield log.place.note("cost_reading", _reading(spec, [log, *([labels] if labels is not None else [])], size))
    if sample is None:
        return
    memory = format_bytes(_two_digits(_memory(spec, log, labels, sample)))
    yield place.note("cost_memory", f"some {memory} of memory, of an exporter of this model alone")
    number = series(spec, sample)
    uncounted = spec.spec.labels_evaluated and spec.spec.task != "binary_classification"
    message = f"some {number:,} series" + ", and those of labels" * uncounted
    if number > _MANY_SERIES:
        advice = "lower limits.segments, limits.versions or the number of windows; see docs/operations.md"
        yield place.warning("cost_series", message, advice)
    else:
        yield place.note("cost_series", message)


def _reading(spec: ModelSpec, listed: Sequence[LogSample], reference: int) -> str:
    logs = [each for each in listed if each.partitions]
    listing, refreshes = sum(map(_listing, logs)), _DAY / spec.spec.refresh.interval
    files = sum(_of_a_day(each)[0] for each in logs)
    size = sum(_of_a_day(each)[1] for each in logs)
    first = reference + sum(partition.size for each in logs for partition in each.partitions.values())
    return (
        f"some {listing} requests a refresh to list, {round(listing * refreshes + files):,} requests and at most"
        f" {format_bytes(size)} read a day; {format_bytes(first)} at the first start"
    )


def _listing(log: LogSample) -> int:
    """Return the requests of a refresh: labels are looked for far back, and only two days of them at every refresh."""
    span = log.grain * len(log.wanted)
    return math.ceil(log.requests * min(RECENT / span, 1)) if log.place.source == LABEL_LOG else log.requests


def _of_a_day(log: LogSample) -> tuple[int, int]:
    """Return the files and bytes of the newest day."""
    newest = max(log.partitions)
    parts = [each for start, each in log.partitions.items() if start > newest - max(_DAY, log.grain)]
    days = max(log.grain / _DAY, 1)
    return round(sum(len(each.objects) for each in parts) / days), round(sum(each.size for each in parts) / days)


def _memory(spec: ModelSpec, log: LogSample, labels: LogSample | None, sample: Counted) -> int:
    profiles = sum(_bytes(profile) for profile in sample.partition.groups.values())
    kept = max(spec.spec.windows) // spec.spec.inference.grain
    largest = max(partition.size for partition in log.partitions.values())
    rows = log.rows.total if log.rows is not None else 0
    joined = min(rows * _ROW_BYTES, _LABEL_BYTES) if labels is not None else 0
    # Partitions are profiled first, and labels are joined after that.
    return _PROCESS_BYTES + max(min(_EXPANSION * largest, _BATCH_BYTES), joined) + profiles * kept


def _bytes(profile: Profile) -> int:
    return int(profile.counts.nbytes + profile.sums.nbytes + profile.squares.nbytes * 3)


def _two_digits(number: int) -> int:
    unit = 10 ** max(len(str(number)) - 2, 0)
    return int(-(-number // unit) * unit)


def _times(profile: Profile, times: int) -> Profile:
    """Return the profile of the same rows so many times."""
    return replace(
        profile,
        rows=profile.rows * times,
        counts=profile.counts * times,
        sums=profile.sums * times,
        squares=profile.squares * times,
    )
