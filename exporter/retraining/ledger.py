"""The ledger of starts on disk, so that a restart of the hook starts nothing twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from exporter.profiles.sealing import replace_file
from exporter.store.lock import locked

RETENTION: Final = timedelta(days=90)
"""How long a start is kept; an incident that lasts longer is treated as a new one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a retraining: its model, group of alerts, incident and time.

    `confirmed` is set when the pipeline has been started; `dry` in a dry run.
    """

    model: str
    group_key: str
    instances: tuple[str, ...]
    at: datetime
    incident: str
    dry: bool
    confirmed: bool = False


class Ledger:
    """The starts of all models, the oldest first. Only one process may use a file at a time; see `only_user`."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists.

        Raises:
            UsageError: when the file cannot be read or is not a ledger: without it, starts would be repeated.
        """
        self._path = path
        try:
            stored = json.loads(path.read_text()) if path.exists() else []
            self._starts = [
                Start(**each | {"at": datetime.fromisoformat(each["at"]), "instances": tuple(each["instances"])})
                for each in stored
            ]
        except (OSError, ValueError, TypeError, KeyError) as problem:
            raise UsageError(
                f"{path}: cannot be read: {problem}; repair it, or remove it to forget all starts"
            ) from None
        for start in self._starts:
            if not start.confirmed and not start.dry:
                message = "%s: the hook stopped during a start: look for %s; it is not started again"
                log.warning(message, start.model, start.incident, extra={"model": start.model})

    def of(self, model: str, *, dry: bool) -> Iterator[Start]:
        """Return the starts of a model, real or dry."""
        return (start for start in self._starts if start.model == model and start.dry == dry)

    def add(self, start: Start) -> None:
        """Save a start, and remove those that are older than it by `RETENTION`.

        Raises:
            OSError: when the file cannot be written.
        """
        self._save([*(each for each in self._starts if start.at - each.at < RETENTION), start])

    def change(self, old: Start, new: Start) -> None:
        """Replace a start.

        Raises:
            OSError: when the file cannot be written.
        """
        self._save([new if each is old else each for each in self._starts])

    def remove(self, start: Start) -> None:
        """Remove a start that failed; it is gone for this process even if the disk refuses.

        Raises:
            OSError: when the file cannot be written.
        """
        self._starts = [each for each in self._starts if each is not start]
        self._save(self._starts)

    def _save(self, starts: list[Start]) -> None:
        text = json.dumps([asdict(each) | {"at": each.at.isoformat()} for each in starts], indent=1)
        replace_file(self._path, text.encode())
        self._starts = starts


def only_user(folder: Path) -> AbstractContextManager[None]:
    """Return a context in which no other hook can use the ledger of a folder.

    Raises:
        UsageError: on entering, when another one does.
    """
    return locked(folder / "lock", f"{folder}: another hook uses it: stop it, or give this one another --storage.path")
