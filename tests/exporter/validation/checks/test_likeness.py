from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.validation.checks import likeness
from exporter.validation.checks.likeness import likeness_findings
from fraud_log import FraudLog
from sampled import brief, rows_of, spec, texts

LOG = FraudLog(lambda key, content: None)
REFERENCE = LOG.rows(1, 4000)


def findings(reference: pa.Table = REFERENCE, **columns: Any) -> list[Any]:
    return list(likeness_findings(spec(), "reference", rows_of(LOG.rows(2, 1000, **columns)), rows_of(reference)))


def test_two_samples_of_one_world_are_alike() -> None:
    assert findings() == []


def test_a_reference_of_a_few_rows_is_a_mistake_unless_it_is_a_sample() -> None:
    (found,) = findings(REFERENCE[:29])
    assert brief([found]) == ["warning likeness"]
    assert found.message.startswith("only 29 rows: ")
    sample = replace(rows_of(REFERENCE[:29]), whole=False)
    assert brief(likeness_findings(spec(), "reference", rows_of(LOG.rows(2, 1000)), sample)) == ["note likeness"]


def test_drift_is_not_a_difference_of_the_data() -> None:
    assert findings(age=np.random.default_rng(1).normal(60, 12, 1000)) == []


@pytest.mark.parametrize(
    ("columns", "expected", "words"),
    [
        (
            {"country_code": ["us"] * 600 + ["US"] * 400},
            "error categories_unseen country_code",
            '60 % of the values of country_code are not in the reference: the log has "us", the reference "US"',
        ),
        ({"age": [None] * 300 + [40.0] * 700}, "warning nulls_differ age", "30 % of age is null in the log, 0 %"),
        (
            {"credit_balance": np.full(1000, 1e9)},
            "warning out_of_range credit_balance",
            "100 % of the values of credit_balance are outside the reference's range: 1e+09 to 1e+09 in the log",
        ),
    ],
)
def test_a_column_that_is_written_in_another_way(columns: dict[str, Any], expected: str, words: str) -> None:
    found = findings(**columns)
    assert brief(found) == [expected]
    assert words in texts(found)


def test_case_is_recognised_as_the_difference() -> None:
    assert "differ in upper and lower case" in texts(findings(country_code=["us"] * 1000))


def test_numbers_as_categories_are_another_kind_of_value() -> None:
    found = findings(device_type=pa.array([1, 2] * 500))
    assert brief(found) == ["warning type_differs device_type", "error categories_unseen device_type"]
    assert "device_type is int64 in the log and string in the reference" in texts(found)


def test_a_feature_that_the_reference_lacks_is_a_warning_and_a_score_a_note() -> None:
    reference = REFERENCE.drop_columns(["age", "predicted_score"])
    assert sorted(brief(findings(reference))) == [
        "note reference_column predicted_score",
        "warning reference_column age",
    ]


def test_a_reference_without_a_usable_column_is_an_error() -> None:
    assert brief(findings(pa.table({"x": [1] * 100}))) == ["error reference_unusable"]


def test_a_column_that_arrow_cannot_count_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    count = likeness.profile_partition

    def failing(batches: Any, binning: Any) -> Any:
        return replace(count(batches, binning), problems={"age": "Arrow cannot count it: overflow"})

    monkeypatch.setattr(likeness, "profile_partition", failing)
    assert brief(findings()) == ["error column_uncounted age"]


def test_few_rows_are_not_compared() -> None:
    few = rows_of(LOG.rows(2, 29))
    assert brief(likeness_findings(spec(), "reference", few, rows_of(REFERENCE))) == ["note likeness"]
