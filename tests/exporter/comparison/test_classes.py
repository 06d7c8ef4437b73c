"""The classes of a classifier: values by hand, the limit of classes, and absent values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter import catalogue
from exporter.comparison.classes import class_series, hidden_classes
from exporter.comparison.features import Pair, ThresholdSettings
from exporter.profiles.binning import Binning
from exporter.spec.sections.thresholds import Thresholds
from profiling import binning, categorical, count

SETTINGS = ThresholdSettings(Thresholds(min_rows=2), rate=0.001, weekday=0, stretches={})
CELLS = binning(categorical("d", "approve", "review"))
RATIO, REFERENCE = catalogue.PREDICTION_CLASS_RATIO, catalogue.PREDICTION_CLASS_RATIO_REFERENCE
PSI, THRESHOLD = catalogue.PREDICTION_CLASS_PSI, catalogue.PREDICTION_CLASS_PSI_THRESHOLD


def series(before: Any, now: Any, limit: int = 20, cells: Binning = CELLS) -> list[tuple[str, dict[Any, float]]]:
    """Each class with its values; `""` is all classes together."""
    pair = Pair(cells, count(cells, d=before), count(cells, d=now))
    return [(labels.get(catalogue.CLASS, ""), values) for labels, values in class_series("d", pair, SETTINGS, limit)]


def test_each_class_has_its_share_of_all_rows_and_that_of_the_reference() -> None:
    whole, *classes = series(["approve"] * 6 + ["review"] * 2, ["approve"] * 2 + ["review"] + [None])
    assert whole[0] == ""
    assert classes == [
        ("approve", {RATIO: 0.5, REFERENCE: 0.75}),
        ("review", {RATIO: 0.25, REFERENCE: 0.25}),
    ]


def test_psi_covers_all_classes_new_classes_and_nulls() -> None:
    (_, values), *_ = series(["approve"] * 60 + ["review"] * 40, ["approve"] * 40 + ["review"] * 40 + ["x"] * 20)
    p, q = np.array([60.5, 40.5, 0.5]) / 101.5, np.array([40.5, 40.5, 20.5]) / 101.5
    assert values[PSI] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert values[THRESHOLD] == pytest.approx(max(0.2, stats.chi2.isf(0.001, 2) * 0.02))


def test_a_class_that_is_never_returned_has_a_share_of_0() -> None:
    _, *classes = series(["approve", "review"], ["approve"] * 3)
    assert dict(classes)["review"] == {RATIO: 0, REFERENCE: 0.5}


def test_a_new_class_has_a_reference_share_of_0() -> None:
    _, *classes = series(["approve", "review"], ["approve", "decline"])
    assert classes[2] == ("decline", {RATIO: 0.5, REFERENCE: 0})


@pytest.mark.parametrize("crowd", [["rare"], [f"c{number}" for number in range(200)]])
def test_a_class_that_the_reference_does_not_count_has_no_reference_share(crowd: list[str]) -> None:
    """Beyond `limits.categories` classes are counted together, and only the most frequent have their names."""
    _, *classes = series(["approve", *crowd], ["approve", crowd[-1]])
    assert dict(classes)[crowd[-1]][RATIO] == 0.5
    assert np.isnan(dict(classes)[crowd[-1]][REFERENCE])


class TestLimit:
    NOW = ("approve", "decline", "decline", "later")

    def test_classes_of_the_reference_come_first_then_new_ones_by_rows(self) -> None:
        names = [name for name, _ in series(["approve", "review"], self.NOW, limit=3)]
        assert names == ["", "approve", "review", "decline"]

    @pytest.mark.parametrize(("limit", "hidden"), [(1, 3), (3, 1), (4, 0), (20, 0)])
    def test_classes_without_a_series_are_counted(self, limit: int, hidden: int) -> None:
        assert hidden_classes("d", CELLS, count(CELLS, d=self.NOW), limit) == hidden
        assert len(series(["approve", "review"], self.NOW, limit)) == 1 + 4 - hidden

    def test_psi_does_not_depend_on_the_limit(self) -> None:
        limited, whole = (series(["approve", "review"], self.NOW, limit)[0] for limit in (1, 20))
        assert limited == whole


class TestAbsence:
    def test_a_column_that_the_reference_lacks_has_no_values(self) -> None:
        pair = Pair(CELLS, count(CELLS, d=["approve"]), count(CELLS, d=["approve"] * 9))
        assert list(class_series("other", pair, SETTINGS, 20)) == []
        assert hidden_classes("other", CELLS, pair.now, 20) == 0

    def test_too_few_rows_have_no_values(self) -> None:
        assert series(["approve"], ["approve"]) == []

    def test_there_is_no_reference_share_without_rows_in_the_same_hours(self) -> None:
        cells = binning(categorical("d", "approve"), categorical("c", "a"))
        before, now = count(cells, c=["a"] * 4), count(cells, c=["a"] * 4, d=["approve"] * 4)
        found = [values for _, values in class_series("d", Pair(cells, before, now), SETTINGS, 20)]
        assert found == [{}, {RATIO: 1}]


NAMES = st.lists(st.none() | st.sampled_from(["approve", "review"]), min_size=2, max_size=30)
NEW = st.lists(st.sampled_from(["decline", "é", ""]), max_size=10)


@given(NAMES, NAMES, NEW)
def test_shares_and_nulls_add_up_to_1(before: list[str | None], now: list[str | None], new: list[str]) -> None:
    _, *classes = series(before, [*now, *new])
    for metric, rows in ((RATIO, [*now, *new]), (REFERENCE, before)):
        shares = [values[metric] for _, values in classes]
        assert all(0 <= share <= 1 for share in shares)
        assert sum(shares) == pytest.approx(1 - rows.count(None) / len(rows))
