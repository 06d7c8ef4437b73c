"""From rows in BigQuery to what Prometheus scrapes: the exporter as a process, which asks through the real client."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from bigquery_server import BigQueryServer
from exporter import catalogue
from stack import exporter, get, until
from table_log import TableLog, table_spec_document

pytestmark = pytest.mark.e2e


def _values(target: str, metric: catalogue.Metric) -> dict[str, float]:
    """What the exporter tells of a metric, by labels."""
    told = get(f"http://{target}/metrics") or ""
    return {labels: float(value) for labels, value in re.findall(rf"^{metric.name}{{(.*)}} (\S+)$", told, re.MULTILINE)}


def test_a_log_in_bigquery_is_watched_and_its_rows_stay_there(tmp_path: Path, bigquery_server: BigQueryServer) -> None:
    log = TableLog(bigquery_server, datetime.now(UTC))
    log.put_reference()
    log.put_hours(0, 1, 2, 3)
    log.put_labels(0, 1, 2, 3)
    specs = tmp_path / "fraud.yaml"
    specs.write_text(yaml.safe_dump(table_spec_document()))
    environment = {"BIGQUERY_EMULATOR_HOST": bigquery_server.address}
    now = f"--now={log.now.isoformat()}"
    with exporter(tmp_path / "exporter", specs, now, environment=environment) as (target, _):
        drifted = until(lambda: _values(target, catalogue.FEATURE_DRIFTED), within=240, what="the first refresh")
        assert len(drifted) == 10
        assert set(drifted.values()) == {0}
        rows = _values(target, catalogue.WINDOW_ROWS)
        assert sorted(rows.values()) == [500, 2000]
        auroc = until(lambda: _values(target, catalogue.AUROC), within=240, what="the labels")
        assert all(0.5 < value < 1 for value in auroc.values())
        assert len(_values(target, catalogue.SOURCE_BILLED_BYTES_TOTAL)) == 3, "the log, the reference, the labels"

        log.put_hours(0, rows=501, txn_count_7d=np.random.default_rng(7).poisson(20, 501))
        until(
            lambda: any(
                value == 1 and 'feature="txn_count_7d"' in labels and 'window="1h"' in labels
                for labels, value in _values(target, catalogue.FEATURE_DRIFTED).items()
            ),
            within=240,
            what="the drift of rows that came later",
        )
    texts = [text for text in bigquery_server.statements if "`acme-data.ml.log`" in text]
    assert texts
    assert all("WHERE (`event_time` >= @start0 AND `event_time` < @end0)" in text for text in texts)
