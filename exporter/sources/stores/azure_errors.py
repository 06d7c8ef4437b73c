"""Errors of Azure's storage as errors of this package: of one blob or of the store, with advice."""

from __future__ import annotations

import re
from typing import Final

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceError, SourceUnavailable
from exporter.sources.formats.content import one_line

ROLE: Final = "Storage Blob Data Reader"
"""The role that reads and lists blobs."""
_CHANGED: Final = {"BlobNotFound", "ConditionNotMet", "InvalidRange", "ResourceNotFound", "PathNotFound"}
"""Error codes of a blob that was deleted or rewritten."""
_OF_BLOB: Final = re.compile("PermissionMismatch|InsufficientAccountPermissions|Encrypt|KeyVault|BlobArchiv")
"""In the code of an error that one blob may have and others not."""
_SIGNATURE: Final = re.compile(r"\bsig=[^&\s'\"]+")
_IDENTITY: Final = (
    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or AZURE_STORAGE_CONNECTION_STRING, or give the "
    "machine or the workload an identity"
)
_ADVICE: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        ("ContainerNotFound|FilesystemNotFound", "check the container's name"),
        ("PermissionMismatch|InsufficientAccountPermissions", f"give the identity the role {ROLE}"),
        (
            "AuthorizationFailure",
            f"open the account's firewall to the exporter, and give the identity the role {ROLE}",
        ),
        ("BlobArchiv|BlobBeingRehydrated", "move the blob to an online tier, or leave it out of the path"),
        ("KeyVault", "let the storage account use its key in the vault"),
        ("Encrypt", "store the blob without a key of its own"),
        ("connection string", "check AZURE_STORAGE_CONNECTION_STRING"),
        ("Authenticat|credential|token|NoAuthenticationInformation|PublicAccessNotPermitted", _IDENTITY),
        ("ServerBusy|OperationTimedOut", "the store is busy: the next refresh tries again"),
        ("resolve", "check the account's name, and the network"),
        ("connect|SSL|timed out", "check the network, proxies and certificates"),
        ("", "the next refresh tries again"),
    )
)


def failure(place: str, error: AzureError) -> SourceError:
    """Return the error for a request that failed: of the blob alone, or of the store."""
    code = getattr(error, "error_code", None) or ""
    code = str(getattr(code, "value", code))
    words = one_line(": ".join(filter(None, (code, _message(error)))))
    if not isinstance(error, HttpResponseError) or isinstance(error, ClientAuthenticationError):
        return unavailable(place, words)
    if code in _CHANGED:
        return FileUnreadable(f"{place}: {words}", SkipReason.CHANGED)
    if _OF_BLOB.search(code) and not place.endswith("/"):
        reason = SkipReason.ARCHIVED if code.startswith("BlobArchiv") else SkipReason.DENIED
        return FileUnavailable(f"{place}: {words}; {_advice(words)}", reason)
    return unavailable(place, words)


def unavailable(place: str, message: str) -> SourceUnavailable:
    """Return the error for a store that does not answer, with advice and without secrets."""
    return SourceUnavailable(f"{place}: {_SIGNATURE.sub('sig=...', message)}; {_advice(message)}")


def _message(error: AzureError) -> str:
    """Return the service's own words: of a response the lines after the first repeat the request."""
    if isinstance(error, HttpResponseError) and error.response is not None:
        return str(error.message).partition("\n")[0]
    return str(error.message or error).partition("To mitigate this issue")[0].strip()


def _advice(message: str) -> str:
    return next(text for pattern, text in _ADVICE if pattern.search(message))
