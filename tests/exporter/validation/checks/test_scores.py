from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from exporter.validation.checks.scores import score_findings, sum_findings
from exporter.validation.finding import Place
from sampled import brief, texts

PLACE = Place("inference", "spec.inference.columns.score", "p")


def column(values: object) -> list[pa.ChunkedArray]:
    return [pa.chunked_array([pa.array(values)])]


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        (np.linspace(0, 1, 100), [], ""),
        (np.linspace(0, 100, 101), ["error score_range p"], "from 0 to 100; these look like percentages"),
        (np.linspace(-4, 4, 100), ["error score_range p"], "from -4 to 4; these look like logits"),
        (np.append(np.linspace(0, 1, 999), 1.5), ["note score_range p"], "less than 1 % of p are outside 0 to 1"),
        (np.full(100, 0.5), ["warning score_constant p"], "all 100 values of p are 0.5"),
        (np.full(29, 7.0), [], ""),
        (np.linspace(0, 1e6, 100), ["error score_range p"], "log the probability"),
        (["high"] * 100, [], ""),
        ([np.nan, np.inf, None] * 20, [], ""),
    ],
)
def test_scores_of_a_classifier_are_probabilities(values: object, expected: list[str], words: str) -> None:
    found = list(score_findings(PLACE, column(values), probability=True))
    assert brief(found) == expected
    assert words in texts(found)


def test_scores_of_a_regression_may_have_any_range() -> None:
    assert list(score_findings(PLACE, column(np.linspace(-9, 900, 100)), probability=False)) == []


def test_scores_of_classes_add_up_to_1() -> None:
    cat, dog = np.linspace(0, 1, 100), 1 - np.linspace(0, 1, 100)
    assert list(sum_findings(PLACE, [column(cat), column(dog)])) == []
    assert list(sum_findings(PLACE, [column(cat)])) == []
    found = list(sum_findings(PLACE, [column(cat), column(dog / 2)]))
    assert brief(found) == ["warning score_sum p"]
    assert "98 %" in texts(found)  # the last two are within a hundredth
