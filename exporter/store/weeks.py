"""The weeks in which a model was alarming: the one file of the store that cannot be made again.

It is stored twice, each time with a checksum: a file that the disk has harmed is noticed, and the other is read.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Final

from exporter.profiles.sealing import replace_file

_NAMES: Final = ("alarming-weeks.json", "alarming-weeks.copy.json")

log = logging.getLogger(__name__)


def load_weeks(folder: Path) -> frozenset[date]:
    """Return the Mondays that are stored in a folder; none if nothing readable is."""
    for name in _NAMES:
        try:
            return _weeks(json.loads((folder / name).read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, LookupError, TypeError, ValueError) as problem:
            log.warning("%s: cannot be read, its copy is used if there is one: %s", folder / name, problem)
    return frozenset()


def save_weeks(folder: Path, mondays: Collection[date]) -> None:
    """Store Mondays in a folder, in place of those before.

    Raises:
        OSError: the disk refuses.
    """
    texts = sorted(day.isoformat() for day in set(mondays))
    document = json.dumps({"mondays": texts, "checksum": _checksum(texts)}).encode()
    for name in reversed(_NAMES):
        replace_file(folder / name, document)


def _weeks(document: object) -> frozenset[date]:
    """Return the Mondays of a document; one of before there were checksums is a list of them."""
    if isinstance(document, list):
        return frozenset(map(date.fromisoformat, document))
    if not isinstance(document, dict) or document["checksum"] != _checksum(document["mondays"]):
        raise ValueError("it is not as it was written")
    return frozenset(map(date.fromisoformat, document["mondays"]))


def _checksum(texts: Collection[str]) -> int:
    return zlib.crc32("\n".join(texts).encode())
