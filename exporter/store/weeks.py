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

from exporter.store.place import Place, StoreUnavailable

_NAMES: Final = ("alarming-weeks.json", "alarming-weeks.copy.json")

log = logging.getLogger(__name__)


def load_weeks(place: Place, folder: str) -> frozenset[date]:
    """Return the Mondays that are stored in a folder of a place; none if nothing readable is.

    Raises:
        StoreUnavailable: the place is not on this machine and does not answer: what is there is not known.
    """
    for name in _NAMES:
        try:
            data = place.read(Path(folder, name))
            if data is not None:
                return _weeks(json.loads(data))
        except StoreUnavailable:
            raise
        except (OSError, LookupError, TypeError, ValueError) as problem:
            message = "%s/%s/%s: cannot be read, its copy is used if there is one: %s"
            log.warning(message, place, folder, name, problem)
    return frozenset()


def save_weeks(place: Place, folder: str, mondays: Collection[date]) -> None:
    """Store Mondays in a folder of a place, in place of those before.

    Raises:
        OSError: the disk refuses.
    """
    texts = sorted(day.isoformat() for day in set(mondays))
    document = json.dumps({"mondays": texts, "checksum": _checksum(texts)}).encode()
    for name in reversed(_NAMES):
        place.write(Path(folder, name), document)


def _weeks(document: object) -> frozenset[date]:
    """Return the Mondays of a document; one of before there were checksums is a list of them."""
    if isinstance(document, list):
        return frozenset(map(date.fromisoformat, document))
    if not isinstance(document, dict) or document["checksum"] != _checksum(document["mondays"]):
        raise ValueError("it is not as it was written")
    return frozenset(map(date.fromisoformat, document["mondays"]))


def _checksum(texts: Collection[str]) -> int:
    return zlib.crc32("\n".join(texts).encode())
