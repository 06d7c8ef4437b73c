from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.demo.processes import free_port
from exporter.errors import SourceUnavailable
from exporter.retraining.prometheus import query_value


class Answering(BaseHTTPRequestHandler):
    answer: Any = None
    queries: list[str]

    def do_GET(self) -> None:
        type(self).queries = parse_qs(urlsplit(self.path).query)["query"]
        status, body = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def vector(*values: str) -> tuple[int, bytes]:
    result = [{"metric": {}, "value": [1.5, value]} for value in values]
    return 200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


@pytest.mark.parametrize(("answer", "value"), [(vector("0.91"), 0.91), (vector(), None), (vector("NaN"), None)])
def test_a_query_has_a_value_or_none(address: str, answer: Any, value: float | None) -> None:
    Answering.answer = answer
    assert query_value(f"{address}/", 'max(up{job="a b"})') == value
    assert Answering.queries == ['max(up{job="a b"})']


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (422, b'{"status":"error"}'), (200, b"<html>"), (200, b"{}"), vector("many"), (200, b"[" * 100_000)],
)
def test_an_invalid_answer_is_reported(address: str, answer: Any) -> None:
    Answering.answer = answer
    with pytest.raises(SourceUnavailable, match="Prometheus at http"):
        query_value(address, "up")


def test_an_unreachable_prometheus_is_reported() -> None:
    with pytest.raises(SourceUnavailable, match="refused"):
        query_value(f"http://127.0.0.1:{free_port()}", "up")
