"""A column that vanishes from the log, from the files to the alerts: the exporter's own series through the rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import catalogue
from exporter.catalogue import ALERTS, COLUMN, WINDOW, Metric
from exporter.cli import main
from exporter.spec.loading import load_all
from fraud_log import FraudLog, local_spec_document
from promtool import rules_of, series, whole_verdict

pytestmark = pytest.mark.e2e

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
HOURS, DRIFTS, VANISHES = 8, 2, 5
"""The hours of the log; the first in which the balance drifts; the first in which it is gone."""
READ = {alert.metric for alert in ALERTS} | {alert.metric.threshold() for alert in ALERTS}

Series = dict[str, dict[int, float]]
"""The values of each series by hour."""


def exposed(folder: Path, now: datetime, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The series that alerts read, as `leeway-exporter --once` writes them."""
    flags = [f"--config.file={folder / 'models'}", f"--storage.path={folder / 'data'}"]
    assert main([*flags, "--once", f"--now={now:%Y-%m-%dT%H:%M:%SZ}"]) == 0
    metrics = {metric.name: metric for metric in READ}
    return {
        series(metrics[sample.name], dict(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(capsys.readouterr().out)
        for sample in family.samples
        if sample.name in metrics
    }


@pytest.fixture
def values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Series:
    """What the exporter exposes each hour of a log whose balance drifts and then vanishes."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "fraud.yaml").write_text(json.dumps(local_spec_document()))
    log = FraudLog.in_folder(folder, NOW + HOURS * HOUR)
    log.put_all(0)
    found: Series = {}
    for hour in range(HOURS):
        balance = log.rows(1000 + HOURS - hour)["credit_balance"].to_numpy() * (10 if hour >= DRIFTS else 1)
        log.put_hour(HOURS - 1 - hour, credit_balance=None if hour >= VANISHES else balance)
        for name, value in exposed(tmp_path, NOW + (hour + 1) * HOUR, capsys).items():
            found.setdefault(name, {})[hour] = value
    return found


def test_the_readable_share_falls_with_each_hour_that_lacks_the_column(values: Series) -> None:
    column = f'{COLUMN}="credit_balance"'
    of_hour = [1.0] * VANISHES + [0.0] * (HOURS - VANISHES)
    of_day = [1.0] * VANISHES + [VANISHES / (hour + 1) for hour in range(VANISHES, HOURS)]
    assert by_hour(values, catalogue.COLUMN_READABLE_RATIO, column, '="1h"') == of_hour
    assert by_hour(values, catalogue.COLUMN_READABLE_RATIO, column, '="24h"') == of_day
    # One of five features of equal importance is lost.
    features = [1.0] * VANISHES + [0.8] * (HOURS - VANISHES)
    assert by_hour(values, catalogue.DATA_READABLE_RATIO, catalogue.FEATURES, '="1h"') == features
    # It has drifted since hour 2, and it counts as drifted when it is lost.
    drifted = [0.0] * DRIFTS + [0.2] * (HOURS - DRIFTS)
    assert by_hour(values, catalogue.DATA_DRIFT_SHARE, '="1h"') == drifted


def test_an_alert_on_drift_hands_over_to_the_alert_on_the_lost_column(values: Series, tmp_path: Path) -> None:
    drift, lost = DRIFTS * 60, VANISHES * 60
    # Drift waits 12 minutes, here 15, and fires on for 15 after its last value; the lost column waits for 10.
    expected = {catalogue.FEATURE_DRIFT_HIGH: (drift + 15, lost + 15), catalogue.COLUMN_UNREADABLE: (lost + 10, 10**9)}
    expected[catalogue.FEATURE_BROKEN_ALERT] = (drift + 10, lost + 15)  # a factor of 10 is another distribution
    rules = {"groups": [{"name": "all", "rules": list(rules_of(load_all([tmp_path / "models"])[0]).values())}]}
    cases = [
        {
            "expr": f'count(ALERTS{{alertstate="firing",alertname="{alert.name}",{WINDOW}="1h"}}) or vector(0)',
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": float(first <= minute < end)}],
        }
        for alert, (first, end) in expected.items()
        for minute in range(0, HOURS * 60, 5)
    ]
    inputs = [{"series": name, "values": written(value)} for name, value in values.items()]
    test = {"interval": "5m", "input_series": inputs, "promql_expr_test": cases}
    holds, output = whole_verdict(rules, {"evaluation_interval": "5m", "tests": [test]}, tmp_path)
    assert holds, output


def by_hour(values: Series, metric: Metric, *texts: str) -> list[float | None]:
    """The values of the one series of a metric that has these texts in its labels."""
    names = [name for name in values if name.startswith(f"{metric.name}{{") and all(text in name for text in texts)]
    [found] = [values[name] for name in names]
    return [found.get(hour) for hour in range(HOURS)]


def written(value: Mapping[int, float]) -> str:
    """The values as promtool reads them: one each five minutes; stale after the hour in which a series ended."""
    return " ".join(f"{value[hour]!r}x11" if hour in value else "stale _x11" for hour in range(HOURS))
