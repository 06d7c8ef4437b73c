"""Whether the ids of labels are those of predictions; where none is, what would make them equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exporter.labels.ids import hashed
from exporter.profiles.columns import ColumnMismatch, category_codes, is_text, value_type
from exporter.profiles.hashing import Hashes, text_hashes
from exporter.validation.finding import Finding, Place, percent, shown
from exporter.validation.sample import IdSample

_ENOUGH: Final = 10
"""So many matches must be expected by chance of the sample before their absence says something."""
_COMPLETE: Final = 0.9
"""The share of predictions that was read from which the share of labels that match can be judged."""
_LOW: Final = 0.5
_BETTER: Final = 2
"""A spelling explains missing matches if it makes so many times more."""
_COMPARED: Final = 20_000
"""Ids of labels that are tried in other spellings."""

_SPELLINGS: Final[Mapping[str, Callable[[pa.Array], pa.Array]]] = {
    "leading zeros": lambda ids: pc.utf8_ltrim(ids, characters="0"),
    "upper and lower case": pc.utf8_lower,
    "dashes": lambda ids: pc.replace_substring(ids, "-", ""),
    "blanks around them": pc.utf8_trim_whitespace,
    "braces or quotes": lambda ids: pc.utf8_trim(ids, characters="{}\"'"),
    "decimals": lambda ids: pc.replace_substring_regex(ids, r"^(-?\d+)\.0+$", r"\1"),
    "a prefix": lambda ids: pc.replace_substring_regex(ids, r"^.*[:/|#]", ""),
}
"""Functions that take a difference away, by its name."""


class _Match(NamedTuple):
    """The share of ids of labels that are among those of predictions, and the position of one of them, or -1."""

    share: float
    first: int


class _Spelling(NamedTuple):
    """A difference of spelling, and the match without it."""

    name: str
    match: _Match


class _Texts(NamedTuple):
    """The ids as texts."""

    predictions: pa.Array
    labels: pa.Array


def id_findings(place: Place, sample: IdSample) -> Iterator[Finding]:
    """Yield whether labels find their predictions.

    Args:
        place: the id of the label log.
        sample: ids of both logs; a column of a wrong type is the subject of another check.
    """
    try:
        plain = _plain_match(sample)
        predictions, labels = (_texts(columns) for columns in (sample.predictions, sample.labels))
    except ColumnMismatch:
        return
    if not len(predictions) or not len(labels):
        return
    spelling = _best_spelling(predictions, labels.slice(0, _COMPARED))
    part = ""
    if sample.share < _COMPLETE:
        part = f", where {percent(sample.share)} of the predictions of the look-back were looked at"
    if spelling is not None and spelling.match.share > _BETTER * plain.share + 1 / len(labels):
        yield _differently(place, sample, _Texts(predictions, labels), spelling, plain.share)
    elif plain.share:
        message = f"{percent(plain.share)} of {len(labels)} labels belong to a prediction{part}"
        if sample.share >= _COMPLETE and plain.share < _LOW:
            advice = "see whether labels are also of other models, or of older predictions than the look-back"
            yield place.warning("ids_unmatched", message, advice)
        else:
            yield place.note("ids_match", message)
    else:
        message = (
            f"none of {len(labels)} labels belongs to a prediction{part}: ids of labels are like"
            f" {shown(labels.slice(0, 2).to_pylist())}, those of predictions like"
            f" {shown(predictions.slice(0, 2).to_pylist())}"
        )
        if len(labels) * sample.share >= _ENOUGH:
            advice = "name the columns that hold the same id; see whether maturity is as long as labels take"
            yield place.error("ids_unmatched", message, advice)
        else:
            yield place.note("ids_unmatched", message, "too few were looked at to be sure")


def _plain_match(sample: IdSample) -> _Match:
    ids = []
    for columns in (sample.predictions, sample.labels):
        pairs = [hashed(column) for column in columns]
        ids.append(np.concatenate([np.zeros(0, np.uint64), *(each[known] for each, known in pairs)]))
    return _match(*ids)


def _match(predictions: Hashes, labels: Hashes) -> _Match:
    known = np.isin(labels, predictions)
    return _Match(float(known.mean()), int(known.argmax()) if known.any() else -1) if len(known) else _Match(0.0, -1)


def _texts(columns: tuple[pa.ChunkedArray, ...]) -> pa.Array:
    """Return ids as the texts that are hashed, without nulls."""
    return pa.concat_arrays([pa.array([], pa.large_string()), *map(_text, columns)]).drop_null()


def _text(column: pa.ChunkedArray) -> pa.Array:
    kind = value_type(column.type)
    if is_text(kind) or pa.types.is_integer(kind):
        return column.cast(kind).cast(pa.large_string()).combine_chunks()
    names, codes = category_codes(column)
    return pa.array(names, pa.large_string()).take(pa.array(codes))


def _best_spelling(predictions: pa.Array, labels: pa.Array) -> _Spelling | None:
    """Return the difference whose removal makes most ids equal, or all of them together if no single one does."""

    def matched(change: Callable[[pa.Array], pa.Array]) -> _Match:
        return _match(text_hashes(change(predictions)), text_hashes(change(labels)))

    matches = {name: matched(change) for name, change in _SPELLINGS.items()}
    best = max(matches, key=lambda name: matches[name].share)
    if matches[best].share:
        return _Spelling(best, matches[best])
    together = matched(_all_changes)
    return _Spelling("their spelling", together) if together.share else None


def _all_changes(ids: pa.Array) -> pa.Array:
    for change in reversed([*_SPELLINGS.values()]):
        ids = change(ids)
    return ids


def _differently(place: Place, sample: IdSample, texts: _Texts, spelling: _Spelling, share: float) -> Finding:
    change = _SPELLINGS.get(spelling.name, _all_changes)
    example = texts.labels[spelling.match.first]
    same = text_hashes(change(texts.predictions)) == text_hashes(change(pa.array([example])))
    twin = texts.predictions[int(same.argmax())]
    kinds = [str(value_type(columns[0].type)) for columns in (sample.labels, sample.predictions)]
    types = f" (the columns are {kinds[0]} and {kinds[1]})" if kinds[0] != kinds[1] else ""
    message = (
        f"{percent(share)} of {len(texts.labels)} labels belong to a prediction, {percent(spelling.match.share)} but"
        f" for {spelling.name}: {shown([example])} in the labels is {shown([twin])} in the log{types}"
    )
    return place.error("ids_written_differently", message, "write the same id to both logs")
