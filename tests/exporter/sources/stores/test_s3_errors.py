"""Errors of S3: whose they are, and what the advice names."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from exporter.errors import FileUnavailable, FileUnreadable, SourceError, SourceUnavailable
from exporter.sources.stores.s3_errors import refusal, unavailable


def error(code: str, message: str, status: int = 403, operation: str = "GetObject") -> SourceError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return refusal("s3://b/k", ClientError(response, operation))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (
            "User: u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/2-3 because",
            "allow kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/2-3",
        ),
        (
            'User: u is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" with an explicit deny',
            "allow s3:GetObject",
        ),
        ("not authorized to perform: s3:GetObjectVersion", "allow s3:GetObjectVersion"),
        ("Access Denied", "allow s3:GetObject on the object"),
    ],
)
def test_the_advice_names_the_action_that_the_service_names(message: str, advice: str) -> None:
    found = error("AccessDenied", message)
    assert isinstance(found, FileUnavailable)
    assert str(found).startswith(f"s3://b/k: GetObject failed: AccessDenied: {message}; {advice}")


def test_a_listing_that_is_denied_is_the_stores_and_names_its_action() -> None:
    found = error("AccessDenied", "Access Denied", operation="ListObjectsV2")
    assert type(found) is SourceUnavailable
    assert str(found).endswith("; allow s3:ListBucket on the bucket")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, FileUnreadable),
        ("InvalidObjectState", 403, FileUnavailable),
        ("KMS.NotFoundException", 400, FileUnavailable),
        ("NoSuchBucket", 404, SourceUnavailable),
        ("InvalidAccessKeyId", 403, SourceUnavailable),
        ("RequestTimeTooSkewed", 403, SourceUnavailable),
        ("SlowDown", 503, SourceUnavailable),
        ("InternalError", 500, SourceUnavailable),
    ],
)
def test_an_error_is_the_objects_or_the_stores(code: str, status: int, kind: type[SourceError]) -> None:
    assert type(error(code, "words", status)) is kind


def test_messages_have_no_secrets() -> None:
    assert "hush" not in str(unavailable("s3://b/", "Could not connect to http://user:hush@host:9000"))
