"""What no key of a spec can be judged by alone: that its parts agree with each other.

Each check reads the parts that `_CHECKS` names beside it and yields every mistake that it finds, with the key path
of the place to mend. A check is left out only where a part that it reads is itself wrong, so that one run tells all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from exporter.spec.model import CLASSIFICATION, Body, Inference, InferenceColumns, Labels, Slo, Task
from exporter.spec.values import format_duration
from exporter.spec.wording import KeyPath

Mistakes = Iterator[tuple[KeyPath, str]]


def mistakes(body: Body, broken: Collection[str] = ()) -> Mistakes:
    """Everything in which the parts of a spec disagree.

    Args:
        body: what stands under `spec`.
        broken: names of parts that are wrong in themselves and hold a stand-in; checks that read them are left out.

    Yields:
        Key paths from the document's root, each with a message.
    """
    for check, parts in _CHECKS.items():
        if parts.isdisjoint(broken):
            yield from ((("spec", *path), message) for path, message in check(body))


# ------------------------------------------------------------------------------------------------ sources


def _inference_log(body: Body) -> Mistakes:
    yield from _log("inference", body.inference)
    if body.inference.staleness < body.inference.delay + body.inference.grain:
        yield ("inference", "stale_after"), "must not be shorter than delay and grain together"


def _label_log(body: Body) -> Mistakes:
    if body.labels is not None:
        yield from _log("labels", body.labels)


def _label_join(body: Body) -> Mistakes:
    if body.labels is not None and body.inference.columns.prediction_id is None:
        yield ("inference", "columns", "prediction_id"), "must be given: labels are joined by it"


def _log(part: str, log: Inference | Labels) -> Mistakes:
    """A log's partitions can be told apart, by the path or by a timestamp in the table."""
    place, template = (part, "source", log.source.kind), log.source.template
    if log.source.kind == "bigquery":
        if log.columns.timestamp is None and log.source.partition_column is None:
            yield (part, "columns", "timestamp"), "must be given: a partition's rows are found in the table by it"
        return
    if absent := absent_directives(template, log.grain):
        yield place, f"must name every partition apart: add {', '.join(absent)}"
    if names := _placeholders(template):
        yield place, f"must not contain {', '.join(names)}: only the reference's path has a placeholder"


def absent_directives(template: str, grain: timedelta) -> tuple[str, ...]:
    """The strftime directives without which two partitions of a grain would share a path."""
    given = set(re.findall(r"%.", template))
    day = set() if "%j" in given else {"%m", "%d"}
    hour = {"%H"} if grain % timedelta(days=1) else set()
    minute = {"%M"} if grain % timedelta(hours=1) else set()
    needed = {"%Y"} | day | hour | minute
    return tuple(directive for directive in ("%Y", "%m", "%d", "%H", "%M") if directive in needed - given)


def _placeholders(template: str) -> list[str]:
    return re.findall(r"\{[A-Za-z_]\w*\}", template)


def _reference_source(body: Body) -> Mistakes:
    reference = body.reference
    if reference.source is None:
        if reference.columns.timestamp is not None:
            yield ("reference", "columns"), "must be left out: it is about a data set, and this reference is the log"
        return
    place = ("reference", "source", reference.source.kind)
    if directives := sorted(set(re.findall(r"%.", reference.source.template))):
        yield place, f"must name one data set, without {', '.join(directives)}; for the log itself use period"
    if names := [name for name in _placeholders(reference.source.template) if name != "{version}"]:
        yield place, f"must not contain {', '.join(names)}: the only placeholder is {{version}}"


def _reference_log(body: Body) -> Mistakes:
    """A reference that is days of the log itself needs to know which day a row belongs to."""
    grain, reference = body.inference.grain, body.reference
    kind = next((name for name in ("period", "trailing") if getattr(reference, name) is not None), None)
    if kind is not None and timedelta(days=1) % grain:
        yield ("reference", kind), f"needs a grain that divides a day; this one is {format_duration(grain)}"
    if kind is not None and body.inference.columns.timestamp is None:
        yield ("reference", kind), "needs inference.columns.timestamp, which tells a Saturday from a Monday"


