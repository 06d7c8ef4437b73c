"""An exporter that was killed at any moment restarts with the same numbers and reads only what is new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import catalogue
from fraud_log import ROWS, FraudLog
from s3_server import Hang, S3Server, always
from stack import exporter, until

pytestmark = pytest.mark.e2e

Facts = dict[tuple[str, tuple[tuple[str, str], ...]], float]
HOURS = 24
WEEKS = 3
HOURS_OF_WEEK = 168


def _facts(text: str) -> Facts:
    """Return the samples of the model: all but those of the exporter and its process."""
    about_models = {metric.name for metric in catalogue.METRICS if metric.name.startswith("ml_")}
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in about_models
    }


def _once(specs: Path, store: Path, log: FraudLog, server: S3Server) -> Facts:
    command = [
        sys.executable,
        "-m",
        "exporter.cli",
        f"--config.file={specs}",
        f"--storage.path={store}",
        f"--now={log.now.isoformat()}",
        "--once",
    ]
    result = subprocess.run(
        command, env={**os.environ, **server.environment()}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return _facts(result.stdout)


def _reads(server: S3Server) -> Counter[str]:
    """Return how often each partition's object was requested since the last call."""
    reads = Counter(request.path for request in server.requests if not request.lists and "/inference/" in request.path)
    server.requests.clear()
    return reads


def _reads_of(server: S3Server, key: str) -> int:
    return sum(request.path.endswith(key) for request in server.requests if not request.lists)


def _rows(facts: Facts, window: str, metric: catalogue.Metric = catalogue.WINDOW_ROWS) -> float:
    (value,) = [
        value for (name, labels), value in facts.items() if name == metric.name and ("window", window) in labels
    ]
    return value


def _put_past(log: FraudLog) -> set[str]:
    """Store the newest hour of past weeks, without drift, and return the objects' paths."""
    hours = [week * HOURS_OF_WEEK for week in range(1, WEEKS + 1)]
    for hours_ago in hours:
        log.put_hour(hours_ago)
    return {f"/ml-features/{log.key(hours_ago)}" for hours_ago in hours}


def test_kill_nine_in_the_middle_of_a_refresh_loses_and_repeats_nothing(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all(HOURS)
    past = _put_past(fraud_log)
    specs = write_spec()
    undisturbed = _once(specs, tmp_path / "undisturbed", fraud_log, s3_server)
    assert _rows(undisturbed, "24h") == HOURS * ROWS
    assert _rows(undisturbed, "1h", catalogue.WINDOW_ROWS_REFERENCE) == ROWS
    s3_server.requests.clear()

    kept = HOURS // 2
    stuck = fraud_log.key(hours_ago=HOURS - 1 - kept)
    s3_server.faults = always(Hang(), lambda request: request.path.endswith(stuck))
    store, now = tmp_path / "killed" / "data", f"--now={fraud_log.now.isoformat()}"
    with exporter(tmp_path / "killed", specs, now, environment=s3_server.environment()) as (_, running):
        until(lambda: _reads_of(s3_server, stuck), within=60, what="the partition at which the exporter is killed")
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    s3_server.faults = None
    assert len(list((store / "fraud" / catalogue.INFERENCE).glob("*.arrow"))) == kept
    s3_server.requests.clear()

    assert _once(specs, store, fraud_log, s3_server) == undisturbed
    reads = _reads(s3_server)
    assert len(reads.keys() - past) == HOURS - kept
    assert {path: reads[path] for path in past} == dict.fromkeys(past, 1), "its footer"

    assert _once(specs, store, fraud_log, s3_server) == undisturbed
    assert not _reads(s3_server)


def test_a_rewritten_partition_is_replaced_and_a_late_one_is_counted_once(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all(HOURS - 1)
    specs, store = write_spec(), tmp_path / "store"
    assert _rows(_once(specs, store, fraud_log, s3_server), "24h") == (HOURS - 1) * ROWS
    s3_server.requests.clear()

    fraud_log.put_hour(HOURS - 1)
    assert _rows(_once(specs, store, fraud_log, s3_server), "24h") == HOURS * ROWS
    assert set(_reads(s3_server)) == {f"/ml-features/{fraud_log.key(HOURS - 1)}"}

    fraud_log.put(fraud_log.key(5), fraud_log.rows(77, ROWS // 2))
    facts = _once(specs, store, fraud_log, s3_server)
    assert _rows(facts, "24h") == HOURS * ROWS - ROWS // 2
    assert set(_reads(s3_server)) == {f"/ml-features/{fraud_log.key(5)}"}
    assert facts == _once(specs, tmp_path / "from scratch", fraud_log, s3_server)
