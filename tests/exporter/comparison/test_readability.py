"""The readable share of columns, of the features together and of the scores, with thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter import catalogue
from exporter.comparison.features import Pair
from exporter.comparison.readability import lost_features, readability, readable_ratios
from exporter.profiles.profile import Profile, empty_profile
from exporter.spec.model import Body
from profiling import binning, numeric
from window_samples import make_spec

CELLS = binning(numeric("x"), numeric("y"))


def body(score: str | None = None, **given: Any) -> Body:
    features = [{"name": "x", "type": "numeric", "importance": 3}, {"name": "y", "type": "numeric"}]
    return make_spec(score, features=features, **given).spec


def profile(rows: int = 100, **unreadable: int) -> Profile:
    return replace(empty_profile(CELLS), rows=rows, unreadable=unreadable)


def parts(spec: Body, rows: Profile, reference: str = "xy") -> dict[str, tuple[float | None, float | None]]:
    found = {}
    for labels, values in readability(spec, rows, reference):
        (name,) = labels.values()
        metric = catalogue.DATA_READABLE_RATIO if catalogue.PART in labels else catalogue.COLUMN_READABLE_RATIO
        assert set(values) <= {metric, metric.threshold()}
        found[name] = values.get(metric), values.get(metric.threshold())
    return found


def test_the_share_is_of_all_rows() -> None:
    assert readable_ratios(body(), profile(x=99)) == {"x": 0.01, "y": 1.0}
    assert readable_ratios(body(), profile(0)) == {}


def test_each_column_has_its_share_and_the_features_their_importance() -> None:
    # x is below 0.95, so of the importance 3 + 1 only that of y is left.
    assert parts(body("s"), profile(x=6, y=5, s=7)) == {
        "x": (0.94, 0.95),
        "y": (0.95, 0.95),
        "s": (0.93, 0.95),
        catalogue.FEATURES: (0.25, 0.5),
        catalogue.SCORES: (0.93, 0.95),
    }


def test_a_feature_that_the_reference_lacks_is_compared_with_nothing() -> None:
    assert parts(body(), profile(y=5), "y") == {"x": (0.0, 0.95), "y": (0.95, 0.95), catalogue.FEATURES: (0.25, 0.5)}
    assert parts(body(), profile(), "")[catalogue.FEATURES] == (0.0, 0.5)
    assert parts(body("s"), profile())["s"] == (1.0, 0.95)  # an output: a training set often has none
    assert parts(body(), profile(0), "") == {}


def test_without_a_score_there_is_no_part_of_scores() -> None:
    assert parts(body(), profile()) == {"x": (1.0, 0.95), "y": (1.0, 0.95), catalogue.FEATURES: (1.0, 0.5)}


def test_of_several_scores_the_least_readable_counts() -> None:
    spec = body("s", task="multiclass_classification")
    columns = spec.inference.columns.model_copy(update={"scores": {"a": "p_a", "b": "p_b"}})
    spec = spec.model_copy(update={"inference": spec.inference.model_copy(update={"columns": columns})})
    assert parts(spec, profile(p_b=50))[catalogue.SCORES] == (0.5, 0.95)


@pytest.mark.parametrize(("floor", "share"), [(0.0, 1.0), (0.5, 1.0), (0.51, 0.25), (1.0, 0.25)])
def test_the_spec_says_how_much_must_be_readable(floor: float, share: float) -> None:
    found = parts(body(thresholds={"column_readable": floor}), profile(x=50))
    assert (found["x"], found[catalogue.FEATURES][0]) == ((0.5, floor), share)


def test_too_few_rows_have_no_thresholds() -> None:
    assert parts(body(min_rows=10), profile(9, x=9)) == {
        "x": (0.0, None),
        "y": (1.0, None),
        catalogue.FEATURES: (0.25, None),
    }
    assert parts(body(min_rows=10), profile(0)) == {}


def test_a_feature_of_the_reference_that_the_window_lacks_is_lost() -> None:
    spec = body(min_rows=10)
    before = profile()

    def lost(now: Profile, cells: Any = CELLS) -> list[str]:
        return [feature.name for feature in lost_features(spec, spec.features, Pair(cells, before, now))]

    assert lost(profile(x=6, y=5)) == ["x"]
    assert lost(profile(x=100, y=100)) == ["x", "y"]
    assert lost(profile(9, x=9)) == []
    assert lost(profile(x=100, y=100), binning(numeric("x"))) == ["x"]