def _trailing_reference(body: Body) -> Mistakes:
    trailing, longest = body.reference.trailing, max(body.windows)
    if trailing is not None and trailing % timedelta(weeks=1):
        yield ("reference", "trailing"), "must be whole weeks, such as 4w"
    if trailing is not None and trailing <= longest:
        yield ("reference", "trailing"), f"must be longer than the longest window, {format_duration(longest)}"


# ------------------------------------------------------------------------------------------------ windows


def _windows(body: Body) -> Mistakes:
    yield from _repeated(("windows",), body.windows)


def _whole_windows(body: Body) -> Mistakes:
    for index, window in enumerate(body.windows):
        yield from _multiple(("windows", index), window, body.inference.grain, "grain")


def _alerting_windows(body: Body) -> Mistakes:
    windows = body.alerting.windows or ()
    yield from _repeated(("alerting", "windows"), windows)
    known = ", ".join(map(format_duration, sorted(set(body.windows))))
    for index, window in enumerate(windows):
        if window not in body.windows:
            yield ("alerting", "windows", index), f"must be one of the model's windows: {known}"


def _false_alarms(body: Body) -> Mistakes:
    if body.alerting.false_alarms is not None and "false_positive_rate" in body.thresholds.model_fields_set:
        yield (
            ("thresholds", "false_positive_rate"),
            "must be left out: leeway backtest solves it for the false-alarm budget",
        )


def _multiple(path: KeyPath, value: timedelta, unit: timedelta, name: str) -> Mistakes:
    if value % unit:
        yield path, f"must be a whole multiple of the {name}, {format_duration(unit)}"


def _repeated(path: KeyPath, values: Sequence[Hashable], *key: str) -> Mistakes:
    """Values that stand in a list for the second time; `key` is where in the item the value is."""
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            yield (*path, index, *key), f"is given twice: see {path[-1]}[{first[value]}]"


# ------------------------------------------------------------------------------------------------ features


def _features(body: Body) -> Mistakes:
    yield from _repeated(("features",), [feature.name for feature in body.features], "name")


def _columns(body: Body) -> Mistakes:
    uses = {column: use for use, column in _named_columns(body.inference.columns).items()}
    for index, feature in enumerate(body.features):
        if feature.name in uses:
            use = uses[feature.name]
            yield ("features", index, "name"), f"is the column of inference.columns.{use}, and cannot be a feature too"


def _class_column(body: Body) -> Mistakes:
    if body.class_column is not None and body.class_column == body.inference.columns.score:
        message = "is the column of inference.columns.score: a score is a number, a prediction one of a few classes"
        yield ("inference", "columns", "prediction"), message


def _confidence(body: Body) -> Mistakes:
    edges, path = body.inference.confidence or (), ("inference", "confidence")
    if edges and body.task not in CLASSIFICATION:
        yield path, f"is for a classifier: a score of {body.task} says nothing of confidence"
        return
    least = body.confidence_edges[0] if edges else 0.0
    for index, edge in enumerate(edges):
        if edge < least:
            yield (*path, index), f"must not be below {least:g}: the likelier of two classes has at least that"
    if edges and len(body.confidence_edges) < 3:
        yield path, f"must have an edge between {least:g} and 1, or there is a single bucket"


