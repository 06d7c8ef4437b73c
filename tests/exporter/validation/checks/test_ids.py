from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.validation.checks.ids import id_findings
from exporter.validation.finding import Place
from exporter.validation.sample import IdSample
from sampled import brief, texts

PLACE = Place("labels", "spec.labels.columns.prediction_id", "id")
NUMBERS = range(100, 200)
UUIDS = [str(UUID(int=number * 10**30)) for number in NUMBERS]


def findings(predictions: Sequence[Any], labels: Sequence[Any], share: float = 1.0) -> list[Any]:
    sample = IdSample((_column(predictions),), (_column(labels),), share)
    return list(id_findings(PLACE, sample))


def _column(values: Sequence[Any]) -> pa.ChunkedArray:
    return pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)])


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [
        (list(NUMBERS), list(NUMBERS)),
        (list(NUMBERS), [f"{number}" for number in NUMBERS]),
        (list(NUMBERS), [float(number) for number in NUMBERS]),
        (UUIDS, UUIDS[:60] + ["other"] * 40),
    ],
)
def test_ids_that_match_are_a_note(predictions: list[Any], labels: list[Any]) -> None:
    assert brief(findings(predictions, labels)) == ["note ids_match id"]


@pytest.mark.parametrize(
    ("predictions", "labels", "words"),
    [
        (
            list(NUMBERS),
            [f"{number:05}" for number in NUMBERS],
            '100 % but for leading zeros: "00100" in the labels is "100" in the log (the columns are string and int64)',
        ),
        (UUIDS, [each.upper() for each in UUIDS], "but for upper and lower case"),
        (UUIDS, [each.replace("-", "") for each in UUIDS], "but for dashes"),
        (UUIDS, [f"{{{each}}}" for each in UUIDS], "but for braces or quotes"),
        (UUIDS, [f" {each}\t" for each in UUIDS], "but for blanks around them"),
        ([f"{number}.0" for number in NUMBERS], list(NUMBERS), "but for decimals"),
        ([f"order:{number}" for number in NUMBERS], list(NUMBERS), "but for a prefix"),
        (UUIDS, [each.replace("-", "").upper() for each in UUIDS], "but for their spelling"),
    ],
)
def test_another_spelling_is_named_with_an_example(predictions: list[Any], labels: list[Any], words: str) -> None:
    found = findings(predictions, labels)
    assert brief(found) == ["error ids_written_differently id"]
    assert words in texts(found)


def test_ids_that_differ_altogether_are_an_error_with_examples() -> None:
    found = findings(UUIDS, [f"x{number}" for number in NUMBERS])
    assert brief(found) == ["error ids_unmatched id"]
    assert 'none of 100 labels belongs to a prediction: ids of labels are like "x100", "x101"' in texts(found)


def test_too_small_a_sample_proves_nothing() -> None:
    found = findings(UUIDS, [f"x{number}" for number in NUMBERS], share=0.09)
    assert brief(found) == ["note ids_unmatched id"]
    assert "where 9 % of the predictions of the look-back were looked at" in texts(found)


def test_few_matches_are_a_warning_only_where_all_predictions_were_looked_at() -> None:
    labels = UUIDS[:20] + [f"x{number}" for number in range(80)]
    assert brief(findings(UUIDS, labels)) == ["warning ids_unmatched id"]
    assert brief(findings(UUIDS, labels, share=0.5)) == ["note ids_match id"]
    assert "20 % of 100 labels belong to a prediction" in texts(findings(UUIDS, labels))


def test_nulls_and_columns_of_other_types_are_left_to_other_checks() -> None:
    assert findings(pa.nulls(3, pa.string()), UUIDS) == []
    assert findings(UUIDS, [["a"]]) == []


CHANGES: list[Callable[[str], str]] = [str.upper, lambda each: f"00{each}", lambda each: f"{each} "]


IDS = st.sets(st.integers(16**9, 16**10 - 1).map("{:x}".format), min_size=12, max_size=30)


@settings(max_examples=20)
@given(IDS, st.sampled_from(CHANGES))
def test_labels_never_match_worse_than_the_exporter_joins_them(ids: set[str], change: Callable[[str], str]) -> None:
    labels = [change(each) for each in ids]
    (found,) = findings(sorted(ids), labels)
    joined = len(ids & set(labels)) / len(ids)
    assert (found.check == "ids_match") == (joined > 0 and found.check != "ids_written_differently")
    if joined == 1:
        assert brief([found]) == ["note ids_match id"]
