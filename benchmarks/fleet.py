"""Time of each query of the dashboard of all models, for a hundred models and a month: `python benchmarks/fleet.py`.

A real Prometheus is filled with what two exporters expose and what the recording rules make of it, a sample each five
minutes, for the metrics of the queries over time. The other metrics have their last day.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from dashboards import fleet
from exporter import catalogue
from exporter.catalogue import MODEL, Metric
from exporter.demo.processes import free_port, get

MODELS, DAYS, EVERY = 100, 30, 300
END = 1_790_000_000 // EVERY * EVERY
WIDTH = 1400
"""The pixels of a graph: Grafana asks for a point for each."""
VALUES = {
    "window": ("1h", "24h"),
    "version": ("v3",),
    "slo": ("auroc",),
    "role": ("champion",),
    "segment": ("",),
    "stream": ("inference",),
    "team": ("ml-platform",),
}
SEVERITIES = ("critical", "warning")
LONG = (
    catalogue.DATA_DRIFT_SHARE,
    catalogue.DATA_DRIFT_SHARE_THRESHOLD,
    catalogue.SLO_BURN_RATE,
    catalogue.MODEL_INFO,
    *catalogue.RECORDED,
)
SHORT = (
    catalogue.PREDICTION_MEAN_SHIFT,
    catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD,
    catalogue.SLO_GOOD,
    catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO,
    catalogue.LABEL_COVERAGE_RATIO,
    catalogue.WINDOW_END_TIMESTAMP_SECONDS,
)


def names(metric: Metric) -> Iterator[str]:
    """Yield the series of a metric; a recorded one has no replicas."""
    labels = [label for label in metric.labels if label not in {MODEL, "owner", "task", "spec"}]
    replicas = ("",) if metric in catalogue.RECORDED else ("a", "b")
    for number, replica, values in product(
        range(MODELS), replicas, list(product(*(VALUES.get(label, ("x",)) for label in labels)))
    ):
        given = {MODEL: f"model-{number:03}", "instance": replica, **dict(zip(labels, values, strict=True))}
        yield f"{metric.name}{{{','.join(f'{label}={json.dumps(value)}' for label, value in given.items() if value)}}}"


def exposition(path: Path) -> int:
    """Write the samples and return their number."""
    written = 0
    with path.open("w") as file:
        for metric in (*LONG, *SHORT):
            start = END - (DAYS if metric in LONG else 1) * 86_400
            written += _family(file, metric.name, list(names(metric)), start)
        alerts = [
            f'ALERTS{{alertname="ML{severity}",alertstate="firing",layer="dataset",severity="{severity}",'
            f'team="ml-platform",model="model-{number:03}"}}'
            for number, severity in product(range(0, MODELS, 4), SEVERITIES)
        ]
        written += _family(file, "ALERTS", alerts, END - DAYS * 86_400)
        file.write("# EOF\n")
    return written


def _family(file: Any, name: str, series: list[str], start: int) -> int:
    file.write(f"# TYPE {name} gauge\n")
    moments = range(start, END + 1, EVERY)
    for place, each in enumerate(series):
        file.writelines(f"{each} {1 + math.sin(place + at / 40_000):.4f} {at}\n" for at in moments)
    return len(series) * len(moments)


def chosen(text: str, step: int) -> str:
    """Return a query as Grafana sends it when everything is chosen."""
    every = {MODEL: "(" + "|".join(f"model-{number:03}" for number in range(MODELS)) + ")", "window": ".+"}
    every |= {"state": "0", "__range": f"{DAYS}d", "__interval": f"{step}s", "__rate_interval": f"{4 * step}s"}
    return re.sub(r"\$(\w+)", lambda match: every.get(match[1], match[0]), text)


def processor_seconds(address: str) -> float:
    """Return the time that Prometheus has computed, which other work on the machine does not lengthen."""
    with urlopen(f"{address}/metrics", timeout=30) as response:  # noqa: S310 - our own server
        text = response.read().decode()
    return float(re.search(r"^process_cpu_seconds_total (\S+)$", text, re.MULTILINE)[1])


def seconds(address: str, target: dict[str, Any], panel: dict[str, Any]) -> tuple[float, float, int]:
    """Return the shortest of three runs of a query, the least time computed for one, and the number of its series."""
    points = panel.get("maxDataPoints") or WIDTH
    least = 86_400 if panel.get("interval") == "1d" else EVERY
    step = max(DAYS * 86_400 // points, least)
    query: dict[str, Any] = {"query": chosen(target["expr"], step), "time": END}
    path = "query"
    if target.get("range", not target.get("instant")):
        path = "query_range"
        query |= {"start": END - DAYS * 86_400, "end": END, "step": step}
    best, least_computed, series = math.inf, math.inf, 0
    for _ in range(3):
        computed, started = processor_seconds(address), time.perf_counter()
        body = urlencode(query).encode()
        with urlopen(f"{address}/api/v1/{path}", body, timeout=120) as response:  # noqa: S310 - our own server
            series = len(json.load(response)["data"]["result"])
        best = min(best, time.perf_counter() - started)
        least_computed = min(least_computed, processor_seconds(address) - computed)
    return best, least_computed, series


def main() -> None:
    """Print the time of each query, the slowest first."""
    with tempfile.TemporaryDirectory(prefix="leeway-") as name:
        folder = Path(name)
        samples = exposition(folder / "past.txt")
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=768h"]
        subprocess.run([*backfill, "past.txt", "data"], cwd=folder, check=True, capture_output=True)
        (folder / "past.txt").unlink()
        (folder / "prometheus.yml").write_text("{}")
        address = f"127.0.0.1:{free_port()}"
        serve = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
        serve += ["--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"]
        with (folder / "log").open("w") as log, subprocess.Popen(serve, cwd=folder, stdout=log, stderr=log) as process:
            try:
                while get(f"http://{address}/-/ready") is None:
                    time.sleep(0.1)
                report(f"http://{address}", samples)
            finally:
                process.terminate()


def report(address: str, samples: int) -> None:
    """Run every query of the dashboard."""
    panels = [panel for panel in fleet.dashboard()["panels"] if panel["type"] != "row"]
    rows = [
        (*seconds(address, target, panel), f"{panel['title']} {target['refId']}")
        for panel in panels
        for target in panel["targets"]
    ]
    print(f"{MODELS} models, {DAYS} days, {samples / 1e6:.1f} million samples")
    print("| query | s | s of a processor | series |\n|---|---:|---:|---:|")
    for elapsed, computed, series, title in sorted(rows, reverse=True):
        print(f"| {title} | {elapsed:.2f} | {computed:.2f} | {series} |")


if __name__ == "__main__":
    main()
