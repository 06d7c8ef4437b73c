"""A finding: what would go wrong, how bad it is, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, NamedTuple

_LONGEST: Final = 40
_SHOWN: Final = 5
_SOME: Final = 0.01

Check = Literal[
    "permission",
    "unavailable",
    "no_partitions",
    "newest",
    "stale",
    "newest_missing",
    "gaps",
    "unreadable",
    "file_skipped",
    "read",
    "no_rows",
    "column_missing",
    "column_type",
    "column_undecodable",
    "column_uncounted",
    "column_empty",
    "reference_unusable",
    "reference_column",
    "reference_trend",
    "likeness",
    "type_differs",
    "categories_unseen",
    "nulls_differ",
    "out_of_range",
    "time_zone",
    "time_unit",
    "time_unreadable",
    "time_missing",
    "time_outside",
    "time_future",
    "labels_later",
    "labels_older",
    "ids_unmatched",
    "ids_match",
    "ids_written_differently",
    "ids_missing",
    "ids_repeated",
    "label_values",
    "label_type",
    "labels_invalid",
    "label_one_value",
    "label_balance",
    "label_classes",
    "score_range",
    "score_constant",
    "score_sum",
    "scores_missing",
    "classes_missing",
    "queries_missing",
    "few_rows",
    "versions",
    "version_missing",
    "roles",
    "cost_reading",
    "cost_memory",
    "cost_series",
    "spec",
    "check_failed",
]
"""The stable names of kinds of findings; docs/validate.md says what each is."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # something that the spec asks for will have no value, or a wrong one
    WARNING = "warning"  # something is probably not as it is meant
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `check` is the kind of finding, `source` the stream that it is about, `key` the key path in the
    spec, `line` its line there (0: unknown), and `column` the column; each is empty where it does not apply.
    """

    severity: Severity
    check: Check
    message: str
    advice: str = ""
    source: str = ""
    key: str = ""
    column: str = ""
    line: int = 0


class Place(NamedTuple):
    """What findings are about: a stream, a key path of the spec and a column, each of them or none."""

    source: str = ""
    key: str = ""
    column: str = ""

    def error(self, check: Check, message: str, advice: str = "") -> Finding:
        """Return an error at this place."""
        return Finding(Severity.ERROR, check, message, advice, *self)

    def warning(self, check: Check, message: str, advice: str = "") -> Finding:
        """Return a warning at this place."""
        return Finding(Severity.WARNING, check, message, advice, *self)

    def note(self, check: Check, message: str, advice: str = "") -> Finding:
        """Return a note at this place."""
        return Finding(Severity.NOTE, check, message, advice, *self)

    def by_share(self, share: float, check: Check, message: str, advice: str = "", *, most: float = 0.5) -> Finding:
        """Return an error where at least the share `most` of rows is concerned, a note below 1 %, else a warning."""
        severe = self.error if share >= most else self.warning if share >= _SOME else self.note
        return severe(check, message, advice)


def printable(text: str) -> str:
    """Return a text on one line, without characters that a terminal would obey."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown(values: Iterable[object]) -> str:
    """Return some values as a message shows them: the first five, each in quotes and shortened."""
    texts = [str(value) for value in values]
    short = [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in texts[:_SHOWN]]
    return ", ".join([f'"{printable(text)}"' for text in short] + ["…"] * (len(texts) > _SHOWN))


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage: one above 0 is never shown as 0 %, and one below 1 never as 100 %."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return f"{min(round(share * 100), 99) if share < 1 else 100} %"
