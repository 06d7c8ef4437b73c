"""Messages of Redshift as errors of this package; `test_table` has those that come over HTTP."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError, NoRegionError

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.tables.redshift.client import FAILURES


@pytest.mark.parametrize(
    ("words", "error", "advice"),
    [
        ('ERROR: relation "ml.log" does not exist', PartitionUnreadable, "check the table's name"),
        ('ERROR: schema "ml" does not exist', PartitionUnreadable, "check the table's name"),
        ("ERROR: permission denied for relation log", SourceUnavailable, "grant the database user USAGE on the schema"),
        ('ERROR: column "x" does not exist in log', PartitionUnreadable, "check the table's columns"),
        ("ERROR: Query cancelled by WLM query monitoring rule", PartitionUnreadable, "query monitoring rule if"),
        ("Database response exceeded size limit", PartitionUnreadable, "make the grain smaller, or watch fewer"),
        ("ActiveStatementsExceededException: too many", SourceUnavailable, "Redshift is busy"),
        ("ThrottlingException: Rate exceeded", SourceUnavailable, "Redshift is busy"),
        ("Redshift endpoint doesn't exist in this region: cluster dw not found", SourceUnavailable, "check workgroup"),
        ('FATAL: database "dev" does not exist', SourceUnavailable, "check workgroup, cluster and database"),
        ('FATAL: password authentication failed for user "leeway"', SourceUnavailable, "check db_user or secret"),
        (
            "User: arn is not authorized to perform: redshift-serverless:GetCredentials on resource: arn:aws:a:b:1:w/x",
            SourceUnavailable,
            "allow redshift-serverless:GetCredentials on resource: arn:aws:a:b:1:w/x",
        ),
        ("AccessDeniedException: no", SourceUnavailable, "allow redshift-data:ExecuteStatement, "),
        ("something new", SourceUnavailable, "the next refresh tries again"),
    ],
)
def test_a_message_becomes_an_error_with_what_to_do(words: str, error: type[SourceError], advice: str) -> None:
    found = FAILURES.of("dev.ml.log", words)
    assert type(found) is error
    assert str(found).startswith(f"dev.ml.log: {words}; ")
    assert advice in str(found).removeprefix(f"dev.ml.log: {words}; ")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (NoRegionError(), "set AWS_REGION to the region of the table"),
        (ConnectTimeoutError(endpoint_url="https://redshift-data"), "check AWS_ENDPOINT_URL, the network, proxies"),
    ],
)
def test_an_error_of_the_client_may_succeed_later(error: Exception, advice: str) -> None:
    with pytest.raises(SourceUnavailable, match=advice), FAILURES.translated("dev.ml.log"):
        raise error
