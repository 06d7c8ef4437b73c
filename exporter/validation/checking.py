"""Runs the checks of one model: each fails alone, and what it cannot do is a finding too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from exporter.spec.loading import LoadedSpec, key_lines
from exporter.validation import content
from exporter.validation.checks import cost, volume
from exporter.validation.checks.access import access_findings
from exporter.validation.checks.partitions import partition_findings
from exporter.validation.finding import Finding, Place, Severity
from exporter.validation.gathering import STEPS, Samples, gather, reason

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called with the number of steps that are done, and of all."""
_ORDER: Final = list(Severity)

log = logging.getLogger(__name__)


def check(loaded: LoadedSpec, now: datetime, progress: Progress = lambda done, total: None) -> list[Finding]:
    """Return what would go wrong with a model's data, the worst first, each with the line of its key in the spec.

    Args:
        loaded: the model's spec.
        now: the time up to which partitions should exist.
        progress: called before each step.
    """
    done: list[str] = []

    def step(name: str) -> None:
        progress(len(done), STEPS)
        done.append(name)

    found: list[Finding] = []
    samples = _contained("samples", lambda: [gather(loaded, now, step)], found)
    for each in samples:
        for name, run in _CHECKS.items():
            found += _contained(name, lambda run=run, each=each: list(run(each)), found)  # type: ignore[misc]
    progress(STEPS, STEPS)
    line = key_lines(loaded.path)
    placed = [replace(each, line=line(each.key)) for each in dict.fromkeys(found)]
    return sorted(placed, key=lambda each: _ORDER.index(each.severity))


def _contained(name: str, run: Callable[[], list[T]], found: list[Finding]) -> list[T]:
    """Return the result of a check; nothing if it fails, which is a finding."""
    try:
        return run()
    except Exception as error:
        log.debug("the check %s failed", name, exc_info=True)
        message = f"the check {name} failed: {reason(error)}"
        found.append(Place().warning("check_failed", message, "the other checks are not affected"))
        return []


def _access(samples: Samples) -> Iterator[Finding]:
    for each in filter(None, (samples.inference, samples.labels, samples.reference)):
        yield from access_findings(each)


def _partitions(samples: Samples) -> Iterator[Finding]:
    staleness = samples.loaded.spec.spec.inference.staleness
    yield from partition_findings(samples.inference, samples.now, staleness)
    if samples.labels is not None:
        yield from partition_findings(samples.labels, samples.now, None)


def _read(samples: Samples) -> Iterator[Finding]:
    """Yield how much of each source was read; and sources without a row."""
    for each in filter(None, (samples.inference, samples.labels, samples.reference)):
        if each.rows is None:
            continue
        if each.rows.count:
            whole = "" if each.rows.whole else f" of some {each.rows.total:,}"
            yield each.place.note("read", f"read {each.rows.count:,}{whole} rows of {each.rows.partition.name}")
        else:
            yield each.place.warning("no_rows", f"{each.rows.partition.name} has no rows")


def _volume(samples: Samples) -> Iterator[Finding]:
    body, sample = samples.loaded.spec.spec, samples.inference
    yield from volume.row_findings(body, sample)
    if sample.rows is not None:
        yield from volume.group_findings(body, sample.place.source, sample.rows)


def _cost(samples: Samples) -> Iterator[Finding]:
    spec, now, before = samples.loaded.spec, samples.inference.rows, samples.reference.rows
    counted = cost.counted(spec, now, before) if now is not None and before is not None else None
    yield from cost.cost_findings(spec, samples.inference, samples.labels, samples.reference, counted)


_CHECKS: Final[dict[str, Callable[[Samples], Iterator[Finding]]]] = {
    "access": _access,
    "partitions": _partitions,
    "read": _read,
    "columns": content.check_columns,
    "likeness": content.check_likeness,
    "trends": content.check_trends,
    "times": content.check_times,
    "ids": content.check_ids,
    "left_out": content.check_left_out,
    "labels": content.check_labels,
    "scores": content.check_scores,
    "volume": _volume,
    "cost": _cost,
}
