"""Texts that stand for the same value, for the tests of rows and of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "1": ("1", "1.0", "1.000", "true", "True", "TRUE"),
    "0": ("0", "0.0", "false", "False", "FALSE"),
    "3": ("3", "3.0"),
    "-3": ("-3", "-3.0"),
    "10": ("10", "10.0", "10.00"),
    "100": ("100",),
    "90071992547409930": ("90071992547409930", "90071992547409930.0"),
    # These are not numbers as columns of numbers write them: codes, versions, words.
    "007": ("007",),
    "07.0": ("07.0",),
    "1.": ("1.",),
    "1e3": ("1e3",),
    " 1": (" 1",),
    "1.0 ": ("1.0 ",),
    "1.0\n": ("1.0\n",),
    "+1": ("+1",),
    "1.50": ("1.50",),
    "1.0.0": ("1.0.0",),
    "v1.0": ("v1.0",),
    "yes": ("yes",),
    "tRUE": ("tRUE",),
    "": ("",),
}
"""By their one text, all texts that stand for the same value."""
