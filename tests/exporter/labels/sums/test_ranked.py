"""Lists: each gain equals that of scikit-learn, and lists that cannot be evaluated are counted."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from exporter.labels.sums.ranked import ndcg, ranked

Floats = npt.NDArray[np.float64]
NAN = math.nan


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def lists(*names: int) -> npt.NDArray[np.uint64]:
    return np.array(names, dtype=np.uint64)


def one(relevances: Floats, scores: Floats, depth: int | None = None) -> float:
    return float(ndcg(np.zeros(len(scores), np.int64), scores, relevances, 1, depth)[0])


def test_ndcg_by_hand() -> None:
    """Ranked 1, 0, 2: gain 1 + 2 / log2(4); the best order gives 2 + 1 / log2(3)."""
    assert one(floats(2, 0, 1), floats(1, 2, 3)) == pytest.approx(2 / (2 + 1 / math.log2(3)))


def test_equal_scores_share_their_gain() -> None:
    """Two of equal score, one of them relevant: half of 1 + 1 / log2(3)."""
    assert one(floats(1, 0), floats(5, 5)) == pytest.approx((1 + 1 / math.log2(3)) / 2)


items = st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), min_size=2, max_size=12)


@given(items, st.none() | st.integers(1, 15))
def test_ndcg_is_that_of_scikit_learn(query: list[tuple[int, int]], depth: int | None) -> None:
    relevances, scores = np.array(query, dtype=np.float64).T
    value = one(relevances, scores, depth)
    if relevances.any():
        assert value == pytest.approx(metrics.ndcg_score([relevances], [scores], k=depth))
        assert 0 <= value <= 1 + 1e-12
    else:
        assert math.isnan(value), "nothing is relevant: no order is better than another"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(-2, 2)), max_size=40), st.randoms())
def test_many_lists_at_once_are_each_one_alone_in_any_order(rows: list[tuple[int, int, int]], random: object) -> None:
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    alone = [one(own[:, 1], own[:, 2]) for name in np.unique(table[:, 0]) if len(own := table[table[:, 0] == name]) > 1]
    defined = [value for value in alone if not math.isnan(value)]
    random.shuffle(rows)  # type: ignore[attr-defined]
    queries, relevances, scores = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    found = ranked(queries.astype(np.uint64), scores, relevances)
    assert (found.lists, found.nothing) == (len(defined), len(alone) - len(defined))
    assert found.gains.values == pytest.approx(sum(defined))


def test_a_list_is_evaluated_when_all_of_it_is_labelled() -> None:
    found = ranked(lists(1, 1, 2, 2, 3, 3, 4), floats(2, 1, 2, 1, 2, 1, 9), floats(1, 0, 1, NAN, 0, 0, 1))
    assert (found.lists, found.gains.values) == (1, 1.0)
    assert found.left_out == {"partly_labelled": 1, "nothing_relevant": 1, "single_item": 1}


def test_lists_add_up() -> None:
    whole = ranked(lists(1, 1, 2, 2), floats(2, 1, 1, 2), floats(1, 0, 1, 0))
    parts = ranked(lists(1, 1), floats(2, 1), floats(1, 0)) + ranked(lists(2, 2), floats(1, 2), floats(1, 0))
    assert parts == whole
    assert (ranked(lists(), floats(), floats()) + whole) == whole


def test_ndcg_refuses_what_has_no_meaning() -> None:
    with pytest.raises(ValueError, match="2 items, 1 scores and 2 relevances"):
        ndcg(np.zeros(2, np.int64), floats(1), floats(1, 2), 1)
    with pytest.raises(ValueError, match="a relevance must not be negative"):
        one(floats(-1, 2), floats(1, 2))
