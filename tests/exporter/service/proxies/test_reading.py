"""Proxies from Parquet and from a Prometheus to samples; each fails alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.errors import UsageError
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, local_spec_document
from stack import backfilled_prometheus

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS_OF_WEEK = 168
ROWS = 400
CTR = {"name": "ctr", "ratio": {"numerator": "clicks", "denominator": "shown"}}
APPROVED = {"name": "approved", "ratio": {"numerator": "decision", "equals": "approve"}}
CONVERSION = {"name": "conversion", "promql": "sum(orders) / sum(views)"}
PROXIES = {metric for metric in catalogue.METRICS if catalogue.PROXY in metric.labels}
NOBODY = "http://127.0.0.1:1"


def clicks(rate: float) -> dict[str, Any]:
    return {"clicks": np.arange(ROWS) < rate * ROWS, "shown": np.ones(ROWS, int), "decision": ["approve"] * ROWS}


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    """Two hours of the log in which a fifth clicked, the same hours of four weeks in which two fifths did."""
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(0)
    for week in range(5):
        for hour in range(2):
            ago = week * HOURS_OF_WEEK + hour
            log.put(log.key(ago), log.rows(ago, ROWS, **clicks(0.4 if week else 0.2)))
    return log


def loaded(folder: Path, *proxies: dict[str, Any], **body: Any) -> LoadedSpec:
    document = local_spec_document(**{"windows": ["1h", "2h"], "proxies": list(proxies or (CTR,)), **body})
    return LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))


def reader_of(folder: Path, *proxies: dict[str, Any], prometheus: str | None = None, **body: Any) -> ModelReader:
    return ModelReader(loaded(folder, *proxies, **body), ProfileStore(folder / "store"), prometheus=prometheus)


def of(samples: list[Sample], metric: catalogue.Metric) -> dict[tuple[str, str], float]:
    return {one.labels[1:]: one.value for one in samples if one.metric is metric}


def test_a_fall_of_click_through_in_parquet_is_an_alert(tmp_path: Path, log: FraudLog) -> None:
    samples = reader_of(tmp_path, CTR, APPROVED).read(Attempt(NOW))
    assert of(samples, catalogue.PROXY_VALUE) == {
        ("ctr", "1h"): 0.2,
        ("ctr", "2h"): 0.2,
        ("approved", "1h"): 1.0,
        ("approved", "2h"): 1.0,
    }
    assert of(samples, catalogue.PROXY_EXPECTED)["ctr", "2h"] == pytest.approx(0.4)
    held = conditions(samples, {"1h", "2h"})
    unusual = {each.labels for each in held if each.alert is catalogue.PROXY_UNUSUAL}
    assert unusual == {("fraud", "ctr", "1h"), ("fraud", "ctr", "2h")}


def test_a_restart_gives_the_same_and_reads_nothing(
    tmp_path: Path, log: FraudLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reader_of(tmp_path).read(Attempt(NOW))
    monkeypatch.setattr(Local, "profile", None)
    assert reader_of(tmp_path).read(Attempt(NOW)) == before


def test_hours_without_rows_have_no_values(tmp_path: Path, log: FraudLog) -> None:
    reader = reader_of(tmp_path)
    reader.read(Attempt(NOW))
    later = reader.read(Attempt(NOW + timedelta(weeks=1)))
    assert of(later, catalogue.PROXY_VALUE) == {}, "the week's own hours have no rows"
    assert of(later, catalogue.PROXY_DEVIATION) == {}


@pytest.mark.e2e
def test_promql_is_compared_with_weeks_of_a_real_prometheus(tmp_path: Path, log: FraudLog) -> None:
    end = log.end
    hours = [end - place * HOUR for place in range(5 * HOURS_OF_WEEK)]
    samples = {"orders": {at: 1.0 if at > end - HOUR else 2.0 + at.hour % 2 for at in reversed(hours)}}
    samples["views"] = dict.fromkeys(reversed(hours), 10.0)
    with backfilled_prometheus(tmp_path / "prometheus", samples) as address:
        named = loaded(tmp_path, CONVERSION, prometheus={"url": address})
        found = ModelReader(named, ProfileStore(tmp_path / "store"), prometheus=NOBODY).read(Attempt(NOW))
        flagged = reader_of(tmp_path / "other", CONVERSION, prometheus=address)
    assert of(found, catalogue.PROXY_VALUE) == {("conversion", "1h"): 0.1, ("conversion", "2h"): pytest.approx(0.2)}
    assert of(found, catalogue.PROXY_EXPECTED)["conversion", "1h"] == pytest.approx(0.2)
    assert of(found, catalogue.PROXY_EXPECTED)["conversion", "2h"] == pytest.approx(0.25)
    assert of(found, catalogue.PROXY_DEVIATION)["conversion", "1h"] == pytest.approx(0.5)
    assert of(found, catalogue.PROXY_DEVIATION_THRESHOLD)["conversion", "1h"] == pytest.approx(0.1)
    assert flagged.record.failures == {}


def test_a_prometheus_that_does_not_answer_costs_only_its_proxies(tmp_path: Path, log: FraudLog) -> None:
    expected = reader_of(tmp_path).read(Attempt(NOW))
    reader = reader_of(tmp_path, CTR, CONVERSION, prometheus=NOBODY)
    found = reader.read(Attempt(NOW))
    assert [one for one in found if one.metric not in PROXIES] == [one for one in expected if one.metric not in PROXIES]
    assert of(found, catalogue.PROXY_VALUE) == of(expected, catalogue.PROXY_VALUE)
    assert reader.record.failures == {"query": 1}
    assert "does not answer" in reader.problems["proxy conversion"]


def test_a_missing_column_costs_only_its_proxy(tmp_path: Path, log: FraudLog) -> None:
    reader = reader_of(tmp_path, CTR, {"name": "sales", "ratio": {"numerator": "sales"}})
    found = reader.read(Attempt(NOW))
    assert {proxy for proxy, _ in of(found, catalogue.PROXY_VALUE)} == {"ctr"}
    assert reader.record.failures["column"] == 2


def test_prometheus_is_not_queried_for_a_replayed_log(tmp_path: Path, log: FraudLog) -> None:
    source = Local("inference/%Y-%m-%dT%H.parquet", tmp_path)
    store = ProfileStore(tmp_path / "store")
    found = ModelReader(loaded(tmp_path, CTR, CONVERSION), store, source).read(Attempt(NOW))
    assert {proxy for proxy, _ in of(found, catalogue.PROXY_VALUE)} == {"ctr"}


def test_an_unusual_proxy_does_not_exclude_the_week_from_a_trailing_reference(tmp_path: Path, log: FraudLog) -> None:
    store = ProfileStore(tmp_path / "store")
    samples = ModelReader(loaded(tmp_path), store).read(Attempt(NOW))
    assert catalogue.PROXY_UNUSUAL in {each.alert for each in conditions(samples, {"1h"})}
    others = [one for one in samples if one.metric not in PROXIES]
    assert bool(store.load_alarming_weeks("fraud")) is bool(conditions(others, {"1h", "2h"}))


def test_promql_without_an_address_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"give spec.prometheus.url, or .* --prometheus.url"):
        reader_of(tmp_path, CONVERSION)
