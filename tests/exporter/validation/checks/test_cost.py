from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter import catalogue
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.store.profiles import ProfileStore
from exporter.validation.checks.cost import Counted, cost_findings, counted, series
from fraud_log import FraudLog
from sampled import HOUR, NOW, START, brief, log_of, partition, rows_of, spec, texts

LOG = FraudLog(lambda key, content: None)
REFERENCE = rows_of(LOG.rows(1, 4000))
NONE = log_of(rows=None)


def sample(**body: Any) -> Counted:
    result = counted(spec(**body), rows_of(LOG.rows(2, 500)), REFERENCE)
    assert result is not None
    return result


@pytest.mark.parametrize("more", [{}, {"windows": ["1h"]}, {"segments": ["country_code"]}])
def test_series_are_as_many_as_the_exporter_has(more: dict[str, Any], tmp_path: Path) -> None:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(hours=24)
    body = {"labels": None, **more}
    reader = ModelReader(LoadedSpec(tmp_path / "fraud.yaml", spec(**body)), ProfileStore(tmp_path / "store"))
    remembered = {catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO, catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD}
    exported = sum(each.metric in remembered or "window" in each.metric.labels for each in reader.read(Attempt(NOW)))
    assert series(spec(**body), sample(**body)) == pytest.approx(exported, rel=0.02)


def test_a_reference_without_a_usable_column_has_no_counts() -> None:
    assert counted(spec(), rows_of(LOG.rows(2, 50)), rows_of(LOG.rows(1, 50).select(["genuine_score"]))) is None


def test_the_cost_of_reading_follows_from_what_was_listed() -> None:
    parts = {START - hours * HOUR: partition(START - hours * HOUR, 1000) for hours in range(48)}
    log = replace(log_of(LOG.rows(2, 500)), partitions=parts, requests=3)
    found = list(cost_findings(spec(refresh={"interval": "15m"}), log, None, log_of(LOG.rows(3, 50)), sample()))
    assert brief(found) == ["note cost_reading", "note cost_memory", "note cost_series"]
    # 96 refreshes of 3 requests, and 24 files of 1000 bytes a day
    assert "3 requests a refresh to list, 312 requests and at most 24 kB read a day; 48.1 kB at the first" in texts(
        found
    )


@pytest.mark.parametrize(("rows", "size", "measured"), [(100_000, 6e6, 285), (1_000_000, 55e6, 584), (2e7, 1.1e9, 765)])
def test_memory_is_what_was_measured_for_a_partition_with_labels(rows: float, size: float, measured: float) -> None:
    """The figures are those of benchmarks/memory.py, in MB; what is left of them is the sample's own profiles."""
    log = replace(log_of(LOG.rows(2, 500)), partitions={START: partition(START, int(size))})
    assert log.rows is not None
    log = replace(log, rows=replace(log.rows, total=int(rows)))
    found = texts(list(cost_findings(spec(windows=["1h"]), log, NONE, NONE, sample())))
    amount = re.search(r"some (\d+) MB of memory", found)
    assert amount is not None
    assert float(amount[1]) == pytest.approx(measured, rel=0.15)


def test_very_many_series_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.validation.checks.cost._MANY_SERIES", 10)
    found = list(cost_findings(spec(), log_of(LOG.rows(2, 500)), None, NONE, sample()))
    assert brief(found)[-1] == "warning cost_series"


def test_without_partitions_nothing_costs() -> None:
    assert list(cost_findings(spec(), log_of(partitions={}), None, NONE, None)) == []
