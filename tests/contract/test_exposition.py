"""The exporter exposes exactly the names, kinds and labels of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter import catalogue
from exporter.service.refresh import Refresher
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import ROWS, FraudLog, labelled_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)

EXPOSED = [metric for metric in catalogue.METRICS if metric is not catalogue.SOURCE_BILLED_BYTES_TOTAL]
"""Every metric of a log in files; the costs of tables are measured for tables alone."""
WHOLE = {catalogue.SEGMENT}
"""The labels that series of the whole do not have."""


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Family]:
    """The families of a refresh in which everything happens: past weeks, a new category, a corrupt partition, labels.

    With a role and segments; of a model for each task, since none has all the metrics.
    """
    folder = tmp_path_factory.mktemp("exposition")
    log = FraudLog.in_folder(folder, NOW)
    log.put_all(3)
    log.put_labels(2, arrived_ago=1)
    log.put_labels(0)
    for week in range(1, 4):
        for hour in range(2):
            log.put_hour(week * 168 + hour)
    log.put_hour(0, device_type=np.full(ROWS, "watch"))
    (folder / log.key(1)).write_bytes(b"PAR1 no more")
    slo = {
        "name": "goal",
        "at_least": 0.5,
        "objective": 0.9,
        "slice": "2h",
        "period": "48h",
        "metric": "label_coverage",
    }
    document = labelled_spec_document(
        windows=["1h", "2h"],
        slos=[slo],
        proxies=[{"name": "approval_rate", "ratio": {"numerator": "decision", "equals": "approve"}}],
        segments=["country_code"],
        accepted=[{"feature": "device_type", "since": "2026-11-01", "category": "tv", "why": "it is sold now"}],
        thresholds={"drift_share": 0.9, "prediction_mean_shift": 0.9},
    )
    document["spec"]["inference"]["columns"] |= {"prediction": "decision", "role": "role"}
    document["spec"]["reference"]["columns"] = {"label": "is_fraud"}
    fraud = LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))
    others = [*_others(document, folder), _with_days_of_labels(document, folder, log)]
    refresher = Refresher([fraud, *others], ProfileStore(folder / "store"), clock=lambda: NOW)
    refresher.refresh_all()
    refresher.stop()
    exposition = refresher.exposition(openmetrics=True)
    assert exposition is not None
    families = text_string_to_metric_families(b"".join(exposition[0]).decode())
    return {family.name: family for family in families if not family.name.startswith("process_")}


def _with_days_of_labels(document: dict[str, Any], folder: Path, log: FraudLog) -> LoadedSpec:
    """The same log with a reference whose labels are of two weeks."""
    times = pd.date_range(NOW - timedelta(days=30), periods=5000, freq="4min")
    rows = log.rows(1, 5000, event_time=times, is_fraud=np.arange(5000) % 50 == 0)
    log.put("reference/two_weeks.parquet", rows)
    reference = {
        "source": {"local": "reference/two_weeks.parquet"},
        "columns": {"label": "is_fraud", "timestamp": "event_time"},
    }
    metadata, body = {**document["metadata"], "name": "weeks"}, {**document["spec"], "reference": reference}
    other = {**document, "metadata": metadata, "spec": body}
    return LoadedSpec(folder / "weeks.yaml", ModelSpec.model_validate(other))


def _others(document: dict[str, Any], folder: Path) -> Iterator[LoadedSpec]:
    """The same log as that of other tasks: is it fraud, as a class; how much; which device is relevant."""
    columns = document["spec"]["inference"]["columns"]
    by_task = {
        "regression": columns,
        "multiclass_classification": {
            **columns,
            "prediction": "flagged",
            "scores": {"true": "predicted_score", "false": "genuine_score"},
        },
        "ranking": {**columns, "query": "txn_count_7d"},
    }
    for task, own in by_task.items():
        limits = {"min_rows": 10} if task == "ranking" else {}
        body = {
            **document["spec"],
            "task": task,
            "thresholds": limits,
            "inference": {**document["spec"]["inference"], "columns": own},
        }
        other = {**document, "metadata": {**document["metadata"], "name": task}, "spec": body}
        yield LoadedSpec(folder / f"{task}.yaml", ModelSpec.model_validate(other))


def _family_name(metric: catalogue.Metric) -> str:
    return metric.name.removesuffix("_total")


def test_every_metric_of_the_catalogue_is_exposed_and_no_other(families: dict[str, Family]) -> None:
    assert sorted(families) == sorted(map(_family_name, EXPOSED))


@pytest.mark.parametrize("metric", EXPOSED, ids=lambda metric: metric.key)
def test_a_metric_has_its_kind_help_and_labels(metric: catalogue.Metric, families: dict[str, Family]) -> None:
    family = families[_family_name(metric)]
    assert (family.type, family.documentation) == (metric.kind, metric.help)
    constants = {"env"} if catalogue.MODEL in metric.labels else set()
    series = {part.name: {*part.labels, *constants} for part in metric.series}
    assert {sample.name for sample in family.samples} == series.keys()
    for sample in family.samples:
        assert set(sample.labels) | (WHOLE & series[sample.name]) == series[sample.name]


@pytest.mark.parametrize("metric", [m for m in catalogue.METRICS if m.name.endswith("_threshold")], ids=lambda m: m.key)
def test_a_threshold_has_the_same_labels_as_its_score(metric: catalogue.Metric, families: dict[str, Family]) -> None:
    score = families[metric.name.removesuffix("_threshold")]
    labels = {tuple(sorted(sample.labels.items())) for sample in families[metric.name].samples}
    assert labels == {tuple(sorted(sample.labels.items())) for sample in score.samples}
