"""Small tables, binnings and profiles for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from exporter import catalogue
from exporter.profiles.binning import Binning, Bins, CategoricalBins, NumericBins, numeric_bins
from exporter.profiles.group import Group
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.profile import Profile
from exporter.sources.source import Batch

UNKNOWN = Group(catalogue.UNKNOWN_VERSION)
"""The group of rows without a version."""


def whole(table: pa.Table) -> list[Batch]:
    """Return a table as one batch."""
    return [Batch(table, first=True, schema=table.schema)]


def partition(binning: Binning, version_column: str | None = None, /, **columns: Any) -> PartitionProfile:
    """Return the profile of a partition with these columns."""
    return profile_partition(whole(pa.table(columns)), binning, Grouping(version_column))


def count(binning: Binning, /, **columns: Any) -> Profile:
    """Return the profile of rows without versions."""
    return partition(binning, **columns).groups[UNKNOWN]


def numeric(name: str = "x", edges: tuple[float, ...] = (0.0, 1.0, 2.0), pivot: float = 0.0) -> NumericBins:
    """Return numeric bins in which every edge ends a cell."""
    return NumericBins(name, np.array(edges), np.arange(len(edges)), pivot)


def quantile_bins(values: Any, name: str = "x") -> NumericBins:
    """Return the bins of a reference that has these values."""
    sample = np.sort(np.asarray(values, dtype=np.float64))
    return numeric_bins(name, sample, sample[0], sample[-1], pivot=sample[len(sample) // 2])


def categorical(name: str = "c", *categories: str) -> CategoricalBins:
    """Return bins of these categories."""
    return CategoricalBins(name, categories)


def binning(*columns: Bins) -> Binning:
    """Return a binning of these columns."""
    return Binning(columns)
