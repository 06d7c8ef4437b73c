"""An accepted change of a log in files: silent and visible, and a later change alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import local_spec_document

DAY = timedelta(days=1)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
CHANGED, WORSE, BROKEN = 5, 20, 23
"""The days of the log on which the mix of origins changes, changes once more, and goes away."""
ROWS = 2000
ORDINARY, OTHER, FURTHER = [0.5, 0.3, 0.2], [0.35, 0.25, 0.4], [0.05, 0.05, 0.9]


def rows(day: int, mix: list[float], origins: Any = None, new: int = 0) -> pa.Table:
    generator = np.random.default_rng(day + 10)
    names = generator.choice(["EWR", "JFK", "LGA"], ROWS, p=mix).astype(object)
    names[:new] = "BOS"
    return pa.table(
        {
            "origin": pa.array(origins if origins is not None else names, pa.string()),
            "dep": generator.normal(12, 3, ROWS),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accepted")
    (folder / "log").mkdir()
    pq.write_table(pa.concat_tables([rows(-day, ORDINARY) for day in range(1, 11)]), folder / "train.parquet")
    for day in range(27):
        table = rows(day, ORDINARY if day < CHANGED else OTHER if day < WORSE else FURTHER, new=100 * (day >= CHANGED))
        table = rows(day, OTHER, [None] * ROWS) if day >= BROKEN else table
        pq.write_table(table, folder / "log" / f"{FIRST + day * DAY:%Y-%m-%d}.parquet")
    return folder


def spec(accepted: list[dict[str, str]]) -> ModelSpec:
    document = local_spec_document(
        inference={"source": {"local": "log/%Y-%m-%d.parquet"}, "grain": "1d", "columns": {}},
        reference={"source": {"local": "train.parquet"}},
        features=[{"name": "origin", "type": "categorical"}, {"name": "dep", "type": "numeric"}],
        windows=["24h", "7d"],
        accepted=accepted,
    )
    document["spec"]["inference"] = {
        "source": {"local": "log/%Y-%m-%d.parquet"},
        "grain": "24h",
    }
    return ModelSpec.model_validate(document)


ACCEPTED = [{"feature": "origin", "since": f"{FIRST + CHANGED * DAY:%Y-%m-%d}", "why": "a terminal has opened"}]


class Log:
    def __init__(self, folder: Path, store: Path, accepted: list[dict[str, str]]) -> None:
        self.spec = spec(accepted)
        self.reader = ModelReader(LoadedSpec(folder / "flights.yaml", self.spec), ProfileStore(store))

    def on(self, day: int) -> list[Sample]:
        """The samples when a day of the log is the newest."""
        return self.reader.read(Attempt(FIRST + (day + 1) * DAY + timedelta(hours=1)))

    def alerts(self, day: int) -> set[Alert]:
        return {found.alert for found in conditions(self.on(day), self.spec.spec.alert_window_names)}


def values(samples: list[Sample], window: str = "24h") -> dict[Metric, float]:
    found = {}
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        own = labels.get(catalogue.FEATURE) == "origin" and labels.get(catalogue.WINDOW, window) == window
        if own and labels.keys().isdisjoint({catalogue.BIN, catalogue.CLASS}):
            found[sample.metric] = sample.value
    return found


LASTING = {catalogue.FEATURE_DRIFT_HIGH, catalogue.NEW_CATEGORIES, catalogue.DATA_DRIFT_HIGH}


@pytest.fixture
def plain(folder: Path, tmp_path: Path) -> Log:
    return Log(folder, tmp_path / "plain", [])


def test_a_lasting_change_alerts_as_long_as_it_is_not_accepted(plain: Log) -> None:
    assert plain.alerts(CHANGED - 1) == set()
    assert plain.alerts(CHANGED) == LASTING
    assert plain.alerts(WORSE - 1) == LASTING


def test_an_accepted_change_is_silent_and_visible_and_a_later_one_alerts(folder: Path, tmp_path: Path) -> None:
    log = Log(folder, tmp_path / "store", ACCEPTED)
    assert log.alerts(CHANGED - 1) == set()
    silent = [log.alerts(day) for day in range(CHANGED, WORSE)]
    assert silent == [set()] * (WORSE - CHANGED)
    muted, measured = values(log.on(CHANGED + 6)), values(log.on(CHANGED + 7))
    assert measured[catalogue.FEATURE_ACCEPTED_TIMESTAMP_SECONDS] == (FIRST + CHANGED * DAY).timestamp()
    for found in (muted, measured):
        assert found[catalogue.FEATURE_PSI] > 0.1
    assert catalogue.FEATURE_PSI_THRESHOLD not in muted
    assert catalogue.FEATURE_BROKEN not in muted
    assert catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD not in muted
    assert measured[catalogue.FEATURE_PSI_THRESHOLD] > 0.3
    assert measured[catalogue.FEATURE_DRIFTED] == 0
    assert measured[catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO] == 0
    assert log.alerts(WORSE) >= {catalogue.FEATURE_DRIFT_HIGH, catalogue.DATA_DRIFT_HIGH}
    broken = log.on(BROKEN)
    assert catalogue.FEATURE_BROKEN_ALERT in log.alerts(BROKEN)
    assert values(broken)[catalogue.FEATURE_BROKEN] == 1


def test_a_level_outlives_its_partitions_and_a_restart(folder: Path, tmp_path: Path) -> None:
    first = Log(folder, tmp_path / "store", ACCEPTED)
    expected = values(first.on(WORSE - 1))
    again = Log(folder, tmp_path / "store", ACCEPTED)
    requests: list[int] = []
    again.reader._accepted._measure = lambda *_: requests.append(1)  # type: ignore[method-assign,assignment]
    assert values(again.on(WORSE - 1)) == expected
    assert requests == []


def test_a_change_whose_days_the_log_does_not_have_is_a_problem(folder: Path, tmp_path: Path) -> None:
    log = Log(folder, tmp_path / "store", [ACCEPTED[0] | {"since": "2025-01-01"}])
    assert log.alerts(WORSE - 1) == LASTING
    assert log.reader.problems["accepted change of origin since 2025-01-01"] == (
        "the log has too few rows of it from 2025-01-01 to 2025-01-09, so it alerts"
    )


def test_an_accepted_category_is_known_and_its_feature_is_judged_as_before(folder: Path, tmp_path: Path) -> None:
    log = Log(folder, tmp_path / "store", [ACCEPTED[0] | {"category": "BOS"}])
    found = values(log.on(CHANGED + 7))
    assert log.alerts(CHANGED + 7) == LASTING - {catalogue.NEW_CATEGORIES}
    assert found[catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO] == 0
    assert found[catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD] == 0.01
    assert catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS not in found


def test_a_change_that_has_not_begun_is_not_accepted_yet(folder: Path, tmp_path: Path) -> None:
    log = Log(folder, tmp_path / "store", [ACCEPTED[0] | {"since": "2026-06-20"}])
    assert log.alerts(CHANGED) == LASTING
    assert catalogue.FEATURE_ACCEPTED_TIMESTAMP_SECONDS not in values(log.on(CHANGED))


def test_of_two_changes_the_later_one_counts_and_both_have_categories(folder: Path, tmp_path: Path) -> None:
    again = {"feature": "origin", "since": f"{FIRST + 10 * DAY:%Y-%m-%d}", "why": "and another"}
    one, both = (Log(folder, tmp_path / str(i), ACCEPTED + [again] * i) for i in (0, 1))
    assert both.alerts(WORSE - 1) == set()
    left, right = (values(log.on(WORSE - 1)) for log in (one, both))
    assert left[catalogue.FEATURE_PSI] == right[catalogue.FEATURE_PSI]
    assert left[catalogue.FEATURE_PSI_THRESHOLD] != right[catalogue.FEATURE_PSI_THRESHOLD]
