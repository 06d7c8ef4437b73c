from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from exporter.validation.checks.columns import column_findings, named_columns
from fraud_log import FraudLog
from sampled import brief, rows_of, spec, texts

BODY = spec(segments=["country_code"]).spec
LOG = FraudLog(lambda key, content: None)
GOOD = LOG.rows(1, 100)


def found(*tables: pa.Table) -> list[str]:
    return brief(column_findings(BODY, "inference", rows_of(*tables)))


def test_a_good_log_has_no_finding() -> None:
    assert found(GOOD) == []


def test_a_segment_is_named_by_its_feature() -> None:
    assert named_columns(BODY)["country_code"] == "spec.features[3].name"


def test_a_missing_column_is_named_with_its_key_and_the_nearest() -> None:
    table = LOG.rows(1, 100, country_code=None).append_column("countrycode", GOOD["country_code"])
    findings = list(column_findings(BODY, "inference", rows_of(table)))
    assert brief(findings) == ["error column_missing country_code"]
    assert findings[0].key == "spec.features[3].name"
    assert 'did you mean "countrycode"?' in findings[0].message


def test_a_column_that_only_some_files_lack_is_a_warning() -> None:
    findings = list(column_findings(BODY, "inference", rows_of(GOOD, LOG.rows(2, 300, age=None))))
    assert brief(findings) == ["warning column_missing age"]
    assert "75 % of the rows" in findings[0].message


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("age", pa.array(["40"] * 100), "column age is string, a number was expected; write numbers, or make"),
        ("request_id", pa.array([["a"]] * 100), "is list<item: string>, a category was expected"),
        ("predicted_score", pa.array([{"p": 1.0}] * 100), "a number was expected; write a number, or name another"),
    ],
)
def test_a_column_of_another_type_is_an_error(column: str, values: pa.Array, words: str) -> None:
    findings = list(column_findings(BODY, "inference", rows_of(LOG.rows(1, 100, **{column: values}))))
    assert brief(findings) == [f"error column_type {column}"]
    assert words in texts(findings)


def test_a_column_of_nulls_is_a_warning_and_one_that_arrow_cannot_decode_an_error() -> None:
    assert found(LOG.rows(1, 100, age=pa.nulls(100, pa.float64()))) == ["warning column_empty age"]
    sample = rows_of(GOOD)
    (batch,) = sample.batches
    undecodable = replace(batch, problems={"age": "the column cannot be decoded: not implemented"})
    findings = list(column_findings(BODY, "inference", replace(sample, batches=(undecodable,))))
    assert brief(findings) == ["error column_undecodable age"]
    assert "not implemented" in findings[0].message


def test_a_partition_without_rows_has_no_columns_to_judge() -> None:
    assert found() == []