def _segments(body: Body) -> Mistakes:
    yield from _repeated(("segments",), body.segments)
    columns = _named_columns(body.inference.columns)
    known = [feature.name for feature in body.features if feature.type == "categorical"]
    known += [columns[use] for use in ("model_version", "prediction", "role") if use in columns]
    for index, segment in enumerate(body.segments):
        if segment not in known:
            near = difflib.get_close_matches(segment, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            yield ("segments", index), f"must be a categorical feature or column{hint}"


def _named_columns(columns: InferenceColumns) -> dict[str, str]:
    """The columns that the spec names, by what they are for."""
    named: dict[str, str] = columns.model_dump(exclude_none=True)
    return named


# ------------------------------------------------------------------------------------------------ objectives


class _Performance(NamedTuple):
    """How an SLO may speak of a metric."""

    target: Literal["at_least", "at_most"]
    ratio: bool
    tasks: tuple[Task, ...]


_BINARY: Final[tuple[Task, ...]] = ("binary_classification",)

PERFORMANCE: Final[Mapping[str, _Performance]] = {
    "auroc": _Performance("at_least", ratio=True, tasks=_BINARY),
    "f1_score": _Performance("at_least", ratio=True, tasks=CLASSIFICATION),
    "precision": _Performance("at_least", ratio=True, tasks=CLASSIFICATION),
    "recall": _Performance("at_least", ratio=True, tasks=CLASSIFICATION),
    "accuracy": _Performance("at_least", ratio=True, tasks=CLASSIFICATION),
    "calibration_error": _Performance("at_most", ratio=True, tasks=CLASSIFICATION),
    "brier_score": _Performance("at_most", ratio=True, tasks=_BINARY),
    "log_loss": _Performance("at_most", ratio=False, tasks=_BINARY),
    "rmse": _Performance("at_most", ratio=False, tasks=("regression",)),
    "mae": _Performance("at_most", ratio=False, tasks=("regression",)),
    "ndcg": _Performance("at_least", ratio=True, tasks=("ranking",)),
}
"""What an SLO can judge; all of it is known only from labels."""


def _slo_names(body: Body) -> Mistakes:
    yield from _repeated(("slos",), [slo.name for slo in body.slos], "name")


def _slo_labels(body: Body) -> Mistakes:
    if body.slos and body.labels is None:
        yield ("slos",), "needs labels: add spec.labels, or leave the objectives out"


def _slo_metrics(body: Body) -> Mistakes:
    known = [name for name, metric in PERFORMANCE.items() if body.task in metric.tasks]
    for index, slo in enumerate(body.slos):
        if slo.metric not in known:
            yield ("slos", index, "metric"), f"must be a metric of {body.task}: {', '.join(known)}"
        else:
            yield from _slo_target(("slos", index), slo, PERFORMANCE[slo.metric])


def _slo_target(path: KeyPath, slo: Slo, metric: _Performance) -> Mistakes:
    given = "at_most" if slo.at_least is None else "at_least"
    value = slo.at_most if slo.at_least is None else slo.at_least
    if given != metric.target:
        better = "higher" if metric.target == "at_least" else "lower"
        yield (*path, given), f"must be {metric.target}: {better} is better in {slo.metric}"
    if metric.ratio and value is not None and not 0 <= value <= 1:
        yield (*path, given), "must be between 0 and 1"


def _slo_times(body: Body) -> Mistakes:
    grain = body.inference.grain
    for index, slo in enumerate(body.slos):
        yield from _multiple(("slos", index, "slice"), slo.slice, grain, "grain")
        yield from _multiple(("slos", index, "period"), slo.period, slo.slice, "slice")
        if slo.window is not None:
            yield from _multiple(("slos", index, "window"), slo.window, grain, "grain")


_CHECKS: Final[Mapping[Callable[[Body], Mistakes], frozenset[str]]] = {
    _inference_log: frozenset({"inference"}),
    _label_log: frozenset({"labels"}),
    _label_join: frozenset({"labels", "inference"}),
    _reference_source: frozenset({"reference"}),
    _reference_log: frozenset({"reference", "inference"}),
    _trailing_reference: frozenset({"reference", "windows"}),
    _windows: frozenset({"windows"}),
    _whole_windows: frozenset({"windows", "inference"}),
    _alerting_windows: frozenset({"alerting", "windows"}),
    _false_alarms: frozenset({"alerting", "thresholds"}),
    _features: frozenset({"features"}),
    _columns: frozenset({"features", "inference"}),
    _class_column: frozenset({"inference", "task"}),
    _confidence: frozenset({"inference", "task"}),
    _segments: frozenset({"segments", "features", "inference"}),
    _slo_names: frozenset({"slos"}),
    _slo_labels: frozenset({"slos", "labels"}),
    _slo_metrics: frozenset({"slos", "task"}),
    _slo_times: frozenset({"slos", "inference"}),
}
