"""Every query of a dashboard, run on a real Prometheus with two replicas, two versions and a dozen features."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from exporter.catalogue import (
    ALERTS,
    FEATURE,
    HOOK_METRICS,
    INFERENCE,
    METRICS,
    PROXY,
    ROLE,
    SEGMENT,
    SLO,
    STREAM,
    VERSION,
    Metric,
)

pytestmark = pytest.mark.e2e

START = 1_600_000_000
END = START + 3600
WEEK = 7 * 24 * 3600
MOMENTS = (*range(START - WEEK, END - WEEK + 1, 240), *range(START, END + 1, 60))
"""An hour, and the same hour a week before in longer steps."""
VALUES = {
    VERSION: ("1", "2"),
    FEATURE: tuple(f"f{number}" for number in range(12)),
    STREAM: (INFERENCE, "labels"),
    ROLE: ("champion",),
    SEGMENT: ("", "country_code=US"),
    PROXY: ("review_rate",),
    SLO: ("ranking",),
    "window": ("1h", "24h"),
    "model": ("fraud",),
    "instance": ("a", "b"),
}


def exposition() -> Iterator[str]:
    for metric in (*METRICS, *HOOK_METRICS):
        yield f"# TYPE {metric.name.removesuffix('_total')} {metric.kind}"
        for part in metric.series:
            yield from samples(part)
    yield "# TYPE ALERTS gauge"
    for alert, moment in product(ALERTS, range(START, END + 1, 60)):
        labels = {"alertname": alert.name, "severity": alert.severity, "alertstate": "firing", "model": "fraud"}
        yield sample("ALERTS", labels | {"env": "prod"}, 1, moment)
    yield "# TYPE ALERTS_FOR_STATE gauge"
    for alert, moment in product(ALERTS, range(START, END + 1, 60)):
        labels = {"alertname": alert.name, "severity": alert.severity, "model": "fraud", "env": "prod"}
        yield sample("ALERTS_FOR_STATE", labels, START, moment)
    yield "# EOF\n"


def samples(metric: Metric) -> Iterator[str]:
    names = (*metric.labels, "instance")
    for values in product(*(VALUES.get(name, ("x",)) for name in names)):
        for moment in MOMENTS:
            labels = dict(zip(names, values, strict=True)) | {"env": "prod", "job": "leeway"}
            yield sample(metric.name, labels, (moment - START) / 60 + 1, moment)


def sample(name: str, labels: dict[str, str], value: float, moment: int) -> str:
    matched = ",".join(f'{label}="{text}"' for label, text in labels.items() if text)
    return f"{name}{{{matched}}} {value} {moment}"


RunQuery = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def run_query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunQuery]:
    """Run a query on a Prometheus that has an hour of every metric."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples").write_text("\n".join(exposition()))
    (folder / "prometheus.yml").write_text("{}")
    load = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=768h", "samples", "data"]
    subprocess.run(load, cwd=folder, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    serve = ["prometheus", f"--web.listen-address={address}", "--storage.tsdb.path=data"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([*serve, "--storage.tsdb.retention.time=10y"], cwd=folder, stdout=log, stderr=log) as process,
    ):
        try:
            _until_ready(address, folder / "log")
            yield lambda path, **query: json.load(_get(address, f"/api/v1/{path}?{urlencode(query)}"))["data"]["result"]
        finally:
            process.terminate()


def _get(address: str, path: str) -> Any:
    return urlopen(f"http://{address}{path}", timeout=30)


def _until_ready(address: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            _get(address, "/-/ready").close()
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    pytest.fail(log.read_text())


def test_every_panel_has_data(
    dashboard: dict[str, Any],
    every_panel: Callable[[Any], list[dict[str, Any]]],
    interpolate: Callable[[str], str],
    run_query: RunQuery,
) -> None:
    for target in (target for panel in every_panel(dashboard) for target in panel["targets"]):
        expression = interpolate(target["expr"])
        if not target.get("instant"):
            result = run_query("query_range", query=expression, start=START, end=END, step=60)
        else:
            result = run_query("query", query=expression, time=END)
        assert result, expression


def test_the_shown_features_do_not_change_over_time(
    dashboard: dict[str, Any],
    every_panel: Callable[[Any], list[dict[str, Any]]],
    interpolate: Callable[[str], str],
    run_query: RunQuery,
) -> None:
    """The ten worst features of the whole time, each with its whole line; not the ten worst at each time."""
    [psi] = [panel for panel in every_panel(dashboard) if panel["title"] == "PSI / threshold by feature"]
    for target in psi["targets"]:
        lines = run_query("query_range", query=interpolate(target["expr"]), start=START, end=END, step=60)
        assert len(lines) == 10
        assert {len(line["values"]) for line in lines} == {61}
        assert all(math.isfinite(float(value)) for line in lines for _, value in line["values"])


def test_the_alerts_are_annotations(dashboard: dict[str, Any], run_query: RunQuery) -> None:
    alerts = next(each for each in dashboard["annotations"]["list"] if each["name"] == "Alerts")
    lines = run_query("query_range", query=alerts["expr"], start=START, end=END, step=60)
    assert {line["metric"]["alertname"] for line in lines} == {alert.name for alert in ALERTS}
