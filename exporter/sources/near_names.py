"""The name that was meant by one that is missing."""

from __future__ import annotations

import difflib
from functools import lru_cache


def missing_column(name: str, present: tuple[str, ...]) -> str:
    """Return the message about a column that is missing among others, with the one that may be meant.

    Writers such as Hive and Glue turn names into lower case.
    """
    return "the column is missing" + nearest_name(name, present)


@lru_cache(maxsize=1024)
def nearest_name(name: str, present: tuple[str, ...]) -> str:
    """Return the end of a message about a missing name: the name that differs in its case only, or a similar one."""
    folded = [other for other in present if other.casefold() == name.casefold()]
    if folded:
        return f'; the column is named "{folded[0]}" here'
    near = difflib.get_close_matches(name, present, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
