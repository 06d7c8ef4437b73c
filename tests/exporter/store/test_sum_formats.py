"""The formats of what past partitions came to: each comes back, and nothing comes back where nothing is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.profiles.proxies import MOMENTS
from exporter.store.profiles import Key, ProfileStore
from exporter.store.proxies import QUERY_VALUES, column_sums
from exporter.store.slo import Ledger, Slice
from exporter.store.sums import Format, Sums
from exporter.store.traffic import ROW_COUNTS

KEY = Key("fraud/past", "sums", ())
END = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
VALUES: list[tuple[Format[Any, Any], dict[Any, Any]]] = [
    (ROW_COUNTS, {"b": 0, "a": 10**15}),
    (QUERY_VALUES, {END: 0.1, END - timedelta(minutes=15): -1e300}),
]


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path)


@pytest.mark.parametrize(("form", "values"), VALUES, ids=["row counts", "values of PromQL"])
def test_values_come_back(store: ProfileStore, form: Format[Any, Any], values: dict[Any, Any]) -> None:
    assert form.load(store, KEY) == {}
    form.save(store, KEY, values)
    assert form.load(store, KEY) == values
    form.save(store, KEY, {})
    assert form.load(store, KEY) == {}


def test_sums_of_columns_come_back_bit_for_bit(store: ProfileStore) -> None:
    form, ratios = column_sums(2), np.random.default_rng(1)
    saved = {name: ratios.normal(size=(2, MOMENTS)) for name in ("b", "a")}
    saved["a"][1] = np.nan
    assert form.load(store, KEY) == {}
    form.save(store, KEY, saved)
    loaded = form.load(store, KEY)
    assert {name: sums.tobytes() for name, sums in loaded.items()} == {n: s.tobytes() for n, s in saved.items()}


def test_no_sums_of_columns_are_no_file(store: ProfileStore) -> None:
    form = column_sums(1)
    sums = Sums(store, KEY, form)
    sums.add("a", np.ones((1, MOMENTS)))
    sums.save()
    sums.keep_only(lambda _: False)
    assert sums.save()
    assert form.load(store, KEY) == {}


class TestLedger:
    HOUR = Slice(300.0, "data", {"v3": 2000.0}, {"v3": 0.25})

    def test_a_ledger_comes_back_and_begins_once(self, store: ProfileStore) -> None:
        ledger = Ledger(store, KEY, END)
        ledger.slices.add(END, self.HOUR)
        ledger.save()
        loaded = Ledger(store, KEY, END + timedelta(days=1))
        assert loaded.begun == END
        assert dict(loaded.slices) == {END: self.HOUR}

    def test_a_new_ledger_is_saved_without_slices(self, store: ProfileStore) -> None:
        Ledger(store, KEY, END).save()
        loaded = Ledger(store, KEY, END + timedelta(days=1))
        assert (loaded.begun, dict(loaded.slices)) == (END, {})
