from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from exporter.spec.sections.logs import Labels
from spec_parts import body

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class TestInference:
    def test_values_are_stale_three_grains_after_the_delay(self) -> None:
        source = {"local": "log/%Y-%m-%d.parquet"}
        assert (
            body(inference={"source": source, "grain": "1d", "delay": "2h"}).inference.staleness == 3 * DAY + 2 * HOUR
        )
        assert body(inference={"source": source, "stale_after": "5h"}).inference.staleness == 5 * HOUR


LABELS = {"source": {"local": "labels/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "y"}}


class TestPositiveLabels:
    @pytest.mark.parametrize(
        ("given", "texts"),
        [
            ("fraud", ("fraud",)),
            (1, ("1",)),
            (2.0, ("2.0",)),
            (True, ("true",)),
            (False, ("false",)),
            ([2, "3"], ("2", "3")),
            (["fraud", True], ("fraud", "true")),
        ],
    )
    def test_are_a_value_or_a_list_of_values(self, given: object, texts: tuple[str, ...]) -> None:
        labels = Labels.model_validate(LABELS | {"positive": given})
        assert labels.positive == texts
        assert Labels.model_validate_json(labels.model_dump_json()).positive == texts

    @pytest.mark.parametrize("given", [[], "", float("nan"), {"a": 1}, [[1]], [None]])
    def test_are_nothing_else(self, given: object) -> None:
        with pytest.raises(ValidationError):
            Labels.model_validate(LABELS | {"positive": given})

    @pytest.mark.parametrize(
        ("threshold", "probabilities"), [(0.5, True), (1, True), (0.001, True), (0, False), (-1.5, False), (50, False)]
    )
    def test_scores_are_probabilities_where_the_threshold_is_one(self, threshold: float, probabilities: bool) -> None:
        assert body(labels=LABELS | {"threshold": threshold}).probability_scores == probabilities
        assert body().probability_scores
        assert not body(labels=LABELS, task="regression").probability_scores
