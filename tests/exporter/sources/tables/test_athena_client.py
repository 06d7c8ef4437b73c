"""Messages of Athena as errors of this package; `test_athena` has those that come over HTTP."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError, NoRegionError

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.tables.athena_client import FAILURES


@pytest.mark.parametrize(
    ("words", "error", "advice"),
    [
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", PartitionUnreadable, "columns and files"),
        ("SCHEMA_NOT_FOUND: Schema 'ml' does not exist", PartitionUnreadable, "check the table's name and the region"),
        ("Insufficient Lake Formation permission(s) on log", SourceUnavailable, "allow athena:StartQueryExecution, "),
        ("Unable to verify/create output bucket results", SourceUnavailable, "name an output next to the table"),
        (
            "User: arn is not authorized to perform: glue:GetTable on resource: arn:aws:glue:eu-west-1:1:table/ml/log",
            SourceUnavailable,
            "allow glue:GetTable on resource: arn:aws:glue:eu-west-1:1:table/ml/log",
        ),
        ("something new", SourceUnavailable, "the next refresh tries again"),
    ],
)
def test_a_message_becomes_an_error_with_what_to_do(words: str, error: type[SourceError], advice: str) -> None:
    found = FAILURES.of("ml.log", words)
    assert type(found) is error
    assert str(found).startswith(f"ml.log: {words}; ")
    assert advice in str(found).removeprefix(f"ml.log: {words}; ")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (NoRegionError(), "set AWS_REGION to the region of the table"),
        (ConnectTimeoutError(endpoint_url="https://athena"), "check AWS_ENDPOINT_URL, the network, proxies"),
    ],
)
def test_an_error_of_the_client_may_succeed_later(error: Exception, advice: str) -> None:
    with pytest.raises(SourceUnavailable, match=advice), FAILURES.translated("ml.log"):
        raise error
