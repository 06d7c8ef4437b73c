"""The client of Athena, and its errors as errors of this package.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources import aws
from exporter.sources.formats.content import one_line

_RETRY: Final = "the next refresh tries again"
_OUTPUT: Final = (
    "name an output next to the table in the spec, or give the workgroup one, "
    "and allow s3:GetBucketLocation, s3:PutObject and s3:GetObject on it"
)
_NAME: Final = "check the table's name and the region (AWS_REGION), and that it has not been deleted"
_ACTIONS: Final = (
    "allow athena:StartQueryExecution, athena:GetQueryExecution, athena:GetQueryResults, athena:StopQueryExecution, "
    "athena:GetTableMetadata and glue:GetTable, and s3:GetObject on the data"
)
_CREDENTIALS: Final = "check the credentials in the AWS environment"
_TOO_LARGE: Final = "the query needs more than Athena has: make the grain smaller, or watch fewer columns"
_TABLE: Final = "check the table's columns and files"
_ADVICE: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), final, advice)
    for pattern, final, advice in (
        ("bytes scanned limit", True, "raise the data limit of the workgroup if the query is worth it"),
        ("output ?location|output bucket|verify/create", False, _OUTPUT),
        ("workgroup", False, "check the workgroup next to the table in the spec, and allow athena:StartQueryExecution"),
        ("throttl|TooManyRequests|SlowDown|queue|capacity", False, f"Athena is busy: {_RETRY}"),
        ("(?:TABLE|SCHEMA|CATALOG)_NOT_FOUND|EntityNotFound", True, _NAME),
        ("Access ?Denied|PERMISSION_DENIED|Insufficient (?:permissions|Lake)", False, _ACTIONS),
        ("credential|Expired|InvalidClientToken|UnrecognizedClient|Signature|config profile", False, _CREDENTIALS),
        ("region", False, "set AWS_REGION to the region of the table"),
        ("endpoint|connect|SSL", False, "check AWS_ENDPOINT_URL, the network, proxies and certificates"),
        ("EXCEEDED_|exhausted resources|INSUFFICIENT_RESOURCES", True, _TOO_LARGE),
        ("HIVE_|ICEBERG_|SYNTAX_|TYPE_MISMATCH|COLUMN_NOT|INVALID_|FUNCTION_|DIVISION|NUMERIC_", True, _TABLE),
        ("", False, _RETRY),
    )
)
"""Words of an error, whether a retry fails in the same way, and what to do; the first that match count."""


class Limits(NamedTuple):
    """Timeouts, in seconds."""

    request: float = 30.0
    """For one request."""
    attempts: int = 5
    """For one request, with its retries."""
    query: float = 240.0
    """For a query; it is then cancelled."""
    poll: float = 0.2
    """Until the first question for a query's state; each later wait is half as long again, up to two seconds."""


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, eq=False)
class Connection:
    """The client that boto3 made from the AWS environment; safe to share among threads."""

    client: Any


@lru_cache
def connect(limits: Limits = DEFAULT_LIMITS) -> Connection:
    """Return the connection of this process. A failure is not cached: the next call reads the environment again.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    return Connection(aws.client("athena", connect=limits.request, read=limits.request, attempts=limits.attempts))


@contextmanager
def translated_errors(place: str) -> Iterator[None]:
    """Turn errors of boto3, in a request about a place, into errors of this package.

    Raises:
        PartitionUnreadable: a retry would fail in the same way.
        SourceUnavailable: a retry may succeed.
    """
    try:
        yield
    except ClientError as error:
        raise failure(place, aws.words_of(error)) from None
    except (BotoCoreError, ValueError) as error:
        raise failure(place, str(error)) from None


def failure(place: str, words: str) -> SourceError:
    """Return the error for a message of Athena, with what to do."""
    message = one_line(words)
    action = aws.refused_action(message)
    if action:
        return SourceUnavailable(f"{place}: {message}; allow {action}")
    final, advice = next((final, advice) for pattern, final, advice in _ADVICE if pattern.search(message))
    return (PartitionUnreadable if final else SourceUnavailable)(f"{place}: {message}; {advice}")
