"""The value that a text stands for, so that values are compared however a column or a spec writes them.

`1`, `1.0` and `true` are one value: a column of integers turns to floats with its first null, a float turns to a text
in a CSV file, and a boolean is written as a number or a word. `007`, `1e3` and ` 1` are texts like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

TRUE: Final = ("true", "True", "TRUE")
FALSE: Final = ("false", "False", "FALSE")
"""The texts of booleans."""
WHOLE: Final = r"^(-?(0|[1-9][0-9]*))[.]0+$"
"""A whole number that is written as a float; its first group is the number. Every SQL engine's syntax reads it too."""

_TRUTHS: Final = dict.fromkeys(TRUE, "1") | dict.fromkeys(FALSE, "0")
_FORM: Final = re.compile(WHOLE.removeprefix("^").removesuffix("$"))


def value_of(text: str) -> str:
    """Return the one text of a value: whole numbers as integers, true and false as 1 and 0, any other as it is.

    Two texts stand for the same value if the results are equal.
    """
    if text.endswith("0") and (whole := _FORM.fullmatch(text)):
        return whole[1]
    return _TRUTHS.get(text, text)


def find_values(texts: Sequence[str | None], known: Sequence[str]) -> list[int]:
    """Return for each text the position of the known text with its value, or -1 where there is none.

    A text that is itself known has its own position, so known texts that differ only in how they write a value stay
    apart; any other has the first position with its value.

    Args:
        texts: None has no value, and is never found.
        known: each text once.
    """
    exact: dict[str | None, int] = {text: position for position, text in enumerate(known)}
    positions = [exact.get(text, -1) for text in texts]
    if -1 not in positions:
        return positions
    by_value: dict[str, int] = {}
    for position, text in enumerate(known):
        by_value.setdefault(value_of(text), position)
    return [
        by_value.get(value_of(text), -1) if position < 0 and text is not None else position
        for text, position in zip(texts, positions, strict=True)
    ]
