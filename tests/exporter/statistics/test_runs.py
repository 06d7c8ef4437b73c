from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.runs import run_sums


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=40), st.integers(1, 12))
def test_each_run_is_added_up(values: list[int], length: int) -> None:
    runs = [sum(values[start : start + length]) for start in range(len(values) - length + 1)]
    assert run_sums(np.array(values, np.float64), length).tolist() == runs


def test_runs_are_along_one_axis() -> None:
    table = np.array([[1.0, 2, 3], [10, 20, 30]])
    assert run_sums(table, 2, axis=1).tolist() == [[3, 5], [30, 50]]
    assert run_sums(table, 2).tolist() == [[11, 22, 33]]
