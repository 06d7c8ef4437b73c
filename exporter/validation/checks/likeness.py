"""Whether the inference log is like the reference: the same columns, kinds of values, categories, nulls and ranges.

This is no test for drift. Only differences that are too large to be real are found: a log and a reference that were
written in different ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from exporter.catalogue import INFERENCE
from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, CategoricalBins
from exporter.profiles.columns import ColumnMismatch, category_codes, is_number, is_text, value_type
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile, categorical_column, merge_profiles, most_frequent, numeric_column
from exporter.profiles.readability import unreadable_columns, watched_columns
from exporter.reference.reference import build_binning
from exporter.service.references.reading import selected_columns
from exporter.spec.model import ModelSpec
from exporter.validation.checks.columns import named_columns
from exporter.validation.finding import Finding, Place, percent, shown
from exporter.validation.sample import Rows

_MOST: Final = 0.5
"""The share of unseen categories, or of values out of range, that is a finding."""
_NULLS: Final = 0.2
"""The difference of the shares of nulls that is a finding."""
_ENOUGH: Final = 30
"""With fewer rows nothing is compared."""
_NOTHING: Final = "nothing"
"""The kind of a column of nulls."""


def likeness_findings(spec: ModelSpec, stream: str, log: Rows, reference: Rows) -> Iterator[Finding]:
    """Yield how the columns of the log are unlike those of the reference.

    Args:
        spec: the model.
        stream: the name of the reference.
        log: some rows of the inference log.
        reference: some rows of the reference.
    """
    keys = named_columns(spec.spec)
    whole = Place(stream, "spec.reference")
    selection = selected_columns(spec, keys=())
    try:
        binning, problems = build_binning(iter(reference.batches), selection, spec.spec.limits.categories)
    except ReferenceUnusable as problem:
        yield whole.error("reference_unusable", str(problem), "name the data that the model was trained on")
        return
    features = {feature.name for feature in spec.spec.features}
    for column, why in problems.items():
        place, message = Place(stream, keys.get(column, ""), column), f"column {column} is not compared: {why}"
        if column in features:
            yield place.warning("reference_column", message, "add it to the reference, or leave the feature out")
        else:
            yield place.note("reference_column", message)
    if reference.whole and reference.count < _ENOUGH:
        message = f"only {reference.count} rows: with so few, thresholds are too high for any alert"
        yield whole.warning("likeness", message, "name the data that the model was trained on")
        return
    if min(log.count, reference.count) < _ENOUGH:
        yield whole.note("likeness", f"too few rows to compare: {log.count} of the log, {reference.count}")
        return
    before, (now, uncounted) = _profile(reference, binning)[0], _profile(log, binning)
    yield from _uncounted(spec, keys, log, uncounted)
    for bins in binning.columns:
        place = Place(stream, keys.get(bins.name, ""), bins.name)
        if not log.column(bins.name):
            continue
        yield from _kinds(place, log, reference)
        if isinstance(bins, CategoricalBins):
            yield from _categories(place, binning, now, before, log)
        else:
            yield from _numbers(place, binning, now, before)


def _profile(rows: Rows, binning: Binning) -> tuple[Profile, Mapping[str, str]]:
    """Return the counts of some rows, and why columns could not be counted."""
    partition = profile_partition(iter(rows.batches), binning)
    return merge_profiles(binning, partition.groups.values()), partition.problems


def _uncounted(spec: ModelSpec, keys: Mapping[str, str], log: Rows, problems: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what could not be counted although the columns are there with a usable type."""
    watched = watched_columns(spec.spec)
    known = {name for batch in log.batches for name in (*unreadable_columns(batch.schema, watched), *batch.problems)}
    for column, why in problems.items():
        if column not in known:
            yield Place(INFERENCE, keys.get(column, ""), column).error("column_uncounted", f"column {column}: {why}")


def _kinds(place: Place, log: Rows, reference: Rows) -> Iterator[Finding]:
    """Yield a finding where the types hold another kind of value: a number is not a text, whatever its width."""
    now, before = ({_kind(piece.type) for piece in rows.column(place.column)} - {_NOTHING} for rows in (log, reference))
    if now and before and not now & before:
        types = [str(value_type(rows.column(place.column)[0].type)) for rows in (log, reference)]
        message = f"column {place.column} is {types[0]} in the log and {types[1]} in the reference"
        yield place.warning("type_differs", message, "write both in the same way")


def _kind(kind: pa.DataType) -> str:
    plain = value_type(kind)
    if pa.types.is_null(plain):
        return _NOTHING
    if pa.types.is_boolean(plain):
        return "boolean"
    if is_text(plain):
        return "text"
    return "number" if is_number(plain) else "other"


def _categories(place: Place, binning: Binning, now: Profile, before: Profile, log: Rows) -> Iterator[Finding]:
    ours, theirs = (categorical_column(profile, binning, place.column) for profile in (now, before))
    yield from _nulls(place, ours.missing, ours.rows, theirs.missing, theirs.rows)
    new, old = _share(ours.new, ours.rows - ours.missing), _share(theirs.new, theirs.rows - theirs.missing)
    if new - old >= _MOST:
        bins = binning.by_name[place.column]
        known = bins.categories if isinstance(bins, CategoricalBins) else ()
        seen = list(most_frequent(dict(ours.novel), 5)) or list(_frequent(log, place.column))
        message = (
            f"{percent(new)} of the values of {place.column} are not in the reference:"
            f" the log has {shown(seen)}, the reference {shown(known)}"
        )
        yield place.error("categories_unseen", message, _category_advice(seen, known))


def _category_advice(seen: list[str], known: tuple[str, ...]) -> str:
    plain = {name.strip().lower() for name in known}
    if any(name.strip().lower() in plain for name in seen):
        return "they differ in upper and lower case or in blanks: write both in the same way"
    return "write both in the same way"


def _frequent(rows: Rows, column: str) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for piece in rows.column(column):
        try:
            names, codes = category_codes(piece)
        except ColumnMismatch:
            continue
        for code in codes[:1000].tolist():
            if (name := names[code]) is not None:
                counts[name] = counts.get(name, 0) + 1
    return most_frequent(counts, 5)


def _numbers(place: Place, binning: Binning, now: Profile, before: Profile) -> Iterator[Finding]:
    ours, theirs = (numeric_column(profile, binning, place.column) for profile in (now, before))
    yield from _nulls(place, ours.missing, ours.rows, theirs.missing, theirs.rows)
    outside = _share(ours.out_of_range, ours.comparable)
    if outside >= _MOST:
        message = (
            f"{percent(outside)} of the values of {place.column} are outside the reference's range:"
            f" {ours.low:.6g} to {ours.high:.6g} in the log, {theirs.low:.6g} to {theirs.high:.6g} in the reference"
        )
        yield place.warning("out_of_range", message, "see whether the units differ")


def _nulls(place: Place, nulls: float, rows: float, nulls_before: float, rows_before: float) -> Iterator[Finding]:
    now, before = _share(nulls, rows), _share(nulls_before, rows_before)
    if rows and rows_before and abs(now - before) >= _NULLS:
        message = f"{percent(now)} of {place.column} is null in the log, {percent(before)} in the reference"
        yield place.warning("nulls_differ", message, "see whether one of them fills or drops missing values")


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
