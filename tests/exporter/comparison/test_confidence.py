"""The confidence of a classifier: by hand, against the raw rows, and absent values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter import catalogue
from exporter.comparison.confidence import confidence_series
from exporter.comparison.features import Pair, ThresholdSettings
from exporter.profiles.binning import Binning
from exporter.profiles.score_bins import score_bins
from exporter.spec.sections.task import Task
from exporter.spec.sections.thresholds import Thresholds
from profiling import binning, count, quantile_bins

SETTINGS = ThresholdSettings(Thresholds(min_rows=2), rate=0.001, weekday=0, stretches={})
RATIO, REFERENCE = catalogue.PREDICTION_CONFIDENCE_RATIO, catalogue.PREDICTION_CONFIDENCE_RATIO_REFERENCE
PSI, THRESHOLD = catalogue.PREDICTION_CONFIDENCE_PSI, catalogue.PREDICTION_CONFIDENCE_PSI_THRESHOLD
TWO, MANY = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0), (0.0, 0.5, 0.75, 1.0)
RANDOM = np.random.default_rng(9)
BEFORE, NOW = RANDOM.beta(2, 5, 20_000), RANDOM.beta(1, 4, 3000)


def cells(edges: Sequence[float], task: Task = "binary_classification", values: Any = BEFORE) -> Binning:
    return binning(score_bins(quantile_bins(values, "s"), task, edges))


def buckets(
    before: Any, now: Any, edges: Sequence[float], settings: ThresholdSettings = SETTINGS
) -> dict[str, Mapping[Any, float]]:
    """The values of each bucket; `""` is all buckets together."""
    made = cells(edges)
    pair = Pair(made, count(made, s=before), count(made, s=now))
    return {
        labels.get(catalogue.BUCKET, ""): values for labels, values in confidence_series("s", edges, pair, settings)
    }


def shares(found: Mapping[str, Mapping[Any, float]], metric: Any = RATIO) -> dict[str, float]:
    return {bucket: values[metric] for bucket, values in found.items() if bucket}


class TestByHand:
    def test_with_two_classes_the_confidence_is_that_of_the_likelier_one(self) -> None:
        found = buckets([0.05] * 3 + [0.65], [0.05, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.95], TWO)
        quarter = {"0.5-0.6": 0.25, "0.6-0.7": 0.25, "0.7-0.8": 0.25, "0.8-0.9": 0, "0.9-1.0": 0.25}
        assert shares(found) == quarter
        assert shares(found, REFERENCE) == {**dict.fromkeys(quarter, 0), "0.6-0.7": 0.25, "0.9-1.0": 0.75}

    def test_with_more_classes_the_confidence_is_the_score(self) -> None:
        found = buckets(BEFORE, [0.25, 0.25, 0.625, 0.875], MANY)
        assert shares(found) == {"0.0-0.5": 0.5, "0.5-0.75": 0.25, "0.75-1.0": 0.25}

    @pytest.mark.parametrize("kind", [np.float64, np.float32])
    def test_a_bucket_includes_its_upper_edge_on_both_sides_even_when_rounded(self, kind: type) -> None:
        at = np.array([0.5, 0.4, 0.6, 0.3, 0.7, 0.1, 0.9, 0.0, 1.0, 0.5], kind).astype(np.float64)
        found = buckets(BEFORE, at, TWO)
        assert shares(found) == {"0.5-0.6": 0.4, "0.6-0.7": 0.2, "0.7-0.8": 0, "0.8-0.9": 0.2, "0.9-1.0": 0.2}

    def test_scores_outside_0_to_1_are_in_the_last_bucket(self) -> None:
        found = buckets(BEFORE, [-0.5, 1.5, math.inf, -math.inf], TWO)
        assert shares(found)["0.9-1.0"] == 1

    def test_psi_covers_the_buckets_and_rows_without_a_score(self) -> None:
        found = buckets([0.05] * 60 + [0.65] * 40, [0.95] * 40 + [0.35] * 40 + [None] * 20, TWO)
        p, q = np.array([60.5, 40.5, 0.5]) / 101.5, np.array([40.5, 40.5, 20.5]) / 101.5
        assert found[""][PSI] == pytest.approx(((q - p) * np.log(q / p)).sum())
        assert found[""][THRESHOLD] == pytest.approx(max(0.2, stats.chi2.isf(0.001, 2) * 0.02))
        assert shares(found)["0.9-1.0"] == 0.5, "of the rows that have a score"


def test_shares_are_counted_from_the_rows() -> None:
    found = buckets(BEFORE, NOW, TWO)
    for metric, rows in ((RATIO, NOW), (REFERENCE, BEFORE)):
        counted = np.histogram(np.maximum(rows, 1 - rows), TWO)[0] / len(rows)
        assert list(shares(found, metric).values()) == pytest.approx(counted.tolist(), rel=1e-12)


def test_inverted_scores_have_the_same_confidence() -> None:
    assert shares(buckets(BEFORE, 1 - BEFORE, TWO)) == pytest.approx(shares(buckets(BEFORE, BEFORE, TWO)))


def test_the_noise_is_stretched_like_that_of_the_score() -> None:
    plain, stretched = (
        buckets(BEFORE, NOW, TWO, ThresholdSettings(SETTINGS.spec, 0.001, 0, {"s": (factor,) * 7}))[""][THRESHOLD]
        for factor in (1e4, 2e4)
    )
    assert stretched == pytest.approx(2 * plain)


class TestAbsence:
    @pytest.mark.parametrize(
        "made",
        [
            cells(TWO, "binary_classification", [-3.0, 0.25, 4.0]),
            cells(TWO, "regression"),
            cells(MANY, "multiclass_classification"),
        ],
        ids=["no probability", "a regression", "other edges"],
    )
    def test_bins_without_the_edges_give_no_values(self, made: Binning) -> None:
        pair = Pair(made, count(made, s=BEFORE), count(made, s=NOW))
        assert list(confidence_series("s", TWO, pair, SETTINGS)) == []

    def test_there_are_no_values_without_a_score_or_a_classifier(self) -> None:
        made = cells(TWO)
        pair = Pair(made, count(made, s=BEFORE), count(made, s=NOW))
        assert list(confidence_series("other", TWO, pair, SETTINGS)) == []
        assert list(confidence_series("s", (), pair, SETTINGS)) == []

    def test_too_few_scores_have_no_values(self) -> None:
        assert buckets(BEFORE, [0.5] + [None] * 9, TWO) == {}


SCORES = st.lists(
    st.floats(0, 1) | st.sampled_from([0.1, 0.3, 0.4, 0.5, 0.6, 1.5]) | st.none(), min_size=3, max_size=30
)


@given(SCORES.filter(lambda rows: len(rows) - rows.count(None) > 1), st.sampled_from([TWO, MANY]))
def test_every_score_is_in_one_bucket(rows: list[float | None], edges: tuple[float, ...]) -> None:
    found = shares(buckets(BEFORE, np.array(rows, np.float64), edges))
    assert len(found) == len(edges) - 1
    assert all(share >= 0 for share in found.values())
    assert sum(found.values()) == pytest.approx(1)
