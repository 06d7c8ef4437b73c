"""Labels that an engine joins: new labels are counted only where they touch, and give the same as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bigquery_server import BigQueryServer
from exporter import catalogue
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.sources.engine import JOINED_ROWS
from exporter.sources.tables.bigquery import BigQuery
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from table_log import TableLog, table_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
FEATURES = [{"name": "country_code", "type": "categorical"}]


def test_late_labels_that_the_engine_joins_give_the_same_as_rows(
    tmp_path: Path, bigquery_server: BigQueryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = TableLog(bigquery_server, NOW)
    log.put_reference(100)
    log.put_hours(0, 1, 2, rows=50)
    document = table_spec_document(features=FEATURES, segments=["country_code"], windows=["2h"])
    spec = LoadedSpec(tmp_path / "fraud.yaml", ModelSpec.model_validate(document))
    log.put_labels(0, 2, rows=10, arrived_ago=1)
    asking = ModelReader(spec, ProfileStore(tmp_path))
    assert max(one.value for one in asking.read(Attempt(NOW)) if one.metric == catalogue.LABEL_ROWS) == 10
    log.put_labels(1, 2, rows=40)
    bigquery_server.calls.clear()
    told = asking.read(Attempt(NOW))
    joins = [call.query["query"] for call in bigquery_server.calls if JOINED_ROWS in str(call.query) and not call.dry]
    assert ["DISTINCT" in text for text in joins] == [True, False], "which hours labels touch, and what became of these"
    assert asking.read(Attempt(NOW)) == told
    monkeypatch.setattr(BigQuery, "can_join", lambda *_: False)
    read = ModelReader(spec, ProfileStore(tmp_path)).read(Attempt(NOW))
    assert [(one.metric.name, one.labels) for one in told] == [(one.metric.name, one.labels) for one in read]
    assert [one.value for one in told] == pytest.approx([one.value for one in read], rel=1e-9, nan_ok=True)
    assert max(one.value for one in told if one.metric == catalogue.LABEL_ROWS) == 80
