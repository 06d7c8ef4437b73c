"""From rows on S3 to a notification."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from fraud_log import ROWS, FraudLog
from pipeline import Pipeline, running_pipeline
from s3_server import S3Server
from stack import until

pytestmark = pytest.mark.e2e


def test_calm_data_tell_nobody_and_drifted_data_reach_the_right_receiver(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all()
    with running_pipeline(tmp_path, write_spec, fraud_log.now, s3_server.environment()) as stack:
        drifted = catalogue.FEATURE_DRIFTED.name
        until(lambda: len(stack.query(drifted)) == 10, within=60, what="5 features in 2 windows")
        stack.after_evaluations(5)
        assert {series["value"][1] for series in stack.query(drifted)} == {"0"}
        assert stack.query("ALERTS") == []
        assert stack.receiver.received == []
        _check_distribution(stack)

        busier = np.random.default_rng(7).poisson(8, ROWS)
        fraud_log.put_hour(0, txn_count_7d=busier)
        (alert,) = until(lambda: stack.receiver.alerts("/ticket"), within=60, what="the ticket")
        stack.after_evaluations(5)

        assert [path for path, _ in stack.receiver.received if path != "/ticket"] == []
        names = {alert["labels"]["alertname"] for alert in stack.receiver.alerts("/ticket")}
        assert names == {catalogue.FEATURE_DRIFT_HIGH.name}
        _check_alert(alert, stack)


def _check_distribution(stack: Pipeline) -> None:
    """Prometheus reads a gauge histogram in each format of a scrape."""
    buckets, rows, _ = (series.name for series in catalogue.PREDICTION_SCORE.series)
    for query in (f'{rows}{{window="1h"}}', f'{buckets}{{window="1h",le="+Inf"}}'):
        assert [series["value"][1] for series in stack.query(query)] == [str(ROWS)]
    (median,) = stack.query(f'histogram_quantile(0.5, {buckets}{{window="1h"}})')
    assert 0 < float(median["value"][1]) < 0.1


def _check_alert(alert: dict[str, Any], stack: Pipeline) -> None:
    labels, annotations = alert["labels"], alert["annotations"]
    expected = {
        "alertname": catalogue.FEATURE_DRIFT_HIGH.name,
        "model": "fraud",
        "feature": "txn_count_7d",
        "version": "v3",
        "window": "1h",
        "team": "ml-platform",
        "severity": "warning",
        "env": "prod",
    }
    assert expected.items() <= labels.items()
    psi = catalogue.FEATURE_PSI.name + '{feature="txn_count_7d",window="1h"}'
    ((_, value),) = [series["value"] for series in stack.query(psi)]
    assert "txn_count_7d" in annotations["summary"] + annotations["description"]
    assert f"{float(value):.3g}" in annotations["description"]
    assert annotations["runbook_url"] == f"https://runbooks.example.com/ml/{catalogue.FEATURE_DRIFT_HIGH.name}"
    assert annotations["dashboard_url"].startswith("https://grafana.example.com/d/")


def test_two_drifted_features_are_a_page_and_only_a_page(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all()
    generator = np.random.default_rng(8)
    fraud_log.put_hour(0, txn_count_7d=generator.poisson(8, ROWS), age=generator.normal(60, 12, ROWS))
    with running_pipeline(tmp_path, write_spec, fraud_log.now, s3_server.environment()) as stack:
        (alert,) = until(lambda: stack.receiver.alerts("/page"), within=60, what="the page")
        firing = catalogue.FEATURE_DRIFT_HIGH.name
        until(
            lambda: stack.query(f'ALERTS{{alertname="{firing}",alertstate="firing"}}'),
            within=30,
            what="the feature alerts, which the page stands for",
        )
        stack.after_evaluations(5)
        assert alert["labels"]["alertname"] == catalogue.DATA_DRIFT_HIGH.name
        assert [path for path, _ in stack.receiver.received if path != "/page"] == []
