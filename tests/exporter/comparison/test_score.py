"""The values of a score: by hand, against the raw rows, and absent values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter import catalogue
from exporter.catalogue import LE, Metric
from exporter.comparison.features import Pair, ThresholdSettings
from exporter.comparison.score import score_series
from exporter.profiles.binning import edges_above
from exporter.profiles.score_bins import PROBABILITIES, score_bins
from exporter.spec.sections.thresholds import Threshold, Thresholds
from profiling import binning, count, numeric, quantile_bins

LIMITS = Thresholds(min_rows=2)
SETTINGS = ThresholdSettings(LIMITS, rate=0.001, weekday=0, stretches={})
RANDOM = np.random.default_rng(3)
BEFORE, NOW = RANDOM.beta(2, 5, 20_000), RANDOM.beta(2, 4, 3000)
CELLS = binning(score_bins(quantile_bins(BEFORE, "s"), "binary_classification"))

Found = dict[tuple[Metric, str], float]


def found(before: Any, now: Any, settings: ThresholdSettings = SETTINGS, cells: Any = CELLS) -> Found:
    """The values by metric and by their own series label, if any."""
    pair = Pair(cells, count(cells, s=before), count(cells, s=now))
    return {
        (metric, next(iter(labels.values()), "")): value
        for labels, values in score_series("s", pair, settings)
        for metric, value in values.items()
    }


def histogram(values: Found, metric: Metric) -> Mapping[str, float]:
    """The rows at or below each end, from the series."""
    return {end: value for (one, end), value in values.items() if one == metric.buckets}


class TestByHand:
    CELLS = binning(replace(numeric("s", tuple(edges_above(np.array([0.0, 0.5, 1.0])))), histogram_bounds=(0.5, 1.0)))

    def test_a_histogram_counts_the_rows_at_or_below_each_end(self) -> None:
        values = found([0.25] * 6 + [0.75] * 2, [0.5, 0.5, 0.75, None], cells=self.CELLS)
        assert histogram(values, catalogue.PREDICTION_SCORE) == {"0.5": 2, "1.0": 3, "+Inf": 3}
        _, rows, total = catalogue.PREDICTION_SCORE.series
        assert (values[rows, ""], values[total, ""]) == (3, 1.75)

    def test_the_histogram_of_the_reference_is_scaled_to_the_rows_of_the_window(self) -> None:
        values = found([0.25] * 6 + [0.75] * 2, [0.5, 0.5, 0.75, 0.75], cells=self.CELLS)
        assert histogram(values, catalogue.PREDICTION_SCORE_REFERENCE) == {"0.5": 3, "1.0": 4, "+Inf": 4}
        _, rows, total = catalogue.PREDICTION_SCORE_REFERENCE.series
        assert (values[rows, ""], values[total, ""]) == (4, 1.5)

    def test_values_beyond_the_last_end_are_in_the_last_bucket(self) -> None:
        values = found([0.25] * 4, [0.25, 3.0, math.inf, -math.inf], cells=self.CELLS)
        assert histogram(values, catalogue.PREDICTION_SCORE) == {"0.5": 2, "1.0": 2, "+Inf": 4}
        assert values[catalogue.PREDICTION_SCORE.series[2], ""] == 3.25

    def test_psi_covers_the_cells_and_nulls_are_one_cell(self) -> None:
        values = found([0.25] * 50 + [0.75] * 50, [0.25] * 20 + [0.75] * 70 + [None] * 10, cells=self.CELLS)
        p, q = np.array([50.5, 50.5, 0.5]) / 101.5, np.array([20.5, 70.5, 10.5]) / 101.5
        assert values[catalogue.PREDICTION_PSI, ""] == pytest.approx(((q - p) * np.log(q / p)).sum())
        noise = stats.chi2.isf(0.001, 2) * (1 / 100 + 1 / 100)
        assert values[catalogue.PREDICTION_PSI_THRESHOLD, ""] == pytest.approx(noise)


class TestAgainstRawRows:
    def test_buckets_are_counted_not_interpolated(self) -> None:
        values = found(BEFORE, NOW)
        ends = [*map(str, PROBABILITIES), "+Inf"]
        counted = [int((end >= NOW).sum()) for end in (*PROBABILITIES, math.inf)]
        assert histogram(values, catalogue.PREDICTION_SCORE) == dict(zip(ends, counted, strict=True))
        usual = [len(NOW) / len(BEFORE) * (end >= BEFORE).sum() for end in (*PROBABILITIES, math.inf)]
        scaled = histogram(values, catalogue.PREDICTION_SCORE_REFERENCE)
        assert list(scaled.values()) == pytest.approx(usual, abs=0.5)

    def test_the_sum_divided_by_the_rows_is_the_mean(self) -> None:
        values = found(BEFORE, NOW)
        for metric, mean in (
            (catalogue.PREDICTION_SCORE, catalogue.PREDICTION_MEAN),
            (catalogue.PREDICTION_SCORE_REFERENCE, catalogue.PREDICTION_MEAN_REFERENCE),
        ):
            _, rows, total = metric.series
            assert values[total, ""] / values[rows, ""] == pytest.approx(values[mean, ""])
        assert values[catalogue.PREDICTION_MEAN, ""] == pytest.approx(NOW.mean())

    def test_only_psi_shows_a_change_of_shape_with_the_same_mean(self) -> None:
        ends = np.where(RANDOM.random(3000) < BEFORE.mean(), 1.0, 0.0)
        ends += BEFORE.mean() - ends.mean()
        values = found(BEFORE, ends)
        assert values[catalogue.PREDICTION_MEAN_SHIFT, ""] < values[catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD, ""]
        assert values[catalogue.PREDICTION_PSI, ""] > values[catalogue.PREDICTION_PSI_THRESHOLD, ""]


class TestThresholds:
    def threshold(self, stretches: Mapping[str, tuple[float, ...]], given: Threshold | None = None) -> float:
        settings = ThresholdSettings(LIMITS.model_copy(update={"prediction_psi": given}), 0.001, 0, stretches)
        return found(BEFORE, NOW, settings)[catalogue.PREDICTION_PSI_THRESHOLD, ""]

    def test_the_default_floor_is_that_of_a_feature(self) -> None:
        assert self.threshold({}) == 0.2
        assert self.threshold({"s": (1.0,) * 7}) == 0.05
        assert self.threshold({"s": (1.0,) * 7}, Threshold(floor=0.125)) == 0.125

    def test_the_references_own_weeks_stretch_the_noise(self) -> None:
        noise = stats.chi2.isf(0.001, 9) * (1 / len(BEFORE) + 1 / len(NOW))
        stretched = self.threshold({"s": (100.0,) * 7})
        assert stretched == pytest.approx(100 * noise, rel=0.01)


class TestAbsence:
    def test_a_score_that_the_reference_lacks_has_no_values(self) -> None:
        assert list(score_series("other", Pair(CELLS, count(CELLS, s=BEFORE), count(CELLS, s=NOW)), SETTINGS)) == []
        assert list(score_series("", Pair(CELLS, count(CELLS, s=BEFORE), count(CELLS, s=NOW)), SETTINGS)) == []

    def test_too_few_rows_have_no_values(self) -> None:
        assert found(BEFORE, [0.5]) == {}

    def test_missing_scores_have_a_psi_and_no_distribution(self) -> None:
        values = found(BEFORE, [None] * 100)
        assert {metric for metric, _ in values} == {catalogue.PREDICTION_PSI, catalogue.PREDICTION_PSI_THRESHOLD}
        assert values[catalogue.PREDICTION_PSI, ""] > values[catalogue.PREDICTION_PSI_THRESHOLD, ""]


VALUES = st.none() | st.floats() | st.sampled_from([0.0, 0.1, 0.5, 1.0])


@given(st.lists(VALUES, min_size=1, max_size=30), st.lists(VALUES, min_size=1, max_size=30))
def test_buckets_are_whole_numbers_that_never_decrease_and_end_with_all_rows(
    before: list[float | None], now: list[float | None]
) -> None:
    values = found(np.array(before, np.float64), np.array(now, np.float64))
    for metric in (catalogue.PREDICTION_SCORE, catalogue.PREDICTION_SCORE_REFERENCE):
        counts = list(histogram(values, metric).values())
        if counts:
            assert all(float(each).is_integer() for each in counts)
            assert counts == sorted(counts)
            assert counts[-1] == values[metric.series[1], ""] == values[catalogue.PREDICTION_SCORE.series[1], ""]
            assert metric.buckets.labels[-1] == LE
