"""A week of the demo's model in Prometheus, from a few refreshes of the real exporter.

The demo's world and spec, with an objective and labels that are mature after two days, so that every panel has data.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from dashboards.panels.queries import ALERTNAME, ALERTS, ALERTSTATE, SEVERITY_RANK
from exporter.catalogue import (
    DATA_DRIFT_SHARE,
    LAYER,
    MODEL,
    RECORDED_BURN_RATE,
    RECORDED_DRIFT,
    RECORDED_SEVERITY,
    SEGMENT,
    SEVERITY,
    SLO_BURN_RATE,
    TEAM,
    WINDOW,
    Metric,
)
from exporter.demo.scenario import SPEC, Size, world
from exporter.demo.simulation import write_log
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.service.refresh import Refresher
from exporter.spec.loading import LoadedSpec, load_all
from exporter.store.profiles import ProfileStore
from stack import backfilled_prometheus

END = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""The end of the newest hour; a Tuesday."""
NOW = END + timedelta(minutes=15)
STORY = timedelta(days=7, hours=12)
"""The time with samples: a week, and a little of the week before it."""
SIZE = Size(rate_per_hour=300, days=9, training_rows=40_000)
EVERY = timedelta(hours=12)
OFTEN = timedelta(hours=3)
"""The time between samples; in the last `EVERY`, in which a feature breaks, there is one every `OFTEN`."""

History = dict[str, dict[datetime, float]]


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's model, and the address of a Prometheus with its samples until `NOW`."""

    loaded: LoadedSpec
    address: str


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Run the Prometheus for the length of the block."""
    loaded = _written(folder)
    flag = f"--query.lookback-delta={int(EVERY.total_seconds()) - 1}s"  # as long as a value is valid between scrapes
    with backfilled_prometheus(folder / "prometheus", _scraped(loaded, folder), flag) as address:
        yield Demo(loaded, address)


def _written(folder: Path) -> LoadedSpec:
    write_log(world(END, SIZE), folder / "log", END - timedelta(days=SIZE.days), END, rows=SIZE.training_rows)
    document = yaml.safe_load(SPEC)
    body: dict[str, Any] = document["spec"]
    body["labels"]["maturity"] = "48h"
    body["thresholds"]["label_coverage"] = 0.5
    body["slos"] = [
        {"name": "ranking", "metric": "auroc", "at_least": 0.7, "objective": 0.9, "period": "7d", "slice": "6h"}
    ]
    body["proxies"] = [{"name": "review_rate", "ratio": {"numerator": "decision", "equals": "review"}}]
    path = folder / "models" / "fraud.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(document))
    (loaded,) = load_all([path])
    return loaded


def _moments() -> Iterator[datetime]:
    at = NOW - STORY
    while at <= NOW:
        yield at
        at += OFTEN if at >= NOW - EVERY else EVERY


def _scraped(loaded: LoadedSpec, folder: Path) -> History:
    """Return the exporter's samples at each moment, and the alerts whose conditions hold then."""
    moment = NOW
    history: History = defaultdict(dict)
    refresher = Refresher([loaded], ProfileStore(folder / "data"), clock=lambda: moment)
    try:
        for moment in _moments():
            refresher.refresh_all()
            assert refresher.snapshot is not None
            for line in refresher.snapshot.text.decode().splitlines():
                if not line.startswith("#"):
                    series, _, value = line.rpartition(" ")
                    history[series][moment] = float(value)
            samples = refresher.states[loaded.spec.name].samples
            for series in _firing(loaded, samples):
                history[series][moment] = 1
            for series, recorded in _recorded(loaded, samples):
                history[series][moment] = recorded
    finally:
        refresher.stop()
    return history


def _firing(loaded: LoadedSpec, samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the alerts as series `ALERTS`, without the wait of a rule's `for`."""
    spec = loaded.spec
    for held in conditions(samples, spec.spec.alert_window_names):
        alert = held.alert
        labels = {
            ALERTNAME: alert.name,
            ALERTSTATE: "firing",
            SEVERITY: alert.severity.value,
            LAYER: alert.layer.value,
            TEAM: spec.metadata.team,
            **spec.metadata.labels,
            **{name: value for name, value in zip(alert.metric.labels, held.labels, strict=True) if value},
        }
        yield f"{ALERTS}{{{','.join(f'{name}={json.dumps(value)}' for name, value in labels.items())}}}"


def _recorded(loaded: LoadedSpec, samples: Sequence[Sample]) -> Iterator[tuple[str, float]]:
    """Yield what the recording rules of all models make of the samples."""
    spec, name = loaded.spec, json.dumps(loaded.spec.name)
    ranks = [SEVERITY_RANK[held.alert.severity] for held in conditions(samples, spec.spec.alert_window_names)]
    yield f"{RECORDED_SEVERITY.name}{{{MODEL}={name}}}", max(ranks, default=0)
    values: dict[Metric, dict[tuple[str, ...], float]] = defaultdict(dict)
    for sample in samples:
        values[sample.metric][sample.labels] = sample.value
    rates = values[SLO_BURN_RATE].values()
    if rates:
        yield f"{RECORDED_BURN_RATE.name}{{{MODEL}={name}}}", max(rates)
    drift: dict[str, list[float]] = defaultdict(list)
    for labels, share in values[DATA_DRIFT_SHARE].items():
        level = values[DATA_DRIFT_SHARE.threshold()].get(labels)
        given = dict(zip(DATA_DRIFT_SHARE.labels, labels, strict=True))
        if level and not given[SEGMENT]:
            drift[given[WINDOW]].append(share / level)
    for window, ratios in drift.items():
        yield f"{RECORDED_DRIFT.name}{{{MODEL}={name},{WINDOW}={json.dumps(window)}}}", max(ratios)
