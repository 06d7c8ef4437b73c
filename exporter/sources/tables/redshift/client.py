"""The client of Redshift's Data API, and its errors as errors of this package.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from exporter.sources import aws
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, Connection, Failures, Limits

_RETRY: Final = "the next refresh tries again"
_ACTIONS: Final = (
    "allow redshift-data:ExecuteStatement, redshift-data:DescribeStatement, redshift-data:GetStatementResult and "
    "redshift-data:CancelStatement, and redshift-serverless:GetCredentials, redshift:GetClusterCredentials or "
    "secretsmanager:GetSecretValue"
)
_TOO_LARGE: Final = "the query needs more than the warehouse has: make the grain smaller, or watch fewer columns"
_GRANT: Final = "grant the database user USAGE on the schema and SELECT on the table"
_USER: Final = "check db_user or secret next to the table in the spec, and the user in the database"
FAILURES: Final = Failures(
    (
        ("query monitoring rule|QMR", True, "raise the limit of the query monitoring rule if the query is worth it"),
        ("size limit|packet for query|larger than", True, "make the grain smaller, or watch fewer columns"),
        ("throttl|TooManyRequests|Rate exceeded|ActiveStatements|ActiveSessions", False, f"Redshift is busy: {_RETRY}"),
        ("paus|resum|endpoint is not available|not currently available", False, f"is the warehouse paused? {_RETRY}"),
        ("permission denied", False, _GRANT),
        ("Access ?Denied|not authorized", False, _ACTIONS),
        ("password authentication|user .* does not exist|secret", False, _USER),
        ("(?:database|cluster|workgroup|endpoint) .*not (?:exist|found)|not found.*(?:cluster|workgroup)",
         False, "check workgroup, cluster and database in the spec, and the region (AWS_REGION)"),
        ("Parameter validation|ValidationException", False,
         "check workgroup, cluster, db_user and secret next to the table in the spec"),
        ("(?:relation|schema|table) .*(?:not exist|not found)", True,
         "check the table's name, and that it has not been deleted"),
        ("credential|Expired|InvalidClientToken|UnrecognizedClient|Signature|config profile", False,
         "check the credentials in the AWS environment"),
        ("region", False, "set AWS_REGION to the region of the table"),
        ("connect|endpoint|SSL", False, "check AWS_ENDPOINT_URL, the network, proxies and certificates"),
        ("disk full|memory", True, _TOO_LARGE),
        ("syntax|column|type|operator|function|overflow|invalid|divi|numeric|Spectrum", True,
         "check the table's columns"),
        ("", False, _RETRY),
    )
)  # fmt: skip
"""The errors of Redshift's Data API."""


@lru_cache
def connect(limits: Limits = DEFAULT_LIMITS) -> Connection:
    """Return the connection of this process. A failure is not cached: the next call reads the environment again.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    client = aws.client("redshift-data", connect=limits.request, read=limits.request, attempts=limits.attempts)
    return Connection(client)
