"""Every endpoint, over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from exporter import catalogue
from exporter.errors import Problem, SpecError
from exporter.service import server
from exporter.service.refresh import Refresher
from exporter.service.server import application, listen, serve, signals_before_serving
from exporter.service.web.security import Security
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import FraudLog, local_spec_document
from stack import exporter, get, until

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


@pytest.fixture
def refresher(tmp_path: Path) -> Iterator[Refresher]:
    FraudLog.in_folder(tmp_path, NOW).put_all(1)
    spec = ModelSpec.model_validate(local_spec_document(windows=["1h"]))
    made = Refresher([LoadedSpec(tmp_path / "f.yaml", spec)], ProfileStore(tmp_path / "store"), clock=lambda: NOW)
    yield made
    made.stop()


def _nothing() -> None:
    """A reload that succeeds."""


@pytest.fixture
def client(refresher: Refresher) -> Iterator[TestClient]:
    with TestClient(application(refresher, _nothing)) as client:
        yield client


def test_metrics_and_readiness_wait_for_the_first_refresh(client: TestClient, refresher: Refresher) -> None:
    assert client.get("/-/healthy").status_code == 200
    assert client.get("/-/ready").status_code == 503
    assert client.get("/metrics").status_code == 503
    refresher.refresh_all()
    assert client.get("/-/ready").status_code == 200
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;q=0.5,text/plain", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;q=0", "text/plain; version=0.0.4"),
    ],
)
def test_metrics_have_the_format_that_the_scraper_accepts(
    client: TestClient, refresher: Refresher, accept: str, content_type: str
) -> None:
    refresher.refresh_all()
    response = client.get("/metrics", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith(content_type)
    assert f"\n{catalogue.FEATURE_PSI.name}{{" in response.text


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.8", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0.1, identity", False),
        ("", False),
    ],
)
def test_metrics_are_compressed_for_clients_that_accept_it(
    client: TestClient, refresher: Refresher, accepted: str, *, compressed: bool
) -> None:
    refresher.refresh_all()
    with client.stream("GET", "/metrics", headers={"Accept-Encoding": accepted}) as response:
        body = b"".join(response.iter_raw())
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed
    assert catalogue.FEATURE_PSI.name in (gzip.decompress(body) if compressed else body).decode()


def test_the_response_to_a_failed_reload_has_no_paths(refresher: Refresher) -> None:
    def refuse() -> None:
        raise SpecError((Problem("/etc/leeway/fraud.yaml", 3, "spec.task", "is missing"),))

    with TestClient(application(refresher, refuse)) as client:
        response = client.post("/-/reload")
        assert response.status_code == 500
        assert response.text == "The new specs have mistakes: see the log and the page at /.\n"


def test_reload_is_posted(client: TestClient) -> None:
    assert client.get("/-/reload").status_code == 405
    assert client.post("/-/reload").status_code == 200


def test_reloads_by_peers_are_off_unless_the_lifecycle_is_enabled(refresher: Refresher) -> None:
    with TestClient(application(refresher)) as client:
        response = client.post("/-/reload")
    assert response.status_code == 403
    assert "--web.enable-lifecycle" in response.text


def test_one_reload_runs_at_a_time_and_the_next_waits(refresher: Refresher) -> None:
    begun, released, count = threading.Event(), threading.Event(), []

    def slow() -> None:
        count.append(1)
        begun.set()
        released.wait(10)

    with TestClient(application(refresher, slow)) as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/-/reload")
        assert begun.wait(10)
        second = client.post("/-/reload")
        time.sleep(0.1)
        released.set()
        assert first.result().status_code == 200
        third = client.post("/-/reload")
    assert [second.status_code, third.status_code] == [429, 429]
    assert int(third.headers["Retry-After"]) >= 1
    assert len(count) == 1


def test_health_follows_the_loop(client: TestClient, refresher: Refresher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresher, "_last_iteration", time.monotonic() - 59)
    assert client.get("/-/healthy").status_code == 200
    monkeypatch.setattr(refresher, "_last_iteration", time.monotonic() - 61)
    assert client.get("/-/healthy").status_code == 503
    assert client.get("/-/ready").status_code == 503


def test_the_metrics_have_the_path_that_is_given(refresher: Refresher) -> None:
    with TestClient(application(refresher, telemetry_path="/probe")) as client:
        refresher.refresh_all()
        assert client.get("/probe").status_code == 200
        assert client.get("/metrics").status_code == 404
        assert '<a href="probe">' in client.get("/").text


def test_the_page_shows_the_model(client: TestClient, refresher: Refresher) -> None:
    assert "The first refresh is running." in client.get("/").text
    refresher.refresh_all()
    page = client.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<h2>fraud</h2>" in page.text
    assert "2,000" in page.text


@pytest.mark.parametrize("address", ["", "9877", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"])
def test_a_wrong_address_is_an_error(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        listen(address)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", ":0"])
def test_port_zero_is_any_free_port(address: str) -> None:
    (bound,) = listen(address)
    with bound:
        port = bound.getsockname()[1]
        assert port
        socket.create_connection(("127.0.0.1", port), 5).close()


@pytest.fixture
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_signals_before_serving_end_with_0_or_reload_later(
    refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def live(app: Starlette) -> None:
        async with app.router.lifespan_context(app):
            pass

    monkeypatch.setattr(server, "run", lambda app, *_: asyncio.run(live(app)))
    for early in (False, True):
        hung_up, reloads = signals_before_serving(), list[bool]()
        if early:
            signal.raise_signal(signal.SIGHUP)
        serve(refresher, [], partial(reloads.append, early), Security(), hung_up=hung_up)
        signal.raise_signal(signal.SIGHUP)  # after serving it changes nothing
        assert reloads == [True] * early
    signals_before_serving()
    for number in (signal.SIGTERM, signal.SIGINT):
        with pytest.raises(SystemExit, match="0"):
            signal.raise_signal(number)


@pytest.mark.e2e
def test_a_process_survives_silent_peers_reloads_on_a_signal_and_exits_with_0(
    tmp_path: Path, write_local_spec: Callable[..., Path]
) -> None:
    FraudLog.in_folder(tmp_path / "models", NOW).put_all(1)
    specs = write_local_spec(windows=["1h"])
    now = f"--now={NOW.isoformat()}"
    with exporter(tmp_path / "exporter", specs, now, "--web.enable-lifecycle") as (address, running):
        metrics = f"http://{address}/metrics"
        until(lambda: get(f"http://{address}/-/ready"), within=30, what="readiness")
        loaded = f"{catalogue.SPEC_RELOAD_SUCCESS.name} "
        assert f"{loaded}1.0" in (get(metrics) or "")

        good = specs.read_text()
        specs.write_text("kind: Nonsense")
        os.kill(running.pid, signal.SIGHUP)
        until(lambda: f"{loaded}0.0" in (get(metrics) or ""), within=10, what="the refusal")
        assert catalogue.FEATURE_PSI.name in (get(metrics) or "")
        assert httpx.post(f"http://{address}/-/reload").status_code == 500

        specs.write_text(good)
        host, _, port = address.partition(":")
        for body in (b"2\r\n{}\r\nzz\r\n", b"2\r\n{", b"ffff\r\n" + b"x" * 0xFFFF + b"\r\nff\r\n" + b"x" * 0xFF):
            with socket.create_connection((host, int(port)), 10) as peer:
                peer.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
                peer.shutdown(socket.SHUT_WR)
                assert peer.recv(100)[9:12] in (b"400", b"413", b"")
        assert f"{loaded}0.0" in (get(metrics) or "")
        until(lambda: httpx.post(f"http://{address}/-/reload").status_code == 200, within=10, what="no 429")
        until(lambda: f"{loaded}1.0" in (get(metrics) or ""), within=10, what="the reload")

        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (300, 300))
        with ExitStack() as silent:
            for _ in range(400):
                silent.enter_context(socket.create_connection((host, int(port)), 10))
            assert catalogue.FEATURE_PSI.name in (get(metrics) or "")
        assert httpx.post(f"http://{address}/-/reload").status_code in (200, 429)
        refreshed = f'{catalogue.REFRESH_IN_PROGRESS.name}{{env="prod",model="fraud"}} 0.0'
        until(lambda: refreshed in (get(metrics) or ""), within=10, what="the end of refreshes")
        assert f"{catalogue.LOOP_ERRORS_TOTAL.name} 0.0" in (get(metrics) or "")

        running.terminate()
        os.kill(running.pid, signal.SIGHUP)
        assert running.wait(10) == 0
