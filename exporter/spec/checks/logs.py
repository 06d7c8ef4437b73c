"""Checks of the inference log and the label log: their paths, their times, and the columns that labels need."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from exporter.spec.checks.mistakes import Checks, Mistakes
from exporter.spec.model import Body
from exporter.spec.sections.logs import Inference, Labels
from exporter.spec.sections.source import directives
from exporter.spec.sections.task import REQUIRED_COLUMNS


def _inference_log(body: Body) -> Mistakes:
    yield from _log("inference", body.inference)


def _staleness(body: Body) -> Mistakes:
    if body.inference.staleness < body.inference.delay + body.inference.grain:
        yield ("inference", "stale_after"), "must be at least delay plus grain"


def _label_log(body: Body) -> Mistakes:
    if body.labels is None:
        return
    if body.labels.source.engine is not None:
        yield ("labels", "source", "engine"), "must be left out: the exporter itself joins labels, row by row"
    yield from _log("labels", body.labels)


def _log(key: str, log: Inference | Labels) -> Mistakes:
    """The path differs for every partition, or the table has a timestamp."""
    path, template = (key, "source", log.source.kind), log.source.template
    if log.source.is_table:
        keys = log.source.partition_keys
        in_folders = bool(keys) and not missing_directives("".join(keys.values()), log.grain)
        if log.columns.timestamp is None and log.source.partition_column is None and not in_folders:
            yield (key, "columns", "timestamp"), "is required: it selects a partition's rows in the table"
        return
    if missing := missing_directives(template, log.grain):
        yield path, f"must be a different path for every partition: add {', '.join(missing)}"
    if names := placeholders(template):
        yield path, f"must not contain {', '.join(names)}: a path has no placeholders"


def missing_directives(template: str, grain: timedelta) -> tuple[str, ...]:
    """Return the strftime directives that a path needs to differ for every partition."""
    given = {directive.replace("-", "") for directive in directives(template)}
    day = set() if "%j" in given else {"%m", "%d"}
    hour = {"%H"} if grain % timedelta(days=1) else set()
    minute = {"%M"} if grain % timedelta(hours=1) else set()
    needed = {"%Y"} | day | hour | minute
    return tuple(directive for directive in ("%Y", "%m", "%d", "%H", "%M") if directive in needed - given)


def placeholders(template: str) -> list[str]:
    """Return the placeholders of a path, such as `{version}`."""
    return re.findall(r"\{[A-Za-z_]\w*\}", template)


def _label_join(body: Body) -> Mistakes:
    if body.labels is not None and body.inference.columns.prediction_id is None:
        yield ("inference", "columns", "prediction_id"), "is required: labels are joined by it"


def _label_task(body: Body) -> Mistakes:
    """The log has the columns that labels are compared with, and no key belongs to another task."""
    if body.labels is None:
        return
    for use in REQUIRED_COLUMNS[body.task]:
        if getattr(body.inference.columns, use) is None:
            yield ("inference", "columns", use), f"is required: labels of {body.task} are compared with it"
    for key, task in (("ndcg_at", "ranking"), ("absent", "ranking"), ("positive", "binary_classification")):
        if body.task != task and getattr(body.labels, key) is not None:
            yield ("labels", key), f"is only for {task}, not for {body.task}"


_COMPARED: Final = {f"inference.columns.{use}" for uses in REQUIRED_COLUMNS.values() for use in uses}

LOG_CHECKS: Final[Checks] = {
    _inference_log: frozenset({"inference.source", "inference.grain", "inference.columns.timestamp"}),
    _staleness: frozenset({"inference.grain", "inference.delay", "inference.stale_after"}),
    _label_log: frozenset({"labels.source", "labels.grain", "labels.columns.timestamp"}),
    _label_join: frozenset({"labels?", "inference.columns.prediction_id"}),
    _label_task: frozenset({"labels?", "labels.ndcg_at", "labels.absent", "labels.positive", "task", *_COMPARED}),
}
