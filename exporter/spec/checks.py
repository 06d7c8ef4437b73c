"""What no key of a spec can be judged by alone: that its parts agree with each other.

Each check reads the parts that `_CHECKS` names beside it and yields every mistake that it finds, with the key path
of the place to mend. A check is left out only where a part that it reads is itself wrong, so that one run tells all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Final

from exporter.spec.mistakes import Mistakes, multiple, repeated
from exporter.spec.model import Body
from exporter.spec.objective_checks import OBJECTIVE_CHECKS
from exporter.spec.sections.logs import Inference, InferenceColumns, Labels
from exporter.spec.sections.reference import ReferenceColumns
from exporter.spec.sections.task import CLASSIFICATION, REQUIRED_COLUMNS
from exporter.spec.value_types import format_duration


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


def _label_task(body: Body) -> Mistakes:
    """What labels of a task are compared with is there, and nothing is said that only another task understands."""
    if body.labels is None:
        return
    for use in REQUIRED_COLUMNS[body.task]:
        if getattr(body.inference.columns, use) is None:
            yield ("inference", "columns", use), f"must be given: labels of {body.task} are compared with it"
    for key in ("ndcg_at", "absent"):
        if body.task != "ranking" and getattr(body.labels, key) is not None:
            yield ("labels", key), f"is for a ranking: it says nothing of {body.task}"


def _log(part: str, log: Inference | Labels) -> Mistakes:
    """A log's partitions can be told apart, by the path or by a timestamp in the table."""
    place, template = (part, "source", log.source.kind), log.source.template
    if part == "labels" and log.source.engine is not None:
        yield (part, "source", "engine"), "must be left out: labels are joined row by row, by the exporter itself"
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
        if reference.columns != ReferenceColumns():
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
    yield from repeated(("windows",), body.windows)


def _whole_windows(body: Body) -> Mistakes:
    for index, window in enumerate(body.windows):
        yield from multiple(("windows", index), window, body.inference.grain, "grain")


def _alerting_windows(body: Body) -> Mistakes:
    windows = body.alerting.windows or ()
    yield from repeated(("alerting", "windows"), windows)
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


# ------------------------------------------------------------------------------------------------ features


def _features(body: Body) -> Mistakes:
    yield from repeated(("features",), [feature.name for feature in body.features], "name")


def _columns(body: Body) -> Mistakes:
    uses = {column: use for use, column in _named_columns(body.inference.columns).items()}
    for index, feature in enumerate(body.features):
        if feature.name in uses:
            use = uses[feature.name]
            yield ("features", index, "name"), f"is the column of inference.columns.{use}, and cannot be a feature too"


def _reference_label(body: Body) -> Mistakes:
    """The truth is not among what the model knows or says."""
    label, path = body.reference.columns.label, ("reference", "columns", "label")
    if label is None:
        return
    if label in [feature.name for feature in body.features]:
        yield path, "is a feature: what the model is to find out cannot be what it is told"
    if use := {column: use for use, column in _named_columns(body.inference.columns).items()}.get(label):
        yield path, f"is the column of inference.columns.{use}, and cannot be the truth about it"
    if body.inference.columns.score is None:
        yield path, "needs inference.columns.score, which is compared with it"


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


def _class_scores(body: Body) -> Mistakes:
    columns, path = body.inference.columns, ("inference", "columns")
    if columns.scores and body.task != "multiclass_classification":
        yield (*path, "scores"), f"is for multiclass_classification: {body.task} has one score, columns.score"
    if len(columns.scores) == 1:
        yield (*path, "scores"), "must name every class, not a single one"
    uses = {column: use for use, column in reversed(_named_columns(columns).items())}
    for name, column in columns.scores.items():
        if uses[column] != f"scores.{name}":
            yield (*path, "scores", name), f"is the column of inference.columns.{uses[column]} too"
    if columns.query is not None and body.task != "ranking":
        yield (*path, "query"), f"is for a ranking: it says nothing of {body.task}"


def _segments(body: Body) -> Mistakes:
    yield from repeated(("segments",), body.segments)
    columns = _named_columns(body.inference.columns)
    known = [feature.name for feature in body.features if feature.type == "categorical"]
    known += [columns[use] for use in ("model_version", "prediction", "role") if use in columns]
    for index, segment in enumerate(body.segments):
        if segment not in known:
            near = difflib.get_close_matches(segment, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            yield ("segments", index), f"must be a categorical feature or column{hint}"


def _proxies(body: Body) -> Mistakes:
    yield from repeated(("proxies",), [proxy.name for proxy in body.proxies], "name")


def _queries(body: Body) -> Mistakes:
    if "prometheus" in body.model_fields_set and not any(proxy.promql for proxy in body.proxies):
        yield ("prometheus",), "must be left out: no proxy has promql to ask it"


def _named_columns(columns: InferenceColumns) -> dict[str, str]:
    """The columns that the spec names, by what they are for."""
    named: dict[str, str] = columns.model_dump(exclude_none=True, exclude={"scores"})
    return named | {f"scores.{name}": column for name, column in columns.scores.items()}


_CHECKS: Final[Mapping[Callable[[Body], Mistakes], frozenset[str]]] = {
    _inference_log: frozenset({"inference"}),
    _label_log: frozenset({"labels"}),
    _label_join: frozenset({"labels", "inference"}),
    _label_task: frozenset({"labels", "inference", "task"}),
    _reference_source: frozenset({"reference"}),
    _reference_log: frozenset({"reference", "inference"}),
    _trailing_reference: frozenset({"reference", "windows"}),
    _windows: frozenset({"windows"}),
    _whole_windows: frozenset({"windows", "inference"}),
    _alerting_windows: frozenset({"alerting", "windows"}),
    _false_alarms: frozenset({"alerting", "thresholds"}),
    _features: frozenset({"features"}),
    _columns: frozenset({"features", "inference"}),
    _reference_label: frozenset({"reference", "features", "inference"}),
    _class_column: frozenset({"inference", "task"}),
    _confidence: frozenset({"inference", "task"}),
    _class_scores: frozenset({"inference", "task"}),
    _segments: frozenset({"segments", "features", "inference"}),
    _proxies: frozenset({"proxies"}),
    _queries: frozenset({"proxies", "prometheus"}),
    **OBJECTIVE_CHECKS,
}
