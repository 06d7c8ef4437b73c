"""Whether the columns that a spec names are in the inference log, with a type that the exporter can use, and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from exporter.profiles.columns import value_type
from exporter.profiles.readability import Use, Watched, unreadable_columns, watched_columns
from exporter.service.missing_data import nearest, spec_columns
from exporter.spec.model import Body
from exporter.validation.finding import Finding, Place, percent
from exporter.validation.sample import Rows

_NUMERIC_FEATURE: Final = re.compile(r"spec\.features\[\d+\]")


def column_findings(body: Body, stream: str, rows: Rows) -> Iterator[Finding]:
    """Yield the columns of the inference log that cannot be used.

    Args:
        body: the spec.
        stream: the name of the log.
        rows: some of its rows.
    """
    if not rows.batches:
        return
    uses: dict[str, list[Use]] = {}
    for watched in watched_columns(body):
        uses.setdefault(watched.name, []).append(watched.use)
    for column, key in named_columns(body).items():
        place = Place(stream, key, column)
        yield from missing_column(place, rows)
        yield from unusable_column(place, rows, uses.get(column, []))


def named_columns(body: Body) -> Mapping[str, str]:
    """Return the columns of the inference log that a spec names, each with its first key path."""
    segments = {name: f"spec.segments[{index}]" for index, name in enumerate(body.segments)}
    return {**segments, **spec_columns(body)}


def missing_column(place: Place, rows: Rows) -> Iterator[Finding]:
    """Yield a finding where files lack the column of a place."""
    without = sum(
        batch.table.num_rows for batch in rows.batches if not batch.schema.get_all_field_indices(place.column)
    )
    if place.column not in rows.names:
        near = nearest(place.column, set(rows.names))
        yield place.error("column_missing", f"no column {place.column}{near}", "correct the name, or add the column")
    elif without:
        message = f"the column {place.column} is missing in {percent(without / max(rows.count, 1))} of the rows"
        yield place.warning("column_missing", message, "write it to every file")


def unusable_column(place: Place, rows: Rows, uses: list[Use]) -> Iterator[Finding]:
    """Yield why the column of a place cannot be decoded or used; or that it has no values."""
    why = next((batch.problems[place.column] for batch in rows.batches if place.column in batch.problems), None)
    if why is not None:
        yield place.error("column_undecodable", f"column {place.column}: {why}", "write it with another encoding")
        return
    pieces = rows.column(place.column)
    for use in uses:
        wrong = [str(value_type(piece.type)) for piece in pieces if not _usable(place.column, piece.type, use)]
        if wrong:
            message = f"column {place.column} is {_types(wrong)}, a {use} was expected"
            yield place.error("column_type", message, _type_advice(place, use))
            return
    if pieces and rows.count and all(piece.null_count == len(piece) for piece in pieces):
        message = f"column {place.column} has no value in {rows.count} rows"
        yield place.warning("column_empty", message, "see whether the writer fills it")


def _usable(column: str, kind: pa.DataType, use: Use) -> bool:
    return not unreadable_columns(pa.schema([(column, kind)]), [Watched(column, use)])


def _types(kinds: list[str]) -> str:
    return " and ".join(dict.fromkeys(kinds))


def _type_advice(place: Place, use: Use) -> str:
    if use is Use.NUMBER and _NUMERIC_FEATURE.match(place.key):
        return "write numbers, or make the feature categorical"
    return f"write a {use}, or name another column"
