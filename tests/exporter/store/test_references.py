"""References on disk: they come back bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exact_profiles import assert_all_identical
from exporter.profiles.binning import NumericBins
from exporter.profiles.group import Segment
from exporter.profiles.profile import Profile
from exporter.reference.reference import HourProfiles, Reference
from exporter.spec.seasons import season_levels
from exporter.store.profiles import Key, ProfileStore
from exporter.store.references import load_reference, save_reference
from profiling import binning, categorical, count, numeric

CELLS = binning(numeric("x", (0.0, 0.1, 2.0), pivot=0.3), categorical("c", "a", "\0"))
KEY = Key("fraud/reference", "reference", ("data", CELLS.fingerprint))


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path)


def restored(store: ProfileStore, reference: Reference) -> Reference:
    assert load_reference(store, KEY) is None
    save_reference(store, KEY, reference)
    loaded = load_reference(store, KEY)
    assert loaded is not None
    return loaded


def test_a_reference_comes_back_with_its_segments(store: ProfileStore) -> None:
    a, b = Segment("c", "a"), Segment("c", "\0=é")
    parts = {
        a: HourProfiles({0: count(CELLS.coarse, x=[0.1], c=["a"])}, {0: 1}),
        b: HourProfiles({9: count(CELLS.coarse, x=[0.3]), 167: count(CELLS.coarse, x=[0.4])}, {9: 2, 167: 3}),
    }
    whole = {0: count(CELLS, x=[0.1, 0.3, 0.4], c=["a", "b", "b"])}
    loaded = restored(store, Reference(CELLS, whole, {0: 1}, season_levels("hour_of_week"), {}, {}, parts))
    assert loaded.weeks == {0: 1}
    assert_all_identical(loaded.by_cell, whole)
    assert {segment: part.weeks for segment, part in loaded.segments.items()} == {a: {0: 1}, b: {9: 2, 167: 3}}
    for segment, part in parts.items():
        assert_all_identical(loaded.segments[segment].by_cell, part.by_cell)


def test_a_reference_comes_back_with_its_binning(store: ProfileStore) -> None:
    hours: dict[int, Profile] = {
        5: count(CELLS, x=[0.1, 2.0, 3.0], c=["a", "b", None]),
        167: count(CELLS, x=[0.3], c=["a"]),
    }
    stretches = {"1h": {"x": (1.0, 1.5, 1.0, 1.0, 1.0, 1.0, 2.25)}}
    saved = Reference(CELLS, hours, {5: 4, 167: 3}, season_levels("weekend"), stretches, {"y": "no such column"})
    loaded = restored(store, saved)
    assert_all_identical(loaded.by_cell, hours)
    assert (loaded.weeks, loaded.levels, loaded.problems) == (saved.weeks, saved.levels, saved.problems)
    assert [tuple(stretch) for stretch in loaded.stretches["1h"].values()] == list(stretches["1h"].values())
    assert loaded.binning.fingerprint == CELLS.fingerprint
    bins = loaded.binning.by_name["x"]
    assert isinstance(bins, NumericBins)
    assert bins.edges.tobytes() == np.array([0.0, 0.1, 2.0]).tobytes()
