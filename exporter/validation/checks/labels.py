"""Whether the values of labels are what the task needs: two values, classes of the predictions, or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Counts, Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, is_number, value_type
from exporter.profiles.profile import most_frequent
from exporter.spec.model import Body
from exporter.spec.sections.task import Task
from exporter.validation.finding import Finding, Place, percent, shown

_ENOUGH: Final = 30
"""With fewer labels it says nothing that all are the same."""
_EXPECTED: Final = 10
"""So many labels of the other class must be expected before their absence says something."""
_FEW_VALUES: Final = 20
_MOST: Final = 0.5
_VALUES: Final[Mapping[Task, str]] = {
    "binary_classification": "labels are 0 and 1, or false and true; name other positive values in labels.positive",
    "regression": "labels are finite numbers",
    "ranking": "labels are numbers from 0",
}
"""What the labels of a task are."""


def value_findings(
    body: Body, place: Place, pieces: Sequence[pa.ChunkedArray], *, refused: bool, invalid: int = 0
) -> Iterator[Finding]:
    """Yield what is seen in the column of labels.

    Args:
        body: the spec.
        place: of the column.
        pieces: the column.
        refused: whether the exporter cannot use a column of the labels at all.
        invalid: rows whose label it leaves out, those without one included.
    """
    counts = value_counts(pieces)
    total = sum(counts.values())
    if not total:
        return
    seen = _seen(counts, total)
    wrong = [str(value_type(piece.type)) for piece in pieces if not is_number(piece.type)]
    if wrong and refused:
        expected = "0 and 1, or false and true" if body.task == "binary_classification" else "numbers"
        message = f"labels are {wrong[0]}, with the values {seen}"
        yield place.error("label_type", message, f"write {expected}")
    elif invalid:
        yield _invalid(body, place, pieces, invalid, seen)
    elif len(counts) == 1 and total >= _ENOUGH and body.task != "binary_classification":
        yield place.warning("label_one_value", f"all {total} labels are {seen}", "see whether the column is the label")
    elif len(counts) <= _FEW_VALUES:
        yield place.note("label_values", f"{total} labels: {seen}")


def _invalid(body: Body, place: Place, pieces: Sequence[pa.ChunkedArray], invalid: int, seen: str) -> Finding:
    """Return the finding of labels that are left out; other values than nulls are a warning at least."""
    rows, nulls = (sum(each) for each in zip(*((len(piece), piece.null_count) for piece in pieces), strict=True))
    message = f"{percent(invalid / rows)} of {rows} labels cannot be used, {nulls} of them null; there are {seen}"
    advice = _VALUES.get(body.task, "")
    if invalid > nulls and invalid / rows < 1 - body.thresholds.log_usable:
        return place.warning("labels_invalid", message, advice)
    return place.by_share(invalid / rows, "labels_invalid", message, advice, most=1 - body.thresholds.log_usable)


def balance_findings(place: Place, labels: Floats, scores: Floats) -> Iterator[Finding]:
    """Yield a finding where labels of two classes are all equal, or positive much more or less often than scores say.

    Args:
        place: of the column of labels.
        labels: usable labels, 0 and 1.
        scores: finite scores of predictions.
    """
    if min(len(labels), len(scores)) < _ENOUGH:
        return
    positive, expected = float(labels.mean()), float(scores.mean())
    if not 0 <= expected <= 1:
        return
    missing = len(labels) * {0.0: expected, 1.0: 1 - expected}.get(positive, 0.0)
    if missing >= _EXPECTED:
        value = "positive" if positive else "negative"
        message = f"all {len(labels)} labels are {value}, where some {missing:.0f} others are expected from the scores"
        yield place.warning("label_one_value", message, "see whether labels of both classes are written")
    elif abs(positive - expected) >= _MOST:
        message = f"{percent(positive)} of the labels are positive, while the mean score is {expected:.2g}"
        advice = "see whether 1 and true mean the class that the score is the probability of"
        yield place.warning("label_balance", message, advice)


def class_findings(
    place: Place, labels: Sequence[pa.ChunkedArray], predictions: Sequence[pa.ChunkedArray]
) -> Iterator[Finding]:
    """Yield a finding where the labels of a multiclass model name other classes than its predictions."""
    ours, theirs = value_counts(labels), value_counts(predictions)
    total = sum(ours.values())
    if not total or not theirs:
        return
    other = {name: rows for name, rows in ours.items() if name not in theirs}
    share = sum(other.values()) / total
    if share >= _MOST:
        message = (
            f"{percent(share)} of the labels are no class that was predicted: {shown(most_frequent(other, 5))},"
            f" while predictions are {shown(most_frequent(theirs, 5))}"
        )
        yield place.error("label_classes", message, "write the names of classes in the same way")


def value_counts(pieces: Sequence[pa.ChunkedArray]) -> Mapping[str, int]:
    """Return the values of a column that are no nulls, as categories are named, with their rows."""
    counts: dict[str, int] = {}
    for piece in pieces:
        try:
            names, codes = category_codes(piece)
        except ColumnMismatch:
            continue
        for code, rows in enumerate(_rows(codes, len(names))):
            if rows and (name := names[code]) is not None:
                counts[name] = counts.get(name, 0) + rows
    return counts


def _rows(codes: Counts, names: int) -> list[int]:
    rows: list[int] = np.bincount(codes, minlength=names).tolist()
    return rows


def _seen(counts: Mapping[str, int], total: int) -> str:
    frequent = most_frequent(counts, 5)
    texts = [f"{shown([name])} ({percent(rows / total)})" for name, rows in frequent.items()]
    return ", ".join(texts) + ", …" * (len(counts) > len(frequent))
