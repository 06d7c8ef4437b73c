"""Errors of Google Cloud Storage as errors of this package: of one object or of the store, with advice."""

from __future__ import annotations

import re
from typing import Final

from google.api_core.exceptions import GoogleAPICallError

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceError, SourceUnavailable
from exporter.sources.formats.content import one_line

_CHANGED: Final = {404, 412, 416}
"""Statuses of an object that was deleted or rewritten."""
_OF_OBJECT: Final = {400, 403}
"""Statuses that one object may have and others not: its permissions and its encryption."""
_PERMISSION: Final = re.compile(r"\b(storage\.\w+\.\w+|cloudkms\.\w+\.\w+)\b")
_ADDRESS: Final = re.compile(r"Max retries exceeded with url: \S+ ")
_IDENTITY: Final = "set GOOGLE_APPLICATION_CREDENTIALS, or give the machine or the workload an identity"
_ADVICE: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        ("bucket does not exist|^storage.objects.list failed: 404", "check the bucket's name"),
        ("access token|^\\S+ failed: 401", _IDENTITY),
        ("requester pays|user project", "requester-pays buckets are not supported: let the bucket's owner pay"),
        ("kms|encrypt", "let Cloud Storage's service agent use the object's key"),
        ("^\\S+ failed: (429|503)", "the store is busy: the next refresh tries again"),
        ("connect|resolve|SSL|timed out", "check STORAGE_EMULATOR_HOST, the network, proxies and certificates"),
        ("", "the next refresh tries again"),
    )
)


def refusal(place: str, permission: str, error: GoogleAPICallError) -> SourceError:
    """Return the error for a response that is an error: of the object alone, or of the store.

    Args:
        place: the object, or the bucket that was listed.
        permission: what the request needs.
        error: the response.
    """
    words = one_line(f"{permission} failed: {error.code or ''}: {_message(error)}")
    of_object = permission == "storage.objects.get" and "bucket does not exist" not in words
    if of_object and error.code in _CHANGED:
        return FileUnreadable(f"{place}: {words}", SkipReason.CHANGED)
    if of_object and error.code in _OF_OBJECT:
        return FileUnavailable(f"{place}: {words}; {_advice(words)}")
    return unavailable(place, words)


def unavailable(place: str, message: str) -> SourceUnavailable:
    """Return the error for a store that does not answer, with advice."""
    message = _ADDRESS.sub("", message)
    return SourceUnavailable(f"{place}: {message}; {_advice(message)}")


def _message(error: GoogleAPICallError) -> str:
    """Return the service's own words, without the address of the request."""
    try:
        return str(error.response.json()["error"]["message"])
    except (AttributeError, LookupError, TypeError, ValueError):
        return str(getattr(error.response, "text", "") or error.message)


def _advice(message: str) -> str:
    denied = "failed: 403" in message and _PERMISSION.findall(message)
    if denied:
        return f"allow {denied[-1]}"
    return next(text for pattern, text in _ADVICE if pattern.search(message))
