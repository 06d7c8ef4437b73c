"""Real servers for end-to-end tests: Prometheus, Alertmanager, the exporter, and a receiver of webhooks.

Everything listens on loopback and free ports, is polled until it is ready, and is ended by its process id.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from exporter.demo.processes import free_port, get

T = TypeVar("T")


def until(poll: Callable[[], T | None], *, within: float, what: str) -> T:
    """Poll until a value is neither None, False nor empty, and return it; an assertion error when it takes too long."""
    end = time.monotonic() + within
    while True:
        value = poll()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {within} s for {what}; the last value was {value!r}")
        time.sleep(0.05)


def get_json(url: str) -> Any:
    """Return the JSON at an address, or None while there is no response."""
    body = get(url)
    return None if body is None else json.loads(body)


@contextmanager
def process(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the length of the block; its output goes to `log`."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def prometheus(
    folder: Path, scrape: str, alertmanager: str, rules: Path, job: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Run a Prometheus that scrapes `scrape` (host:port) each second and sends to `alertmanager`; yield its address.

    `job` are more keys of its scrape job, such as `tls_config`.
    """
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "leeway", "static_configs": [{"targets": [scrape]}], **(job or {})}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with process(command, folder / "log"):
        address = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{address}/-/ready"), within=30, what=f"Prometheus (log: {folder / 'log'})")
        yield address


@contextmanager
def backfilled_prometheus(folder: Path, samples: Mapping[str, Mapping[datetime, float]], *flags: str) -> Iterator[str]:
    """Run a Prometheus with past samples of some series and no scrapes, with more `flags`; yield its address."""
    port, data = free_port(), folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f"# TYPE {family} unknown\n"
        + "".join(
            f"{series} {value} {at.timestamp()}\n"
            for series, values in samples.items()
            if series.partition("{")[0] == family
            for at, value in values.items()
        )
        for family in dict.fromkeys(series.partition("{")[0] for series in samples)
    )
    (folder / "past.txt").write_text(f"{text}# EOF\n")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=768h"]
    subprocess.run([*backfill, str(folder / "past.txt"), str(data)], check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("{}")
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with process(command, folder / "log"):
        address = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{address}/-/ready"), within=30, what=f"Prometheus (log: {folder / 'log'})")
        yield address


@contextmanager
def alertmanager(folder: Path, config: Path) -> Iterator[str]:
    """Run Alertmanager with a configuration file; yield its host:port."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    assert program, "Alertmanager is not installed; `make tools` installs it"
    command = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with process(command, folder / "log"):
        until(lambda: get(f"http://127.0.0.1:{port}/-/ready"), within=30, what=f"Alertmanager ({folder / 'log'})")
        yield f"127.0.0.1:{port}"


@contextmanager
def exporter(
    folder: Path, specs: Path, *flags: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the exporter as a process until it listens; yield its host:port, and the process."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "exporter.cli",
        f"--config.file={specs}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with process(command, folder / "log", environment) as running:
        until(lambda: get(f"http://127.0.0.1:{port}/-/healthy"), within=30, what=f"the exporter ({folder / 'log'})")
        yield f"127.0.0.1:{port}", running


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # Alertmanager flushes many groups at once


class Loopback:
    """An HTTP server on loopback that serves pages and takes posts for the length of a block."""

    content_type = "application/json"
    status: int = 200
    """Of the response to a POST."""
    response_headers: Mapping[str, str] = MappingProxyType({})
    response: str = "ok"
    """What Slack answers, and Alertmanager since 0.27 insists on."""

    def __init__(self) -> None:
        page, posted, content_type = self.page, self.posted, self.content_type
        status, headers, response = self.status, self.response_headers, self.response.encode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted(self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.end_headers()
                self.wfile.write(page(self.path).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Log nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def target(self) -> str:
        """Its host:port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def address(self) -> str:
        """The address for GET and POST."""
        return f"http://{self.target}"

    def page(self, path: str) -> str:
        """Return the page for a GET."""
        return "null"

    def posted(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Handle a POST; this class ignores it."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Receiver(Loopback):
    """A server that stores the JSON posted to it, by path."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[Mapping[str, str]] = []
        super().__init__()

    def posted(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Store the JSON."""
        self.headers.append(headers)
        self.received.append((path, json.loads(body)))

    def alerts(self, path: str, status: str = "firing") -> list[dict[str, Any]]:
        """Return every alert with a status that was posted to a path, in the order of arrival."""
        return [
            alert for at, body in self.received if at == path for alert in body["alerts"] if alert["status"] == status
        ]
