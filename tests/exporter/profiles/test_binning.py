"""The cells: edges, deciles, atoms, categories, and the fingerprint of a binning."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins, categorical_bins, numeric_bins
from exporter.profiles.profile import numeric_column
from profiling import binning, categorical, count, numeric, quantile_bins

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def psi_cells(reference: object, current: object) -> list[int]:
    """The rows of `current` in the PSI cells of a reference."""
    cells = binning(quantile_bins(reference))
    return numeric_column(count(cells, x=np.asarray(current, dtype=np.float64)), cells, "x").cells.tolist()


class TestNumeric:
    def test_edges_are_quantiles_and_include_the_deciles_and_tails(self) -> None:
        bins = quantile_bins(np.arange(1.0, 100_001.0))
        edges = np.round(bins.edges)
        assert edges[0] == 1
        assert edges[-1] == 100_000
        assert set(np.arange(1, 10) * 10_000) <= set(edges)
        assert {10, 25, 50, 100, 200, 99_800, 99_900, 99_950, 99_975, 99_990} <= set(edges)
        assert len(set(np.ceil(np.arange(1, 256) * 100_000 / 256)) - set(edges)) == 0
        assert len(edges) == 255 + 8 + 10 + 2  # 1/2 is a decile and a 256th

    def test_the_outermost_bins_are_out_of_the_references_range(self) -> None:
        values = np.random.default_rng(1).normal(size=1000)
        bins = quantile_bins(values)
        assert bins.edges[0] < values.min()
        assert bins.edges[0] == pytest.approx(values.min(), rel=1e-6)
        assert bins.edges[-1] >= values.max()
        assert bins.edges[-1] == pytest.approx(values.max(), rel=1e-6)

    def test_a_range_larger_than_the_sample_is_kept(self) -> None:
        bins = numeric_bins("x", np.array([1.0, 2.0]), low=-5.0, high=9.0, pivot=1.5)
        assert bins.edges[[0, -1]] == pytest.approx([-5, 9])
        assert bins.pivot == 1.5

    def test_without_ties_the_cells_are_tenths_of_the_reference(self) -> None:
        values = np.random.default_rng(2).lognormal(size=10_000)
        assert psi_cells(values, values) == [1000] * 10 + [0]

    @pytest.mark.parametrize("rows", [1, 2, 3, 7, 9, 10, 11, 255, 1000, 1001])
    def test_deciles_are_those_of_numpy(self, rows: int) -> None:
        values = np.random.default_rng(rows).normal(size=rows)
        wanted = np.unique(np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf"))
        bins = quantile_bins(values)
        ends = bins.edges[bins.deciles]
        assert all(np.isclose(ends, value, rtol=1e-6).any() for value in wanted)

    def test_a_constant_column_has_a_cell_below_one_at_and_one_above(self) -> None:
        assert psi_cells([7.0] * 50, [6.999, 7, 7, 7.001]) == [1, 2, 1, 0]

    def test_a_single_value_is_enough(self) -> None:
        assert psi_cells([0.0], [-1, 0, 0, 1]) == [1, 2, 1, 0]

    @pytest.mark.parametrize("atom", [0.0, -3.25, 0.1, 1e300, -1e-300])
    @pytest.mark.parametrize("share", [0.1, 0.35, 0.8])
    def test_an_atom_has_its_own_cell_at_any_position(self, atom: float, share: float) -> None:
        others = np.random.default_rng(3).normal(atom, max(abs(atom), 1.0), 1000)
        atoms = int(round(share * 1000 / (1 - share), 0)) + 1
        for rest in (others, others[others < atom], others[others > atom]):
            values = np.concatenate([rest, np.full(atoms, atom)])
            before = psi_cells(values, np.full(10, atom))
            assert sorted(before)[-2:] == [0, 10]
            near = abs(atom) * 1e-5 or 1e-9
            for moved in (atom - near, atom + near):
                after = psi_cells(values, np.full(10, moved))
                assert np.dot(before, after) == 0, "the move does not show"

    def test_a_tie_of_less_than_a_tenth_is_not_an_atom(self) -> None:
        values = np.concatenate([np.zeros(99), np.arange(1.0, 902.0)])
        assert len(psi_cells(values, values)) == 11

    def test_ten_equal_atoms_have_the_most_cells(self) -> None:
        values = np.repeat(np.arange(10.0), 10)
        bins = quantile_bins(values)
        assert len(bins.deciles) == 20
        assert psi_cells(values, values) == [0, 10] * 10 + [0, 0]

    @given(st.lists(st.decimals(-1000, 1000, places=2).map(float), min_size=1, max_size=60))
    def test_a_value_rounded_to_32_bits_is_in_the_same_cell(self, exact: list[float]) -> None:
        rounded = np.array(exact, np.float32).astype(np.float64)
        for reference in (exact, rounded):
            assert psi_cells(reference, exact) == psi_cells(reference, rounded)

    @given(st.lists(FLOATS | st.sampled_from([0.0, -0.0, 1.0]), min_size=1, max_size=60), st.randoms())
    def test_bins_are_valid_and_independent_of_row_order(self, values: list[float], chance: Random) -> None:
        bins = quantile_bins(values)
        assert np.isfinite(bins.edges).all()
        assert (np.diff(bins.edges) > 0).all()
        assert 1 <= len(bins.deciles) <= 20
        assert (np.diff(bins.deciles) > 0).all()
        assert 0 <= bins.deciles[0] <= bins.deciles[-1] < len(bins.edges)
        chance.shuffle(values)
        again = quantile_bins(values)
        assert again.edges.tobytes() == bins.edges.tobytes()
        assert again.deciles.tobytes() == bins.deciles.tobytes()

    def test_the_largest_floats_do_not_overflow(self) -> None:
        bins = numeric_bins("x", np.array([-1.7e308, 0, 1.79e308]), -1.7e308, np.finfo(float).max, 0.0)
        assert np.isfinite(bins.edges).all()
        assert bins.edges[-1] == np.finfo(float).max

    def test_denormals_have_different_bins(self) -> None:
        assert psi_cells([0.0] * 5 + [5e-324] * 5, [-5e-324, 0, 5e-324, 1e-323]) == [1, 1, 1, 1, 0]


class TestCategorical:
    def test_a_name_belongs_to_the_category_with_its_value(self) -> None:
        bins = CategoricalBins("c", ("1", "1.0", "false"))
        assert bins.cells_of(["1", "1.0", "1.00", "true", "0", "2", None]).tolist() == [0, 1, 0, 0, 2, 3, 4]
        assert bins.cells_of([]).tolist() == []

    def test_the_most_frequent_come_first_and_ties_by_name(self) -> None:
        names = pd.Series(list("ccbbbaadd"))
        bins = categorical_bins("c", names.value_counts().to_dict(), limit=3)
        assert bins == CategoricalBins("c", ("b", "a", "c"))

    def test_fewer_categories_than_the_limit_are_all_kept(self) -> None:
        assert categorical_bins("c", {"": 1, "ü": 2}, limit=200).categories == ("ü", "")


class TestBinning:
    columns = Binning((numeric("a", (0.0, 1.0)), categorical("b", "x"), numeric("c", (5.0,))))

    def test_every_column_has_a_slice_of_the_vector(self) -> None:
        # two edges: 3 bins, null, NaN, -inf, inf; one category, new, null; one edge: 2 bins and the four
        assert self.columns.slices == {"a": slice(0, 7), "b": slice(7, 10), "c": slice(10, 16)}
        assert self.columns.cells == 16

    def test_numeric_columns_have_their_own_positions(self) -> None:
        assert self.columns.numeric == {"a": 0, "c": 1}
        assert list(self.columns.by_name) == ["a", "b", "c"]

    def test_without_columns_there_are_no_cells(self) -> None:
        assert Binning(()).cells == 0
        assert Binning(()).slices == {}

    @given(
        st.lists(st.lists(FLOATS, min_size=1, max_size=20, unique=True), max_size=3), st.lists(st.text(), max_size=5)
    )
    def test_json_data_make_an_equal_binning(self, edges: list[list[float]], names: list[str]) -> None:
        columns = [NumericBins(str(i), np.sort(some), np.array([0]), some[0]) for i, some in enumerate(edges)]
        before = Binning((*columns, CategoricalBins("c", tuple(names))))
        data = json.loads(json.dumps(before.to_json()))
        after = Binning.from_json(data)
        assert after.fingerprint == before.fingerprint
        for old, new in zip(columns, after.columns, strict=False):
            assert isinstance(new, NumericBins)
            assert new.edges.tobytes() == old.edges.tobytes()
            assert new.deciles.tobytes() == old.deciles.tobytes()
            assert new.pivot == old.pivot
        assert after.by_name["c"] == before.by_name["c"]

    @pytest.mark.parametrize(
        "data",
        [
            [{}],
            [{"type": "numeric", "name": "x"}],
            [{"type": "numeric", "name": "x", "edges": ["zero"], "deciles": [0], "pivot": "0x0p0"}],
            [{"type": "numeric", "name": "x", "edges": [0.5], "deciles": [0], "pivot": "0x0p0"}],
            "text",
        ],
    )
    def test_invalid_data_are_rejected(self, data: list[dict[str, object]]) -> None:
        with pytest.raises((KeyError, TypeError, ValueError)):
            Binning.from_json(data)

    def test_any_difference_changes_the_fingerprint(self) -> None:
        x, c = numeric("x", (0.0, 1.0)), categorical("c", "a", "b")
        different = [
            (x, c),
            (c, x),
            (x,),
            (replace(x, name="y"), c),
            (replace(x, edges=np.array([0.0, np.nextafter(1.0, 2.0)])), c),
            (replace(x, deciles=np.array([1])), c),
            (replace(x, pivot=5e-324), c),
            (x, categorical("c", "b", "a")),
            (x, categorical("c", "ab")),
            (x, categorical("c", "a", "b", "")),
            (x, categorical("c", "a\0b")),
        ]
        assert len({Binning(columns).fingerprint for columns in different}) == len(different)


class TestCoarse:
    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
    def test_only_psis_cells_and_the_range_are_kept(self, values: list[float]) -> None:
        bins = quantile_bins(values)
        coarse = bins.coarse
        assert coarse.edges[coarse.deciles].tolist() == bins.edges[bins.deciles].tolist()
        assert coarse.edges[[0, -1]].tolist() == bins.edges[[0, -1]].tolist()
        assert len(coarse.edges) <= len(bins.deciles) + 2
        assert (coarse.name, coarse.pivot) == (bins.name, bins.pivot)
        assert coarse.coarse.edges.tolist() == coarse.edges.tolist()

    def test_a_score_and_categories_keep_their_cells(self) -> None:
        score = replace(quantile_bins(np.linspace(0, 1, 999), "s"), histogram_bounds=(0.5,))
        fine = Binning((quantile_bins(np.linspace(0, 1, 999)), score, CategoricalBins("c", ("a",))))
        assert fine.coarse.by_name["s"] is score
        assert fine.coarse.slices.keys() == fine.slices.keys()
        assert fine.coarse.cells < fine.cells - 200
