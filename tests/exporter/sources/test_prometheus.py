"""Queries of Prometheus: a real server for values, a stub for errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from exporter.errors import SourceError, SourceUnavailable
from exporter.sources.prometheus import Limits, Prometheus
from stack import backfilled_prometheus

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUICK = Limits(connect_timeout=1, read_timeout=10, attempts=2, pause=0.01)

Response = tuple[int, dict[str, Any] | bytes]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a Prometheus with a day of two series, one of which has a gap of three hours."""
    samples = {f'views{{region="{region}"}}': {} for region in ("eu", "us")}
    for minute in range(0, 24 * 60 + 1, 5):
        at = START + minute * timedelta(minutes=1)
        samples['views{region="us"}'][at] = minute / 60
        if not 6 * 60 < minute < 9 * 60:
            samples['views{region="eu"}'][at] = 2.0
    with backfilled_prometheus(tmp_path_factory.mktemp("prometheus"), samples) as running:
        yield running


@pytest.mark.e2e
class TestValues:
    def test_values_are_those_at_each_instant(self, address: str) -> None:
        values = Prometheus(address).values('views{region="us"}', START + HOUR, HOUR, 3)
        assert values.tolist() == [1, 2, 3]

    def test_gaps_where_there_is_no_sample(self, address: str) -> None:
        values = Prometheus(address).values('views{region="eu"}', START + 5 * HOUR, HOUR, 6)
        np.testing.assert_array_equal(values, [2, 2, np.nan, np.nan, 2, 2])

    def test_only_gaps_without_a_series(self, address: str) -> None:
        assert np.isnan(Prometheus(address).values("orders", START, HOUR, 4)).all()

    @pytest.mark.parametrize(("expression", "value"), [("7", 7), ("sum(views) / 2", 1.5), ("scalar(sum(views))", 3)])
    def test_scalars_and_sums(self, address: str, expression: str, value: float) -> None:
        assert Prometheus(address).values(expression, START + HOUR, HOUR, 1).tolist() == [value]

    def test_values_that_are_not_finite_are_gaps(self, address: str) -> None:
        assert np.isnan(Prometheus(address).values("sum(views) / 0", START + HOUR, HOUR, 2)).all()

    def test_several_series_are_an_error(self, address: str) -> None:
        with pytest.raises(SourceError, match="has 2 series: aggregate it to one") as caught:
            Prometheus(address).values("views", START, HOUR, 1)
        assert not isinstance(caught.value, SourceUnavailable)

    @pytest.mark.parametrize("expression", ["sum(views", "views & 1", 'views"}; drop'])
    def test_an_expression_that_does_not_parse_is_an_error_with_the_reason(self, address: str, expression: str) -> None:
        with pytest.raises(SourceError, match=r"rejects the expression: .*parse error") as caught:
            Prometheus(address).values(expression, START, HOUR, 1)
        assert not isinstance(caught.value, SourceUnavailable)


# ------------------------------------------------------------------------------------------------ what goes wrong


@contextmanager
def serving(*responses: Response) -> Iterator[tuple[str, list[tuple[dict[str, str], dict[str, list[str]]]]]]:
    """Yield the address of a server with these responses in turn, the last one for ever, and its requests."""
    requests: list[tuple[dict[str, str], dict[str, list[str]]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, message = responses[min(len(requests), len(responses) - 1)]
            requests.append((dict(self.headers), parse_qs(form)))
            body = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def matrix(*values: str) -> dict[str, Any]:
    points = [[START.timestamp() + place * 3600, value] for place, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}}


def query(url: str, credentials: Path | None = None, limits: Limits = QUICK) -> list[float]:
    return Prometheus(url, credentials, limits).values('up{job="x"} > 0', START, HOUR, 2).tolist()


def test_the_expression_is_sent_unchanged_as_one_field() -> None:
    with serving((200, matrix("1", "2"))) as (url, requests):
        assert query(f"{url}/prefix") == [1, 2]
    ((headers, form),) = requests
    assert form["query"] == ['up{job="x"} > 0']
    assert [float(form[name][0]) for name in ("start", "end", "step")] == [
        START.timestamp(),
        START.timestamp() + 3600,
        3600,
    ]
    assert "Authorization" not in headers


def test_a_busy_server_is_retried() -> None:
    with serving((503, {"status": "error", "error": "busy"}), (200, matrix("1", "2"))) as (url, requests):
        assert query(url) == [1, 2]
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("response", "message", "times"),
    [
        ((503, {"status": "error", "error": "query timed out"}), "responds with 503: query timed out", 2),
        ((401, b"no"), "responds with 401: check prometheus.credentials_file", 1),
        ((404, b"<html>"), "responds with 404", 1),
        ((302, b""), "responds with 302", 1),
        ((200, b"<html>"), "is not that of Prometheus' HTTP API", 1),
        ((200, {"status": "success", "data": {"result": [{"values": [[1, "x"]]}]}}), "is not that of Prometheus", 1),
    ],
)
def test_an_error_response_is_unavailable_with_its_reason(response: Response, message: str, times: int) -> None:
    with serving(response) as (url, requests), pytest.raises(SourceUnavailable, match=message):
        query(url)
    assert len(requests) == times


def test_an_endless_response_is_an_error() -> None:
    with serving((200, b" " * (17 * 2**20))) as (url, _), pytest.raises(SourceError, match="larger than 16 MiB"):
        query(url, limits=Limits())


def test_a_slow_response_is_an_error() -> None:
    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b" ")
                    gone.wait(0.01)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    gone = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(SourceUnavailable, match=r"takes longer than 0.2 s"):
            query(f"http://127.0.0.1:{server.server_port}", limits=QUICK._replace(response_timeout=0.2))
    finally:
        server.shutdown()
        server.server_close()


def test_refused_connections_and_silence_are_unavailable(free_socket: Callable[[], str]) -> None:
    with pytest.raises(SourceUnavailable, match=r"does not answer: .*refused"):
        query("http://127.0.0.1:1")
    with pytest.raises(SourceUnavailable, match=r"does not answer: .*timed out"):
        query(free_socket(), limits=QUICK._replace(read_timeout=0.1))


@pytest.fixture
def free_socket() -> Iterator[Callable[[], str]]:
    """Return the address of a socket that accepts connections and sends nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield lambda: f"http://127.0.0.1:{server.getsockname()[1]}"


def test_the_token_is_read_for_each_query(tmp_path: Path) -> None:
    token = tmp_path / "token"
    with serving((200, matrix("1", "2"))) as (url, requests):
        for text in ("first\n", "second"):
            token.write_text(text)
            query(url, token)
    assert [headers["Authorization"] for headers, _ in requests] == ["Bearer first", "Bearer second"]
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        query("http://127.0.0.1:1", tmp_path / "none")


def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving((200, matrix("3", "4"))) as (url, requests):
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("no_proxy", "")
        assert query("http://prometheus.invalid:9090") == [3, 4]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert query(url) == [3, 4]
    assert len(requests) == 2
