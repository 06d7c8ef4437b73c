"""The formats of files, and the suffixes of names that tell them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """What a file is, as a spec names it; compression is found in the content."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"


SUFFIXES: Final = {
    "parquet": Format.PARQUET,
    "parq": Format.PARQUET,
    "pq": Format.PARQUET,
    "jsonl": Format.JSONL,
    "ndjson": Format.JSONL,
    "json": Format.JSONL,
    "csv": Format.CSV,
    "tsv": Format.TSV,
}
SIDE_FILES: Final = "json"
"""A suffix that folders of other formats have too, for files that describe the others."""
COMPRESSED: Final = r"(?:\.(?:gz|zst))?"
"""The pattern of the suffix of a compressed file of texts."""
_KNOWN: Final = re.compile(rf"\.({'|'.join(SUFFIXES)}){COMPRESSED}$", re.IGNORECASE)


def known_suffix(path: str) -> str:
    """Return the end of a name that tells the format, such as `.csv.gz`; empty without one."""
    match = _KNOWN.search(path)
    return match[0] if match else ""


def known_format(path: str) -> Format | None:
    """Return the format that a file's name tells."""
    match = _KNOWN.search(path)
    return SUFFIXES[match[1].lower()] if match else None
