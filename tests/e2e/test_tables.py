"""From rows in BigQuery to a notification: the exporter queries with the real client, and the rows stay there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bigquery_server import BigQueryServer
from exporter import catalogue
from pipeline import Pipeline, running_pipeline
from stack import until
from table_log import TableLog, table_spec_document

pytestmark = pytest.mark.e2e

FEATURES = [
    {"name": "txn_count_7d", "type": "numeric"},
    {"name": "age", "type": "numeric"},
    {"name": "country_code", "type": "categorical"},
]


def test_a_log_in_bigquery_is_watched_and_who_must_know_is_told(
    tmp_path: Path, bigquery_server: BigQueryServer
) -> None:
    log = TableLog(bigquery_server, datetime.now(UTC))
    log.put_reference(2000)
    log.put_hours(0, 1, 2, 3)
    log.put_labels(0, 1, 2, 3)

    def write_spec(**body: Any) -> Path:
        specs = tmp_path / "fraud.yaml"
        specs.write_text(
            yaml.safe_dump(table_spec_document(features=FEATURES, thresholds={"drift_share": 0.5}, **body))
        )
        return specs

    environment = {"BIGQUERY_EMULATOR_HOST": bigquery_server.address}
    with running_pipeline(tmp_path, write_spec, log.now, environment) as pipeline:
        drifted = catalogue.FEATURE_DRIFTED.name
        until(lambda: len(pipeline.query(drifted)) == 6, within=240, what="3 features in 2 windows")
        auroc = until(lambda: _values(pipeline, catalogue.AUROC), within=240, what="the labels")
        assert all(0.5 < value < 1 for value in auroc)
        assert _values(pipeline, catalogue.FEATURE_DRIFTED) == [0] * 6
        assert _values(pipeline, catalogue.WINDOW_ROWS) == [500, 2000]
        assert len(pipeline.query(catalogue.SOURCE_BILLED_BYTES_TOTAL.name)) == 3, "the log, the reference, the labels"
        pipeline.after_evaluations(3)
        assert pipeline.query("ALERTS") == []

        log.put_hours(0, rows=501, txn_count_7d=np.random.default_rng(7).poisson(11, 501))
        until(lambda: pipeline.receiver.received, within=240, what="the ticket")
        pipeline.after_evaluations(3)
        alerts = {
            (path, alert["labels"]["alertname"], alert["labels"].get("feature"))
            for path, sent in pipeline.receiver.received
            for alert in sent["alerts"]
        }
        assert alerts == {("/ticket", catalogue.FEATURE_DRIFT_HIGH.name, "txn_count_7d")}
    texts = [text for text in bigquery_server.statements if "`acme-data.ml.log`" in text]
    assert texts
    assert all("WHERE (`event_time` >= @start0 AND `event_time` < @end0)" in text for text in texts)


def _values(pipeline: Pipeline, metric: catalogue.Metric) -> list[float]:
    return sorted(float(series["value"][1]) for series in pipeline.query(metric.name))
