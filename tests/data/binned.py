"""Samples of several distributions, and their rows counted in the bins of a numeric profile."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

values = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
samples = st.lists(values | st.integers(-3, 3).map(float), min_size=1, max_size=30).map(np.array)
increasing = st.lists(values | st.integers(-3, 3).map(float), min_size=1, max_size=12, unique=True).map(np.sort)


@st.composite
def sides(draw: st.DrawFn, number: int = 2, most: int = 10_000) -> tuple[Ints, ...]:
    """So many sides with the same cells, some of them empty or rare, and at least a row each."""
    cells = draw(st.integers(1, 12))
    column = st.lists(st.integers(0, most) | st.integers(0, 3), min_size=cells, max_size=cells).filter(any)
    return tuple(np.array(draw(column)) for _ in range(number))


def fine_edges(reference: Floats) -> Floats:
    """The edges of a numeric profile: 256 quantiles, deciles, tails, just below the minimum, the maximum."""
    tails = np.array([1e-4, 5e-4, 1e-3, 5e-3])
    levels = np.concatenate([np.arange(1, 256) / 256, np.arange(1, 10) / 10, tails, 1 - tails])
    inner = np.quantile(reference, levels, method="inverted_cdf")
    return np.unique([np.nextafter(reference.min(), -np.inf), *inner, reference.max()])


def count(values: Floats, edges: Floats) -> Ints:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, rows: rng.normal(size=rows),
    "lognormal": lambda rng, rows: rng.lognormal(sigma=2, size=rows),
    "t1": lambda rng, rows: rng.standard_cauchy(size=rows),
    "few integers": lambda rng, rows: rng.poisson(3, size=rows).astype(np.float64),
    "many integers": lambda rng, rows: np.floor(rng.exponential(500, size=rows)),
    "two clusters": lambda rng, rows: rng.normal(20 * rng.integers(0, 2, size=rows), 1),
}
CHANGES: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda values: values,
    "shift": lambda values: values + 1,
    "scale": lambda values: 2 * values,
    "rounded": np.round,
    "one row of 1e6": lambda values: np.append(values, 1e6),
}
CASES = list(itertools.product(DISTRIBUTIONS, CHANGES))


@cache
def reference_of(distribution: str) -> tuple[Floats, Floats]:
    """A hundred thousand rows and their edges."""
    rows = DISTRIBUTIONS[distribution](np.random.default_rng(2611), 100_000)
    return rows, fine_edges(rows)


def window_of(distribution: str, change: str, rows: int) -> Floats:
    return CHANGES[change](DISTRIBUTIONS[distribution](np.random.default_rng(23), rows))
