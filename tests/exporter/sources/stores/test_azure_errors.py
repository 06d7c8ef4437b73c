from __future__ import annotations

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from exporter.errors import FileUnavailable, FileUnreadable, SourceError, SourceUnavailable
from exporter.sources.stores.azure_errors import failure, unavailable

BLOB, CONTAINER = "abfss://logs@ml.dfs.core.windows.net/a", "abfss://logs@ml.dfs.core.windows.net/"
ROLE = "give the identity the role Storage Blob Data Reader"


def failed(place: str, code: str, kind: type[HttpResponseError] = HttpResponseError) -> SourceError:
    error = kind(message="This request is not authorized.\nRequestId:1\nTime:2026-11-22")
    error.response = object()
    error.error_code = code
    return failure(place, error)


@pytest.mark.parametrize(
    ("place", "code", "kind", "advice"),
    [
        (BLOB, "AuthorizationPermissionMismatch", FileUnavailable, ROLE),
        (CONTAINER, "AuthorizationPermissionMismatch", SourceUnavailable, ROLE),
        (BLOB, "AuthorizationFailure", SourceUnavailable, "open the account's firewall to the exporter, and give"),
        (BLOB, "KeyVaultEncryptionKeyNotFound", FileUnavailable, "let the storage account use its key in the vault"),
        (BLOB, "BlobUsesCustomerSpecifiedEncryption", FileUnavailable, "store the blob without a key of its own"),
        (BLOB, "BlobArchived", FileUnavailable, "move the blob to an online tier, or leave it out of the path"),
        (CONTAINER, "ContainerNotFound", SourceUnavailable, "check the container's name"),
        (BLOB, "AuthenticationFailed", SourceUnavailable, "set AZURE_TENANT_ID, AZURE_CLIENT_ID and"),
        (BLOB, "ServerBusy", SourceUnavailable, "the store is busy: the next refresh tries again"),
        (BLOB, "InternalError", SourceUnavailable, "the next refresh tries again"),
    ],
)
def test_a_refusal_is_of_the_blob_or_of_the_store_and_says_what_to_do(
    place: str, code: str, kind: type[SourceError], advice: str
) -> None:
    error = failed(place, code)
    assert type(error) is kind
    assert str(error).startswith(f"{place}: {code}: This request is not authorized.; {advice}")


def test_an_archived_blob_is_not_denied() -> None:
    error = failed(BLOB, "BlobArchived")
    assert isinstance(error, FileUnavailable)
    assert error.reason == "archived"
    assert failed(BLOB, "KeyVaultEncryptionKeyNotFound").reason == "denied"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BlobNotFound", ResourceNotFoundError),
        ("ConditionNotMet", ResourceModifiedError),
        ("InvalidRange", HttpResponseError),
    ],
)
def test_a_blob_that_was_deleted_or_rewritten_has_changed(code: str, kind: type[HttpResponseError]) -> None:
    error = failed(BLOB, code, kind)
    assert isinstance(error, FileUnreadable)
    assert error.reason == "changed"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ServiceRequestError("Failed to resolve 'ml.blob.core.windows.net'"), "check the account's name"),
        (ServiceResponseError("HTTPSConnectionPool: Read timed out."), "check the network, proxies and certificates"),
        (ClientAuthenticationError("DefaultAzureCredential failed to retrieve a token"), "set AZURE_TENANT_ID"),
    ],
)
def test_a_store_that_does_not_answer(error: AzureError, advice: str) -> None:
    found = failure(BLOB, error)
    assert type(found) is SourceUnavailable
    assert str(found).startswith(f"{BLOB}: {error.message}; {advice}")


def test_the_reasons_of_missing_credentials_are_kept() -> None:
    words = "Attempted credentials:\n\tEnvironmentCredential: no variables.\nTo mitigate this issue, please read."
    found = failure(CONTAINER, ClientAuthenticationError(words))
    assert f"{CONTAINER}: Attempted credentials: EnvironmentCredential: no variables.; set AZURE_TENANT_ID" in str(
        found
    )


def test_a_signature_is_not_repeated() -> None:
    found = unavailable(CONTAINER, "GET https://ml.blob.core.windows.net/logs?sv=1&sig=s3cret%3D&se=2 timed out")
    assert "s3cret" not in str(found)
    assert "&sig=...&se=2" in str(found)
