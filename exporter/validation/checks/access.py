"""Whether the sources can be looked at and read: missing permissions by name, other refusals, and files left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from exporter.validation.finding import Finding
from exporter.validation.sample import LogSample

_SERVICES: Final = "s3|kms|athena|glue|lakeformation|redshift|redshift-data|redshift-serverless|secretsmanager"
_ACTION: Final = re.compile(rf"\b(?:(?:{_SERVICES}):[A-Z]\w+|bigquery\.\w+\.\w+)")
"""The name of a permission, as an error of a source gives it."""
_BY_SYSTEM: Final = "let the exporter's user read it"
_ADVICE: Final = {"spec.reference.trailing": "until the log is old enough, name a data set: {source: …}"}
"""What to do about a source that cannot be used, by its key."""
_SHOWN: Final = 10


def access_findings(log: LogSample) -> Iterator[Finding]:
    """Yield what could not be listed or read.

    Args:
        log: what was tried; the messages are those of the exporter's own errors.
    """
    if log.failure:
        yield _refused(log, log.failure)
    for name, why in log.unreadable.items():
        yield _refused(log, why, f"partition {name} cannot be read: ")
    skipped = log.rows.skipped if log.rows is not None else {}
    for path, why in list(skipped.items())[:_SHOWN]:
        yield _skipped(log, path, why)
    if len(skipped) > _SHOWN:
        yield log.place.warning("file_skipped", f"and {len(skipped) - _SHOWN} more files that were tried")


def actions(message: str) -> list[str]:
    """Return the permissions that a message names, each once."""
    return list(dict.fromkeys(_ACTION.findall(message)))


def _refused(log: LogSample, why: str, what: str = "") -> Finding:
    permission = _permission(log, f"{what}{why}")
    advice = _ADVICE.get(log.place.key, "")
    return permission or log.place.error("unreadable" if what else "unavailable", f"{what}{why}", advice)


def _skipped(log: LogSample, path: str, why: str) -> Finding:
    message = f"skipped file {path}: {why.removeprefix(f'{path}: ')}"
    advice = "write the file again, or move it out of the path"
    return _permission(log, message) or log.place.warning("file_skipped", message, advice)


def _permission(log: LogSample, message: str) -> Finding | None:
    """Return the finding of an error that a permission would remove."""
    named = actions(message)
    if named:
        return log.place.error("permission", message, f"grant {', '.join(named)} to the exporter's identity")
    return log.place.error("permission", message) if _BY_SYSTEM in message else None
