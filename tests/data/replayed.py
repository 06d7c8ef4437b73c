"""A small fraud model's log of two days, and a replayer for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from exporter.backtest.firing import AlertTiming
from exporter.backtest.replaying import Replayer
from exporter.samples.judgements import JUDGED
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, local_spec_document

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
PERIOD = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
"""The second day; its longest windows start on the first."""
RAISED = range(10, 13)
"""Hours of that day with too high an age."""
ALERT_TIMINGS = {alert.name: AlertTiming(timedelta(minutes=10), timedelta(minutes=15)) for alert in JUDGED}


def write_log(folder: Path) -> None:
    """Write two days and the reference."""
    log = FraudLog.in_folder(folder, NOW)
    log.put_all(48)
    for hour in RAISED:
        hours_ago = 23 - hour
        age = log.rows(1000 + hours_ago)["age"].to_numpy()
        log.put_hour(hours_ago, age=age + 20)


def loaded(folder: Path, **body: Any) -> LoadedSpec:
    """Return the spec of that log with some keys replaced."""
    document = local_spec_document(**{"windows": ["1h", "4h"], "alerting": {"windows": ["1h"]}, **body})
    return LoadedSpec(folder / "fraud.yaml", ModelSpec.model_validate(document))


def replayer(folder: Path, **body: Any) -> Replayer:
    """Return a replayer of the second day."""
    store = ProfileStore(folder / "replayed", forgets=False)
    return Replayer.of(loaded(folder, **body), PERIOD, store, ALERT_TIMINGS)
