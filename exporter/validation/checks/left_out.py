"""Rows that the join of labels and predictions leaves out: without an id, without a usable value, or repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from exporter.labels import predictions
from exporter.labels import rows as labels
from exporter.spec.model import Body
from exporter.validation.finding import Check, Finding, Place, percent

_PREDICTIONS: Final[Mapping[str, tuple[Check, str, str]]] = {
    predictions.NO_ID: ("ids_missing", "prediction_id", "have no id, so no label is joined to them"),
    predictions.NO_SCORE: ("scores_missing", "score", "have no finite score"),
    predictions.NO_CLASS: ("classes_missing", "prediction", "have no returned class"),
    predictions.NO_QUERY: ("queries_missing", "query", "have no id of a list"),
    predictions.REPEATED: ("ids_repeated", "prediction_id", "have an id that a later row has too"),
}
"""By reason: the check, the key of the column, and what it says. Times are the subject of another check."""
_LABELS: Final[Mapping[str, tuple[Check, str, str]]] = {
    labels.NO_ID: ("ids_missing", "prediction_id", "have no id, so they are joined to no prediction"),
    labels.OLD: ("labels_older", "timestamp", "are older than the look-back: their predictions are older still"),
}


def prediction_findings(body: Body, stream: str, left_out: Mapping[str, int], rows: int) -> Iterator[Finding]:
    """Yield the shares of predictions that no label can be joined to, by reason.

    Args:
        body: the spec.
        stream: the name of the log.
        left_out: the rows that the exporter's own reduction left out, by reason.
        rows: all rows.
    """
    columns = body.inference.columns
    for reason, (check, key, words) in _PREDICTIONS.items():
        place = Place(stream, f"spec.inference.columns.{key}", getattr(columns, key) or "")
        yield from _finding(body, place, check, words, _Part(left_out.get(reason, 0), rows))


def label_findings(body: Body, stream: str, left_out: Mapping[str, int], rows: int) -> Iterator[Finding]:
    """Yield the shares of labels that are left out, by reason; see `prediction_findings`."""
    if body.labels is None:
        return
    for reason, (check, key, words) in _LABELS.items():
        place = Place(stream, f"spec.labels.columns.{key}", getattr(body.labels.columns, key) or "")
        yield from _finding(body, place, check, words, _Part(left_out.get(reason, 0), rows))


class _Part(NamedTuple):
    """Some rows of all."""

    rows: int
    whole: int


def _finding(body: Body, place: Place, check: Check, words: str, part: _Part) -> Iterator[Finding]:
    if part.rows:
        share = part.rows / part.whole
        message = f"{percent(share)} of {part.whole} rows {words}"
        yield place.by_share(share, check, message, most=max(1 - body.thresholds.log_usable, 0.01))
