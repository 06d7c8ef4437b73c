"""Faults of labels that are injected into the label log during a replay, and of what labels are about.

They are of the partitions in which labels arrive, so predictions that were made before are concerned too.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

import pyarrow as pa

from exporter.backtest.injection import LABEL_KINDS, NEVER, Damage, FaultKind, Injection, InjectionRequest
from exporter.errors import UsageError
from exporter.labels.truths import LabelRule
from exporter.service.labels.reductions import label_rule
from exporter.spec.model import Body

_ANY_TASK: Final = (FaultKind.STOP, FaultKind.LATE, FaultKind.CONCEPT)
"""The kinds that fit labels of every task; the others need positive and negative ones."""


def label_injections(request: InjectionRequest, body: Body, middle: datetime) -> list[Injection]:
    """Return the faults of labels that a request asks for; none where it asks for others, or labels are not evaluated.

    Args:
        request: the request.
        body: the model's spec.
        middle: when faults begin if the request has no time.

    Raises:
        UsageError: when the request is for labels only, and the model has none of which this could be a fault.
    """
    labels, asked = body.labels, request.kind in LABEL_KINDS
    if labels is None or not body.labels_evaluated or request.column not in (None, labels.columns.label):
        if asked:
            raise UsageError(f"--inject: {request.kind} is a fault of labels; {request.column or 'the model'} has none")
        return []
    kinds = LABEL_KINDS if body.task == "binary_classification" else _ANY_TASK
    wanted = [kind for kind in kinds if request.kind in (None, kind)]
    if asked and not wanted:
        raise UsageError(f"--inject: {request.kind} does not fit the labels of a {body.task.replace('_', ' ')}")
    rule = label_rule(body)
    damages: dict[FaultKind, Damage] = {FaultKind.FLIP: partial(_flipped, rule=rule), FaultKind.CONCEPT: _moved}
    delays = {FaultKind.STOP: NEVER, FaultKind.LATE: labels.maturity}
    return [
        Injection(
            kind,
            labels.columns.label,
            request.start or middle,
            damages.get(kind, _same),
            keep=partial(_is_positive, rule=rule) if kind is FaultKind.POSITIVES else None,
            late=delays.get(kind),
            matures=labels.maturity + max(body.alert_windows),
        )
        for kind in wanted
    ]


def _same(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column


def _moved(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give each prediction the outcome of another one: their shares stay the same, and depend on no input any more."""
    half = len(column) // 2
    return pa.chunked_array([*column.slice(half).chunks, *column.slice(0, half).chunks], column.type)


def _flipped(column: pa.ChunkedArray, rule: LabelRule) -> pa.ChunkedArray:
    """Exchange positive and negative labels; other values become null."""
    truths = rule.read(column)[0]
    if not rule.positive:
        return pa.chunked_array([pa.array(1 - truths, from_pandas=True)])
    names = {0.0: rule.positive[0], 1.0: f"not {rule.positive[0]}"}
    return pa.chunked_array([pa.array([names.get(truth) for truth in truths.tolist()], pa.string())])


def _is_positive(column: pa.ChunkedArray, rule: LabelRule) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(rule.read(column)[0] == 1)])
