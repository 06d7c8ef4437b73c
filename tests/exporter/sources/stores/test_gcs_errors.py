from __future__ import annotations

import json

import pytest
from google.api_core import exceptions
from requests import Response

from exporter.errors import FileUnavailable, FileUnreadable, SourceError, SourceUnavailable
from exporter.sources.stores.gcs_errors import refusal, unavailable

GET, LIST = "storage.objects.get", "storage.objects.list"
NOT_ALLOWED = "leeway@ml.iam.gserviceaccount.com does not have storage.objects.get access to the object."
KMS = "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource 'projects/ml/keyRings/r'."


def failed(permission: str, status: int, text: str) -> SourceError:
    response = Response()
    response._content = text.encode()
    error = exceptions.from_http_status(status, f"GET https://storage.example/a: {text}", response=response)
    return refusal("gs://logs/a", permission, error)


@pytest.mark.parametrize(
    ("permission", "status", "text", "kind", "advice"),
    [
        (GET, 403, NOT_ALLOWED, FileUnavailable, "allow storage.objects.get"),
        (GET, 403, "Forbidden", FileUnavailable, "allow storage.objects.get"),
        (GET, 403, KMS, FileUnavailable, "allow cloudkms.cryptoKeyVersions.useToDecrypt"),
        (LIST, 403, "Forbidden", SourceUnavailable, "allow storage.objects.list"),
        (GET, 400, "The object is encrypted by a customer-supplied encryption key.", FileUnavailable, "let Cloud Sto"),
        (
            GET,
            400,
            "Bucket is a requester pays bucket but no user project provided.",
            FileUnavailable,
            "requester-pays",
        ),
        (GET, 404, "The specified bucket does not exist.", SourceUnavailable, "check the bucket's name"),
        (LIST, 404, "Not found", SourceUnavailable, "check the bucket's name"),
        (GET, 401, "Invalid Credentials", SourceUnavailable, "set GOOGLE_APPLICATION_CREDENTIALS, or give the"),
        (GET, 429, "Too many requests", SourceUnavailable, "the store is busy: the next refresh tries again"),
        (GET, 503, "Backend Error", SourceUnavailable, "the store is busy: the next refresh tries again"),
        (GET, 500, "Backend Error", SourceUnavailable, "the next refresh tries again"),
    ],
)
def test_a_refusal_is_of_the_object_or_of_the_store_and_says_what_to_do(
    permission: str, status: int, text: str, kind: type[SourceError], advice: str
) -> None:
    error = failed(permission, status, text)
    assert type(error) is kind
    assert str(error).startswith(f"gs://logs/a: {permission} failed: {status}: {text}; {advice}")


@pytest.mark.parametrize("status", [404, 412, 416])
def test_an_object_that_was_deleted_or_rewritten_has_changed(status: int) -> None:
    error = failed(GET, status, "No such object: logs/a")
    assert isinstance(error, FileUnreadable)
    assert error.reason == "changed"


def test_the_message_is_the_services_own() -> None:
    body = {"error": {"code": 403, "message": "leeway lacks\nstorage.objects.list access."}}
    assert str(failed(LIST, 403, json.dumps(body))) == (
        "gs://logs/a: storage.objects.list failed: 403: leeway lacks storage.objects.list access.; "
        "allow storage.objects.list"
    )


def test_the_address_of_a_request_is_not_repeated() -> None:
    words = "HTTPSConnectionPool: Max retries exceeded with url: /storage/v1/b/logs/o?prefix=a (Caused by: timed out)"
    assert str(unavailable("gs://logs/", words)).startswith(
        "gs://logs/: HTTPSConnectionPool: (Caused by: timed out); che"
    )


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("no access token: could not find default credentials", "set GOOGLE_APPLICATION_CREDENTIALS"),
        ("HTTPSConnectionPool: Read timed out.", "check STORAGE_EMULATOR_HOST, the network, proxies and certificates"),
        ("Failed to resolve 'storage.googleapis.com'", "check STORAGE_EMULATOR_HOST, the network"),
        ("odd", "the next refresh tries again"),
    ],
)
def test_a_store_that_does_not_answer(message: str, advice: str) -> None:
    assert str(unavailable("gs://logs/", message)).startswith(f"gs://logs/: {message}; {advice}")
