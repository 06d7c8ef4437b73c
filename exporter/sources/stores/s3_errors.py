"""Errors of S3 as errors of this package: of one object or of the store, with advice that names the refused action."""

from __future__ import annotations

import re
from typing import Final

from botocore.exceptions import ClientError

from exporter.errors import FileUnavailable, FileUnreadable, SkipReason, SourceError, SourceUnavailable
from exporter.sources import aws

_USERINFO: Final = re.compile(r"//[^/@\s]*@")
_CHANGED: Final = {"NoSuchKey", "PreconditionFailed", "InvalidRange"}
"""Error codes of an object that was deleted or rewritten."""
_CREDENTIALS: Final = "InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|credentials|config profile"
_BUSY: Final = "SlowDown|RequestTimeout|Throttl|TooManyRequests"
_REGION: Final = "PermanentRedirect|AuthorizationHeaderMalformed"
_OF_STORE: Final = re.compile(f"NoSuchBucket|RequestTimeTooSkewed|{_CREDENTIALS}|{_BUSY}|{_REGION}")
"""In the message of an error that other objects give too."""
_ADVICE: Final = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        ("NoSuchBucket", "check the bucket's name, and AWS_ENDPOINT_URL if the store is not AWS"),
        (_CREDENTIALS, "check the credentials in the AWS environment"),
        ("KMS", "check that the object's KMS key is enabled, and allow kms:Decrypt on it"),
        ("^ListObjectsV2.*AccessDenied", "allow s3:ListBucket on the bucket"),
        ("^PutObject.*AccessDenied", "allow s3:PutObject on the objects below the prefix"),
        ("^DeleteObject.*AccessDenied", "allow s3:DeleteObject on the objects below the prefix"),
        ("AccessDenied", "allow s3:GetObject on the object"),
        ("InvalidObjectState", "restore the object, or leave it out of the path"),
        (_BUSY, "the store is busy: the next refresh tries again"),
        (_REGION, "set AWS_REGION to the bucket's region"),
        ("endpoint|connect|SSL", "check AWS_ENDPOINT_URL, the network, proxies and certificates"),
        ("", "the next refresh tries again"),
    )
)


def refusal(place: str, error: ClientError) -> SourceError:
    """Return the error for a response that is an error: of the object alone, or of the store."""
    code, words = error.response["Error"].get("Code", ""), aws.words_of(error)
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 500)
    if error.operation_name == "GetObject" and code in _CHANGED:
        return FileUnreadable(f"{place}: {words}", SkipReason.CHANGED)
    of_store = error.operation_name != "GetObject" or status >= 500 or _OF_STORE.search(words)
    if of_store:
        return unavailable(place, words)
    reason = SkipReason.ARCHIVED if code == "InvalidObjectState" else SkipReason.DENIED
    return FileUnavailable(f"{place}: {words}; {_advice(words)}", reason)


def unavailable(place: str, message: str) -> SourceUnavailable:
    """Return the error for a store that does not answer, with advice and without secrets."""
    return SourceUnavailable(f"{place}: {_USERINFO.sub('//', message)}; {_advice(message)}")


def _advice(message: str) -> str:
    action = aws.refused_action(message)
    return f"allow {action}" if action else next(text for pattern, text in _ADVICE if pattern.search(message))
