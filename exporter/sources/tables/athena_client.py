"""The client of Athena, and its errors as errors of this package.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from exporter.sources import aws
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, Connection, Failures, Limits

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
FAILURES: Final = Failures(
    (
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
"""The errors of Athena."""


@lru_cache
def connect(limits: Limits = DEFAULT_LIMITS) -> Connection:
    """Return the connection of this process. A failure is not cached: the next call reads the environment again.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    return Connection(aws.client("athena", connect=limits.request, read=limits.request, attempts=limits.attempts))
