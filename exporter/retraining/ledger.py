"""What has been started, on disk, so that a restart starts nothing twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from exporter.profiles.sealing import replace_file

KEPT: Final = timedelta(days=90)
"""How long a start is remembered; no incident whose alerts fire for longer is told from a new one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """One start: of which model, for which group of alerts and incident, and when.

    `confirmed` once whoever was asked has said yes; `dry` when nobody was asked.
    """

    model: str
    group_key: str
    instances: tuple[str, ...]
    at: datetime
    incident: str
    dry: bool
    confirmed: bool = False


class Ledger:
    """The starts of all models, the oldest first. One process may use a file at a time."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            UsageError: when it cannot be read, or is not a ledger: to forget starts would be to repeat them.
        """
        self._path = path
        try:
            known = json.loads(path.read_text()) if path.exists() else []
            self._starts = [
                Start(**each | {"at": datetime.fromisoformat(each["at"]), "instances": tuple(each["instances"])})
                for each in known
            ]
        except (OSError, ValueError, TypeError, KeyError) as problem:
            raise UsageError(f"{path}: cannot be read: {problem}; mend it, or remove it to forget all starts") from None
        for start in self._starts:
            if not start.confirmed and not start.dry:
                told = "%s was being started when the hook ended: look for %s; it is not started again"
                log.warning(told, start.model, start.incident, extra={"model": start.model})

    def of(self, model: str, *, dry: bool) -> Iterator[Start]:
        """The starts of a model, real or dry."""
        return (start for start in self._starts if start.model == model and start.dry == dry)

    def add(self, start: Start) -> None:
        """Remember a start, and forget those older than `KEPT` before it.

        Raises:
            OSError: when the disk refuses.
        """
        self._keep([*(each for each in self._starts if start.at - each.at < KEPT), start])

    def change(self, old: Start, new: Start) -> None:
        """Remember something else of a start.

        Raises:
            OSError: when the disk refuses.
        """
        self._keep([new if each is old else each for each in self._starts])

    def remove(self, start: Start) -> None:
        """Forget a start that was none.

        Raises:
            OSError: when the disk refuses.
        """
        self._keep([each for each in self._starts if each is not start])

    def _keep(self, starts: list[Start]) -> None:
        text = json.dumps([asdict(each) | {"at": each.at.isoformat()} for each in starts], indent=1)
        replace_file(self._path, text.encode())
        self._starts = starts
